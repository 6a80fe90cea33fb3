import { createTimers } from '../../src/support/timers';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

it('runs later, unless cancelled', () => {
  const timers = createTimers();
  const ran: string[] = [];
  timers.after(0, () => ran.push('at once'));
  timers.after(10, () => ran.push('later'));
  const cancel = timers.after(5, () => ran.push('never'));
  expect(ran).toEqual([]);
  cancel();
  jest.advanceTimersByTime(10);
  cancel();
  expect(ran).toEqual(['at once', 'later']);
});

it('cancels all timers on close, and starts no more', () => {
  const timers = createTimers();
  timers.after(10, () => undefined);
  timers.close();
  timers.after(10, () => undefined)();
  expect(jest.getTimerCount()).toBe(0);
});
