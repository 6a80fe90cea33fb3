/**
 * Internal errors: exceptions thrown by callbacks of timers, sockets, clocks and workers, and rejections that no caller
 * awaits. They are logged with their stack and counted. At most, they end the call in which they occur.
 */
import type { Logger } from './logger';

export interface InternalErrorFields {
  /** Short name of the callback: `sip message`, `rtp packet`. */
  where: string;
  callId?: string | undefined;
  flowId?: string | undefined;
}

declare const GUARDED: unique symbol;

/**
 * A callback that never throws. Only `guard` creates it. The lint rule `tandem/guarded-callbacks` requires this type.
 */
export interface Guarded<Args extends unknown[]> {
  (...args: Args): void;
  readonly [GUARDED]: true;
}

export interface InternalErrors {
  /** Wraps a callback. Exceptions, and rejections of a promise that it returns, are reported. */
  guard<Args extends unknown[]>(where: string, run: (...args: Args) => unknown): Guarded<Args>;
  /** Logs and counts an error. Reporting the same error object again has no effect. */
  report(error: unknown, fields: InternalErrorFields): void;
  /**
   * Scope for one call: its errors are logged with these fields, and the first one ends the call.
   * @param end ends the call. It is guarded, and runs after the failed callback has returned.
   */
  within(fields: Omit<InternalErrorFields, 'where'>, end: () => void): InternalErrors;
  /** Number of errors since the start, including those of calls. */
  readonly total: number;
}

export function createInternalErrors(log: Pick<Logger, 'error'>): InternalErrors {
  let total = 0;
  const reported = new WeakSet<object>();
  const create = (onReport: (error: unknown, fields: InternalErrorFields) => void): InternalErrors => ({
    guard: (where, run) => guarded((error) => onReport(error, { where }), run),
    report: onReport,
    within(fields, end) {
      let ended = false;
      return create((error, more) => {
        onReport(error, { ...fields, ...more });
        if (ended) return;
        ended = true;
        // Not synchronously: the failed callback may still use state that `end` changes.
        queueMicrotask(guarded((failure) => onReport(failure, { ...fields, where: 'end of a broken call' }), end));
      });
    },
    get total() {
      return total;
    },
  });
  return create((error, fields) => {
    const err = error instanceof Error ? error : new Error(String(error));
    if (reported.has(err)) return;
    reported.add(err);
    total += 1;
    log.error({ event: 'internal-error', ...fields, err }, 'internal error');
  });
}

/** Runs every step, even if an earlier one throws. @throws the first error, after the last step */
export function runAll(...steps: (() => void)[]): void {
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

function guarded<Args extends unknown[]>(
  report: (error: unknown) => void,
  run: (...args: Args) => unknown,
): Guarded<Args> {
  const safe = (...args: Args): void => {
    try {
      const result = run(...args);
      if (result instanceof Promise) result.catch(report);
    } catch (error) {
      report(error);
    }
  };
  return safe as Guarded<Args>;
}
