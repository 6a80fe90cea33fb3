/** Timers of the Redis store whose callbacks throw: the error is counted, and the store goes on looking for Redis. */
import { createRefusals } from '../../../src/store/redis/refusals';
import { createStalls } from '../../../src/store/redis/stalls';
import type { Troubles } from '../../../src/store/redis/troubles';
import { createInternalErrors } from '../../../src/support/internal-errors';
import { recordingLog } from '../../helpers/builders';

const TROUBLES: Troubles = { begin: () => undefined, end: () => undefined };

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

it('a server that does not answer is asked again', async () => {
  const errors = createInternalErrors(recordingLog().log);
  const ask = jest.fn((): Promise<unknown> => {
    throw new Error('ask is broken');
  });
  const stalls = createStalls(ask, TROUBLES, errors);
  stalls.begin('reply', 'key', performance.now(), 'no reply');
  await jest.advanceTimersToNextTimerAsync();
  await jest.advanceTimersToNextTimerAsync();
  stalls.close();
  expect([ask.mock.calls.length, errors.total]).toEqual([2, 2]);
});

it('a server that refuses is asked again: by the timer, and by the next refused command', async () => {
  const errors = createInternalErrors(recordingLog().log);
  let broken = true;
  const troubles: Troubles = {
    ...TROUBLES,
    begin() {
      if (broken) throw new Error('begin is broken');
    },
  };
  const ask = jest.fn(() => Promise.resolve('READONLY'));
  const refusals = createRefusals(ask, troubles, errors);
  refusals.suspect('reply', 'key');
  await jest.advanceTimersByTimeAsync(0);
  expect([ask.mock.calls.length, errors.total]).toEqual([1, 1]);
  broken = false;
  refusals.suspect('reply', 'key');
  await jest.advanceTimersByTimeAsync(0);
  broken = true;
  await jest.advanceTimersToNextTimerAsync();
  refusals.close();
  expect([ask.mock.calls.length, errors.total]).toEqual([3, 2]);
});
