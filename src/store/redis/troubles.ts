import type { Logger } from '../../support/logger';

/**
 * What keeps Redis from being used, by name: the log says when the first of them begins, what else comes to light
 * meanwhile, each reason once, and when the last one ends.
 */
export interface Troubles {
  begin(name: string, why: string): void;
  end(name: string): void;
}

/** So many reasons tell enough of one outage. */
const MOST_REASONS = 5;

export function createTroubles(log: Logger): Troubles {
  const open = new Set<string>();
  const told = new Set<string>();
  let since = 0;
  return {
    begin(name, why) {
      if (open.size === 0) {
        since = performance.now();
        told.clear();
        log.warn({ event: 'redis-lost', err: why }, 'Redis is unreachable; reconnecting');
      } else if (!told.has(why) && told.size < MOST_REASONS)
        log.warn({ event: 'redis-still-lost', err: why }, 'Redis is still unreachable');
      told.add(why);
      open.add(name);
    },
    end(name) {
      if (!open.delete(name) || open.size > 0) return;
      log.info({ event: 'redis-back', afterMs: Math.round(performance.now() - since) }, 'Redis is reachable again');
    },
  };
}
