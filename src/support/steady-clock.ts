/** Time for deadlines: it goes on evenly when the clock of the machine is set, or comes back from a suspended state. */

/** @returns epoch milliseconds as of the clock's creation, and evenly on from there */
export function createSteadyClock(): () => number {
  const start = Date.now() - performance.now();
  return () => Math.round(start + performance.now());
}

/** Smaller differences are rounding, and the slow corrections of NTP. ms */
const JUMP_MS = 1_000;

/**
 * What the clock of the machine shows now for a time of a steady clock.
 * @param now of the steady clock
 */
export function wallTime(at: number, now: number): number {
  const jump = Date.now() - now;
  return Math.abs(jump) > JUMP_MS ? at + jump : at;
}
