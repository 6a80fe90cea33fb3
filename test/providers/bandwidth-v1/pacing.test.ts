import { createPacer } from '../../../src/providers/bandwidth-v1/pacing';

const signal = new AbortController().signal;

function pacing() {
  const waits: number[] = [];
  const clock = { now: 10_000 };
  const pacer = createPacer(
    (ms) => ((clock.now += ms), waits.push(ms), Promise.resolve()),
    () => clock.now,
  );
  return { pacer, waits, clock };
}

describe('the pace of new calls', () => {
  it('is free as long as the platform has not complained', async () => {
    const { pacer, waits } = pacing();
    for (let i = 0; i < 100; i++) await pacer.turn('+1', signal);
    pacer.passed('+1');
    await pacer.turn('+1', signal);
    expect(waits).toEqual([]);
  });

  it('is spaced out once it has, each call in its turn', async () => {
    const { pacer, waits } = pacing();
    pacer.tooFast('+1');
    await Promise.all([1, 2, 3].map(() => pacer.turn('+1', signal)));
    expect(waits).toEqual([100, 100, 100]);
  });

  it('moves up when one before gives up, at once', async () => {
    const { pacer, waits } = pacing();
    pacer.tooFast('+1');
    const impatient = new AbortController();
    const turns = [pacer.turn('+1', signal), pacer.turn('+1', impatient.signal), pacer.turn('+1', signal)];
    impatient.abort();
    await expect(turns[1]).rejects.toMatchObject({ code: 'not-wanted' });
    await Promise.all([turns[0], turns[2]]);
    expect(waits).toEqual([100, 100]);
  });

  it('does not wait for a turn that has come', async () => {
    const { pacer, waits, clock } = pacing();
    pacer.tooFast('+1');
    clock.now += 100;
    await pacer.turn('+1', signal);
    expect(waits).toEqual([]);
    await pacer.turn('+1', signal);
    expect(waits).toEqual([100]);
  });

  it('slows down with each complaint, to a call a second', async () => {
    const { pacer, waits, clock } = pacing();
    for (let i = 0; i < 10; i++) pacer.tooFast('+1');
    await pacer.turn('+1', signal);
    await pacer.turn('+1', signal);
    expect(waits).toEqual([1_000, 1_000]);
    clock.now += 60_000;
    await pacer.turn('+1', signal);
    expect(waits).toHaveLength(2);
  });

  it('speeds up with each call that passes, until it is free again', async () => {
    const { pacer, waits } = pacing();
    pacer.tooFast('+1');
    pacer.tooFast('+1'); // 200
    pacer.passed('+1'); // 100
    await pacer.turn('+1', signal);
    await pacer.turn('+1', signal);
    expect(waits).toEqual([100, 100]);
    for (let i = 0; i < 3; i++) pacer.passed('+1');
    await pacer.turn('+1', signal);
    expect(waits).toHaveLength(2);
  });

  it('of one number does not hold up another', async () => {
    const { pacer, waits } = pacing();
    pacer.tooFast('+1');
    await pacer.turn('+2', signal);
    expect(waits).toEqual([]);
  });

  it('lets nobody wait who is not wanted any more', async () => {
    const pacer = createPacer();
    pacer.tooFast('+1');
    await expect(pacer.turn('+1', AbortSignal.abort())).rejects.toMatchObject({ code: 'not-wanted' });
  });
});
