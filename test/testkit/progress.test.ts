import { createProgress } from '../../src/testkit/progress';

describe('progress', () => {
  it('is a bar on a terminal, which overwrites itself', () => {
    const out: string[] = [];
    const tell = createProgress((text) => out.push(text), true);
    tell({ pass: 'perfect', done: 0, of: 2, faulty: 0 });
    tell({ pass: 'perfect', done: 2, of: 2, faulty: 1 });
    expect(out).toEqual([
      `\r\u001b[K${'░'.repeat(30)} perfect: 0 of 2 calls`,
      `\r\u001b[K${'█'.repeat(30)} perfect: 2 of 2 calls, faults in 1\n`,
    ]);
  });

  it('is a line for each quarter elsewhere', () => {
    const out: string[] = [];
    const tell = createProgress((text) => out.push(text), false);
    for (let done = 0; done <= 100; done++) tell({ pass: 'faulty', done, of: 100, faulty: 0 });
    expect(out.map((line) => line.trim())).toEqual([0, 25, 50, 75, 100].map((done) => `faulty: ${done} of 100 calls`));
  });
});
