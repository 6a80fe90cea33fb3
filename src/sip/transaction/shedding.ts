/**
 * Refuses a share of the new calls where this process cannot keep up (RFC 3261 21.5.4, in the spirit of RFC 7339): a phone
 * that is told 503 at once is better off than one whose INVITE is answered after it was sent four times.
 *
 * That it cannot keep up is seen from two things together: its event loop has no idle moment, and peers send again what
 * was not answered within T1 (500 ms). One alone says little: packets get lost, and a busy moment passes.
 */
import { performance } from 'node:perf_hooks';

export interface Shedding {
  /** Notes an INVITE that begins a call. @returns whether it should be refused */
  refuses(): boolean;
  /** Notes a request that came again. */
  repeated(): void;
  /** The share of new calls that is taken, 0 to 1. */
  readonly share: number;
}

/** How the process does: ms, and the share of the time since the last call in which its event loop was busy. */
export interface Load {
  now(): number;
  busy(): number;
}

const WINDOW_MS = 500;
/** Fewer new calls than this in a window are not what keeps the process busy. */
const FEW_CALLS = 25;
const BUSY = 0.97;
/** As many repeated requests as this share of the new calls. */
const REPEATED = 0.1;
const LEAST_SHARE = 0.1;
const LESS = 0.7;
const MORE = 0.1;

export function createShedding(load: Load = processLoad()): Shedding {
  let windowStart = load.now();
  let calls = 0;
  let repeats = 0;
  let share = 1;
  /** What is due to be taken: a call is taken whenever it reaches one. */
  let due = 0;

  const closeWindow = (now: number): void => {
    const busy = load.busy();
    const isOverloaded = busy >= BUSY && calls >= FEW_CALLS && repeats >= calls * REPEATED;
    // Down fast, up slowly: what is taken too much is felt by the calls that are up.
    share = isOverloaded ? Math.max(LEAST_SHARE, share * LESS) : Math.min(1, share + MORE);
    windowStart = now;
    calls = repeats = 0;
  };

  return {
    refuses() {
      const now = load.now();
      if (now - windowStart >= WINDOW_MS) closeWindow(now);
      calls += 1;
      if (share === 1) return false;
      due += share;
      if (due < 1) return true;
      due -= 1;
      return false;
    },
    repeated() {
      repeats += 1;
    },
    get share() {
      return share;
    },
  };
}

function processLoad(): Load {
  let last = performance.eventLoopUtilization();
  return {
    now: () => performance.now(),
    busy() {
      const current = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(current, last);
      last = current;
      return utilization;
    },
  };
}
