/** Ends a timer that has not fired yet; harmless afterwards. */
export type Cancel = () => void;

/** The platform's only source of timers, so that `close()` leaves none behind. */
export interface Timers {
  /** Runs once, `ms` milliseconds from now; never at once, not even with 0. */
  after(ms: number, run: () => void): Cancel;
  /** Ends every timer. Later ones never fire. */
  close(): void;
}

export function createTimers(): Timers {
  const running = new Set<NodeJS.Timeout>();
  let closed = false;
  return {
    after(ms, run) {
      if (closed) return () => undefined;
      const timer = setTimeout(() => {
        running.delete(timer);
        run();
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
