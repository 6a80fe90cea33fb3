import { messageOf } from '../errors';
import type { Logger } from '../logger';

export interface Ticker {
  close(): void;
}

/**
 * Calls `tick` again and again, each time when the one before has ended; a failed tick is logged, and the next one comes.
 * @param doing what failed, for the log
 */
export function startTicker(everyMs: number, tick: () => Promise<void>, log: Logger, doing: string): Ticker {
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const next = () => {
    if (closed) return;
    timer = setTimeout(() => {
      tick()
        .catch((error: unknown) => log.error({ err: messageOf(error) }, `${doing} failed`))
        .finally(next);
    }, everyMs);
    timer.unref();
  };
  next();
  return {
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
