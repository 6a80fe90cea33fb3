import { pause, type Pause } from './retry';

const FIRST_SPACING_MS = 100;
/** The platform's default: one new call a second for each number. */
const WIDEST_SPACING_MS = 1_000;
const NARROWEST_SPACING_MS = 20;

interface Lane {
  spacingMs: number;
  nextAt: number;
}

export interface Pacer {
  /** Waits for this number's turn to create a call. */
  turn(number: string, signal: AbortSignal): Promise<void>;
  /** The platform found this number's calls too fast: they are spaced out, more each time. */
  tooFast(number: string): void;
  /** A call of this number was created: its spacing shrinks again. */
  passed(number: string): void;
}

/** Keeps numbers that met the platform's `call-rate-limit` below it; the others pass without delay. */
export function createPacer(wait: Pause = pause, now: () => number = Date.now): Pacer {
  const lanes = new Map<string, Lane>();
  return {
    async turn(number, signal) {
      const lane = lanes.get(number);
      if (!lane) return;
      const turnAt = Math.max(lane.nextAt, now());
      lane.nextAt = turnAt + lane.spacingMs;
      if (turnAt > now()) await wait(turnAt - now(), signal);
    },
    tooFast(number) {
      const spacingMs = Math.min((lanes.get(number)?.spacingMs ?? FIRST_SPACING_MS / 2) * 2, WIDEST_SPACING_MS);
      const nextAt = Math.max(lanes.get(number)?.nextAt ?? 0, now() + spacingMs);
      lanes.set(number, { spacingMs, nextAt });
    },
    passed(number) {
      const lane = lanes.get(number);
      if (!lane) return;
      lane.spacingMs /= 2;
      if (lane.spacingMs < NARROWEST_SPACING_MS) lanes.delete(number);
    },
  };
}
