/** Limits of kept items: at most `max`, and none older than `ageMs` once a newer one ends. */
export interface RetentionLimits {
  max: number;
  /** ms */
  ageMs: number;
}

/** 10,000 calls need some tens of MB. */
export const DEFAULT_RETENTION: RetentionLimits = { max: 10_000, ageMs: 3_600_000 };

export interface Retention<Item> {
  /** Adds an ended item, which may be removed later. */
  add(item: Item): void;
}

/**
 * Removes the items that ended first, to limit memory.
 * @param forget removes the item from its collections
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
