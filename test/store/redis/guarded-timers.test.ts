/** Timers of the Redis store whose callbacks throw: the error is counted, and the store goes on looking for Redis. */
import { createWriteProbe } from '../../../src/store/redis/write-probe';
import { createReplyTimeouts } from '../../../src/store/redis/reply-timeouts';
import type { OutageLog } from '../../../src/store/redis/outage-log';
import { createInternalErrors } from '../../../src/support/internal-errors';
import { recordingLog } from '../../helpers/builders';

const TROUBLES: OutageLog = { begin: () => undefined, end: () => undefined };

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

it('a server that does not answer is asked again', async () => {
  const errors = createInternalErrors(recordingLog().log);
  const ask = jest.fn((): Promise<unknown> => {
    throw new Error('ask is broken');
  });
  const stalls = createReplyTimeouts(ask, TROUBLES, errors);
  stalls.begin('reply', 'key', performance.now(), 'no reply');
  await jest.advanceTimersToNextTimerAsync();
  await jest.advanceTimersToNextTimerAsync();
  stalls.close();
  expect([ask.mock.calls.length, errors.total]).toEqual([2, 2]);
});

it('a server that refuses is asked again: by the timer, and by the next refused command', async () => {
  const errors = createInternalErrors(recordingLog().log);
  let broken = true;
  const outages: OutageLog = {
    ...TROUBLES,
    begin() {
      if (broken) throw new Error('begin is broken');
    },
  };
  const ask = jest.fn(() => Promise.resolve('READONLY'));
  const refusals = createWriteProbe(ask, outages, errors);
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
