import { drawLadder } from '../../src/testkit/ladder';
import type { Entry } from '../../src/testkit/platform/journal';

const entry = (at: number, kind: Entry['kind'], side: Entry['side'], text: string): Entry => ({ at, kind, side, text });

describe('a ladder', () => {
  it('shows messages without ids, and the finding at the end', () => {
    const lines = drawLadder(
      [
        entry(0, 'truth', 'caller', '+1222 dials +1555: caller c-kit1in'),
        entry(2, 'event', 'caller', 'incomingcall caller c-kit1in [delayed 20 ms]'),
        entry(5, 'command', 'callee', 'create-call +1555 -> sip:bob@x.test, tag c-kit1in (POST)'),
        entry(6, 'reply', 'callee', '201 /v1/users/u/calls/c-kit1out1'),
        entry(9, 'event', 'callee', 'answer callee c-kit1out1'),
        entry(10, 'command', 'both', 'bridge c-kit1in + c-kit1out2 (POST)'),
        entry(11, 'reply', 'both', '400 bridge-invalid-state'),
        entry(1_500, 'command', 'caller', 'hang-up caller c-kit1in (POST)'),
      ],
      { at: 2_000, text: 'callee c-kit1out1 is still active' },
    );
    const width = 41;
    const [blank, arrow] = [
      ' '.repeat(width),
      (text: string, before: number, after: number) => `${'─'.repeat(before)} ${text} ${'─'.repeat(after)}`,
    ];
    expect(lines).toEqual([
      `          caller${' '.repeat(36)}app${' '.repeat(39)}callee`,
      `   0.000  │${' · +1222 dials +1555: caller'.padEnd(width)}│${blank}│`,
      `   0.002  │─${arrow('incomingcall [delayed 20 ms]', 4, 5)}▶│${blank}│`,
      `   0.005  │${blank}│─${arrow('create-call to bob', 9, 10)}▶│`,
      `   0.009  │${blank}│◀${arrow('answer', 15, 16)}─│`,
      `   0.010  │${blank}│─${arrow('bridge caller + callee 2', 6, 7)}▶│`,
      `   0.011  │${blank}│◀${arrow('400 bridge-invalid-state', 6, 7)}─│`,
      `   1.500  │◀${arrow('hang-up', 15, 15)}─│${blank}│`,
      '   2.000  !! callee is still active',
    ]);
  });

  it('shortens long labels', () => {
    const [, line] = drawLadder([entry(0, 'event', 'caller', 'x'.repeat(90))]);
    expect(line).toHaveLength(10 + 1 + 41 + 1 + 41 + 1);
    expect(line).toContain('x…');
  });
});
