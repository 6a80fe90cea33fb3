import { NotWantedError } from '../errors';
import { pause, type Pause } from './retry';

const FIRST_SPACING_MS = 100;
/** The platform's default: one new call a second for each number. */
const WIDEST_SPACING_MS = 1_000;
const NARROWEST_SPACING_MS = 20;

/** Calls of one number, one after the other. */
interface Lane {
  spacingMs: number;
  lastAt: number;
  /** Settles when everybody before has had his turn; never rejects. */
  tail: Promise<void>;
}

export interface Pacer {
  /**
   * Waits for this number's turn to create a call.
   * @throws NotWantedError where the call is given up meanwhile; those behind it move up
   */
  turn(number: string, signal: AbortSignal): Promise<void>;
  /** The platform found this number's calls too fast: they are spaced out, more each time. */
  tooFast(number: string): void;
  /** A call of this number was created: its spacing shrinks again. */
  passed(number: string): void;
}

/** Keeps numbers that met the platform's `call-rate-limit` below it; the others pass without delay. */
export function createPacer(wait: Pause = pause, now: () => number = () => performance.now()): Pacer {
  const lanes = new Map<string, Lane>();

  async function takeTurn(lane: Lane, signal: AbortSignal): Promise<void> {
    const ms = lane.lastAt + lane.spacingMs - now();
    // One that is given up leaves its place without using it.
    if (ms > 0 && !signal.aborted) await wait(ms, signal).catch(() => undefined);
    if (!signal.aborted) lane.lastAt = now();
  }

  return {
    async turn(number, signal) {
      const lane = lanes.get(number);
      if (!lane) return;
      lane.tail = lane.tail.then(() => takeTurn(lane, signal));
      await unlessAborted(lane.tail, signal);
      if (signal.aborted) throw new NotWantedError();
    },
    tooFast(number) {
      const lane = lanes.get(number);
      if (lane) {
        lane.spacingMs = Math.min(Math.max(lane.spacingMs, FIRST_SPACING_MS / 2) * 2, WIDEST_SPACING_MS);
        lane.lastAt = now();
      } else {
        lanes.set(number, { spacingMs: FIRST_SPACING_MS, lastAt: now(), tail: Promise.resolve() });
      }
    },
    passed(number) {
      const lane = lanes.get(number);
      if (!lane) return;
      lane.spacingMs /= 2;
      if (lane.spacingMs < NARROWEST_SPACING_MS) lanes.delete(number);
    },
  };
}

/** Resolves when the work is done or the signal is aborted, and leaves no listener on the signal. */
async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const over = new AbortController();
  const aborted = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true, signal: over.signal });
  });
  await Promise.race([work, aborted]);
  over.abort();
}
