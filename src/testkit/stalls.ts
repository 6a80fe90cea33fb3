/** Detects stalls of this process. After a stall a late event is not the fault of the app. */

export interface StallWatch {
  /** Whether a stall happened at or after this time, epoch ms. */
  since(time: number): boolean;
  stop(): void;
}

const LOOK_MS = 20;

/** @param stallMs the delay of a timer that counts as a stall, ms */
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
