import type { Logger } from '../../support/logger';

/**
 * Logs outages of Redis. Each cause has a name. The log says when the first one begins, each further reason once, and when
 * the last one ends.
 */
export interface OutageLog {
  begin(name: string, why: string): void;
  end(name: string): void;
}

/** Reasons that one outage logs. */
const MAX_REASONS = 5;

export function createOutageLog(log: Logger): OutageLog {
  const open = new Set<string>();
  const logged = new Set<string>();
  let since = 0;
  return {
    begin(name, why) {
      if (open.size === 0) {
        since = performance.now();
        logged.clear();
        log.warn({ event: 'redis-lost', err: why }, 'Redis is unreachable; reconnecting');
      } else if (!logged.has(why) && logged.size < MAX_REASONS)
        log.warn({ event: 'redis-still-lost', err: why }, 'Redis is still unreachable');
      logged.add(why);
      open.add(name);
    },
    end(name) {
      if (!open.delete(name) || open.size > 0) return;
      log.info({ event: 'redis-back', afterMs: Math.round(performance.now() - since) }, 'Redis is reachable again');
    },
  };
}
