/**
 * Rejects a share of the new calls when the process is overloaded (RFC 3261 21.5.4, similar to RFC 7339). An immediate
 * 503 is better for a phone than a late response to the fourth retransmission of its INVITE.
 *
 * The process counts as overloaded if its event loop is never idle and, at the same time, peers retransmit requests
 * that were not answered within T1 (500 ms). Each sign alone is not enough: packets get lost, and short load peaks are
 * normal.
 */
import { performance } from 'node:perf_hooks';

export interface Shedding {
  /** Counts an INVITE that begins a call. @returns whether to reject it */
  refuses(): boolean;
  /** Counts a retransmitted request. */
  repeated(): void;
  /** The share of new calls that is accepted, 0 to 1. */
  readonly share: number;
}

/** Load of the process. `now` is in ms. `busy` is the event loop utilization since the previous call, 0 to 1. */
export interface Load {
  now(): number;
  busy(): number;
}

const WINDOW_MS = 500;
/** With fewer new calls than this in a window, calls are not the cause of the load. */
const MIN_CALLS = 25;
const MIN_BUSY = 0.97;
/** Retransmitted requests, as a share of the new calls, from which the process counts as overloaded. */
const MIN_REPEATED = 0.1;
const MIN_SHARE = 0.1;
const DECREASE_FACTOR = 0.7;
const INCREASE = 0.1;

export function createShedding(load: Load = processLoad()): Shedding {
  let windowStart = load.now();
  let calls = 0;
  let repeats = 0;
  let share = 1;
  /** Accumulates `share` for each call. A call is accepted whenever it reaches 1. */
  let due = 0;

  const closeWindow = (now: number): void => {
    const busy = load.busy();
    const isOverloaded = busy >= MIN_BUSY && calls >= MIN_CALLS && repeats >= calls * MIN_REPEATED;
    // Down fast, up slowly: accepting too much also harms established calls.
    share = isOverloaded ? Math.max(MIN_SHARE, share * DECREASE_FACTOR) : Math.min(1, share + INCREASE);
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
