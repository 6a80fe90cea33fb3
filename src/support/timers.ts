import type { InternalErrors } from './internal-errors';

/** Cancels a timer. Has no effect after it has fired. */
export type Cancel = () => void;

/** All timers of the platform come from here, so that `close()` can end them. */
export interface Timers {
  /** Runs a callback once, after `ms` milliseconds; never synchronously, not even with 0. */
  after(ms: number, run: () => void): Cancel;
  /** Cancels every timer. Timers that are started later never fire. */
  close(): void;
}

/** The timers for one call: exceptions of callbacks are reported as errors of that call. */
export function timersWithin(timers: Timers, internalErrors: InternalErrors): Timers {
  return {
    after: (ms, run) => timers.after(ms, internalErrors.guard('timer', run)),
    close: () => timers.close(),
  };
}

/** @param internalErrors reports exceptions of callbacks. If undefined, they stay uncaught. */
export function createTimers(internalErrors?: InternalErrors): Timers {
  const running = new Set<NodeJS.Timeout>();
  let closed = false;
  return {
    after(ms, run) {
      if (closed) return () => undefined;
      const guarded = internalErrors ? internalErrors.guard('timer', run) : run;
      // eslint-disable-next-line tandem/guarded-callbacks -- the caller may choose uncaught exceptions
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
