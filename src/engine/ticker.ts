import { messageOf } from '../support/errors';
import type { Logger } from '../support/logger';
import { StoreUnavailableError } from '../store/errors';

export interface Ticker {
  close(): void;
}

/** A failure that goes on is told again after so long, ms. */
const TELL_AGAIN_MS = 60_000;

/**
 * Calls `tick` again and again, each time when the one before has ended. A failed tick is logged, unless the same failure
 * was in the last minute and nothing has worked since; the next one comes.
 * @param doing what failed, for the log
 */
export function startTicker(everyMs: number, tick: () => Promise<void>, log: Logger, doing: string): Ticker {
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  /** Since anything worked: what failed, and when it was told. */
  const told = new Map<string, number>();
  const tell = (error: unknown) => {
    // Its store may have been closed under it.
    if (closed) return;
    const err = messageOf(error);
    const now = performance.now();
    if (now - (told.get(err) ?? -Infinity) < TELL_AGAIN_MS) return;
    told.set(err, now);
    // An outage is an error of the store, which the store reports.
    const level = error instanceof StoreUnavailableError ? 'warn' : 'error';
    log[level]({ event: 'tick-failed', task: doing, err }, `${doing} failed`);
  };
  const next = () => {
    if (closed) return;
    timer = setTimeout(() => {
      try {
        tick()
          .then(() => told.clear(), tell)
          .finally(next);
      } catch (error) {
        tell(error);
        next();
      }
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
