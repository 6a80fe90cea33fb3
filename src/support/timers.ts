import type { InternalErrors } from './internal-errors';

/** Ends a timer that has not fired yet; harmless afterwards. */
export type Cancel = () => void;

/** The platform's only source of timers, so that `close()` leaves none behind. */
export interface Timers {
  /** Runs once, `ms` milliseconds from now; never at once, not even with 0. */
  after(ms: number, run: () => void): Cancel;
  /** Ends every timer. Later ones never fire. */
  close(): void;
}

/** The same timers for one call: what a callback throws is an error of that call. */
export function timersWithin(timers: Timers, internalErrors: InternalErrors): Timers {
  return {
    after: (ms, run) => timers.after(ms, internalErrors.guard('timer', run)),
    close: () => timers.close(),
  };
}

/** @param internalErrors undefined: what a callback throws is uncaught */
export function createTimers(internalErrors?: InternalErrors): Timers {
  const running = new Set<NodeJS.Timeout>();
  let closed = false;
  return {
    after(ms, run) {
      if (closed) return () => undefined;
      const guarded = internalErrors ? internalErrors.guard('timer', run) : run;
      // eslint-disable-next-line tandem/guarded-callbacks -- uncaught where the caller wants it so
      const timer = setTimeout(() => {
        running.delete(timer);
        guarded();
      }, ms);
      running.add(timer);
      return () => {
        clearTimeout(timer);
        running.delete(timer);
      };
    },
    close() {
      closed = true;
      for (const timer of running) clearTimeout(timer);
      running.clear();
    },
  };
}
