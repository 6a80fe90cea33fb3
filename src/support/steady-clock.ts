/** A clock for deadlines. It is not affected when the system clock is changed. */

/** @returns a function that returns milliseconds since the epoch, counted monotonically from the clock's creation */
export function createSteadyClock(): () => number {
  const start = Date.now() - performance.now();
  return () => Math.round(start + performance.now());
}

/** Smaller differences are rounding errors or NTP slewing; ms. */
const JUMP_MS = 1_000;

/**
 * Converts a time of a steady clock to the current system time.
 * @param at time of the steady clock, ms
 * @param now current time of the steady clock, ms
 */
export function wallTime(at: number, now: number): number {
  const jump = Date.now() - now;
  return Math.abs(jump) > JUMP_MS ? at + jump : at;
}
