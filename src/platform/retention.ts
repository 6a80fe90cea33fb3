/** How much of what is over is kept: no more than `max`, nothing older than `ageMs` once something newer ends. */
export interface RetentionLimits {
  max: number;
  /** ms */
  ageMs: number;
}

/** 10,000 calls are some tens of MB; an hour is longer than anybody looks back in a sandbox. */
export const DEFAULT_RETENTION: RetentionLimits = { max: 10_000, ageMs: 3_600_000 };

export interface Retention<Item> {
  /** The item is over: it may be forgotten when its turn comes. */
  add(item: Item): void;
}

/**
 * Forgets what ended first, first, so that a platform that runs for weeks does not grow.
 * @param forget removes the item wherever it is kept
 */
export function createRetention<Item>(limits: RetentionLimits, forget: (item: Item) => void): Retention<Item> {
  const ended = new Map<Item, number>(); // in the order of their ends
  return {
    add(item) {
      const now = performance.now();
      ended.set(item, now);
      for (const [oldest, endedAt] of ended) {
        if (ended.size <= limits.max && now - endedAt < limits.ageMs) break;
        ended.delete(oldest);
        forget(oldest);
      }
    },
  };
}
