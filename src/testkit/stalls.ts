/** Notices when this process itself stood still: then the app is not to blame for what came late. */

export interface StallWatch {
  /** Whether there was a stall at or after this time, epoch ms. */
  since(time: number): boolean;
  stop(): void;
}

const LOOK_MS = 20;

/** @param stallMs how late a timer must be for a stall */
export function watchStalls(stallMs: number): StallWatch {
  let lastAt = Date.now();
  let stalledAt = 0;
  const timer = setInterval(() => {
    const now = Date.now();
    if (now - lastAt > LOOK_MS + stallMs) stalledAt = now;
    lastAt = now;
  }, LOOK_MS);
  return { since: (time) => stalledAt >= time, stop: () => clearInterval(timer) };
}
