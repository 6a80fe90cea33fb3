import { rethrow } from '../../helpers/strict-errors';
import { createTimerQueues } from '../../../src/sip/transaction/timer-queues';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

function recorder() {
  const fired: string[] = [];
  return { fired, apply: (signal: string) => void fired.push(`${signal} ${performance.now() - start}`) };
}

let start = 0;
beforeEach(() => void (start = performance.now()));

it('fires each timer at its time, in any order of starts', () => {
  const timers = createTimerQueues(rethrow);
  const owner = recorder();
  timers.start(500, owner, 'a');
  jest.advanceTimersByTime(100);
  timers.start(500, owner, 'b');
  timers.start(50, owner, 'c');
  jest.advanceTimersByTime(1_000);
  expect(owner.fired).toEqual(['c 150', 'a 500', 'b 600']);
  expect([timers.size, jest.getTimerCount()]).toEqual([0, 0]);
});

it('a stopped timer does not fire, whether at the head, in the middle or at the end', () => {
  const timers = createTimerQueues(rethrow);
  const owner = recorder();
  const [a, , c, , e] = ['a', 'b', 'c', 'd', 'e'].map((name) => {
    jest.advanceTimersByTime(1);
    return timers.start(500, owner, name);
  });
  for (const timer of [a, c, e]) timer?.stop();
  a?.stop();
  expect(timers.size).toBe(2);
  jest.advanceTimersByTime(1_000);
  expect(owner.fired).toEqual(['b 502', 'd 504']);
});

it('stopping the last timer clears the system timer', () => {
  const timers = createTimerQueues(rethrow);
  timers.start(500, recorder(), 'a').stop();
  expect(jest.getTimerCount()).toBe(0);
});

it('a timer can start another one of the same duration when it fires', () => {
  const timers = createTimerQueues(rethrow);
  const fired: number[] = [];
  const owner = {
    apply: (left: number) => {
      fired.push(performance.now() - start);
      if (left > 0) timers.start(500, owner, left - 1);
    },
  };
  timers.start(500, owner, 2);
  jest.advanceTimersByTime(5_000);
  expect(fired).toEqual([500, 1_000, 1_500]);
});

it('never fires synchronously, not even with 0', () => {
  const timers = createTimerQueues(rethrow);
  const owner = recorder();
  timers.start(0, owner, 'a');
  expect(owner.fired).toEqual([]);
  jest.advanceTimersByTime(1);
  expect(owner.fired).toHaveLength(1);
});

it('after close, no timer fires, and later ones never start', () => {
  const timers = createTimerQueues(rethrow);
  const owner = recorder();
  const timer = timers.start(500, owner, 'a');
  timers.close();
  timers.start(500, owner, 'b');
  timer.stop();
  jest.advanceTimersByTime(1_000);
  expect([owner.fired, timers.size, jest.getTimerCount()]).toEqual([[], 0, 0]);
});
