import type { Logger } from '../../logger';

/** What keeps Redis from being used, by name: the log says when the first of them begins and when the last one ends. */
export interface Troubles {
  begin(name: string, why: string): void;
  end(name: string): void;
  /** All but one are over, because what they were about is no more. */
  only(name: string, why: string): void;
}

export function createTroubles(log: Logger): Troubles {
  const open = new Set<string>();
  let since = 0;
  return {
    begin(name, why) {
      if (open.size === 0) {
        since = performance.now();
        log.warn({ err: why }, 'Redis is lost; trying until it is back');
      }
      open.add(name);
    },
    end(name) {
      if (!open.delete(name) || open.size > 0) return;
      log.info({ afterMs: Math.round(performance.now() - since) }, 'Redis is back');
    },
    only(name, why) {
      this.begin(name, why);
      open.clear();
      open.add(name);
    },
  };
}
