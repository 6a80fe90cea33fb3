/**
 * Internal errors: exceptions that a callback of a timer, a socket, a clock or a worker throws, and rejections that no
 * caller awaits. They are logged with their stack, counted, and end at most the call in which they happen.
 */
import type { Logger } from './logger';

export interface InternalErrorFields {
  /** Which callback it was, in a few words: `sip message`, `rtp packet`. */
  where: string;
  callId?: string | undefined;
  flowId?: string | undefined;
}

declare const GUARDED: unique symbol;

/** A callback that never throws. Only `guard` makes one; the lint rule `tandem/guarded-callbacks` asks for this type. */
export interface Guarded<Args extends unknown[]> {
  (...args: Args): void;
  readonly [GUARDED]: true;
}

export interface InternalErrors {
  /** Wraps a callback: what it throws, or what the promise that it returns rejects with, is reported. */
  guard<Args extends unknown[]>(where: string, run: (...args: Args) => unknown): Guarded<Args>;
  /** An error that is reported again is logged and counted once. */
  report(error: unknown, fields: InternalErrorFields): void;
  /**
   * The errors of one call: they carry these fields, and the first one ends the call.
   * @param end is itself guarded, and called after the callback that failed has been left
   */
  within(fields: Omit<InternalErrorFields, 'where'>, end: () => void): InternalErrors;
  /** Since the start, those of calls included. */
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
        // Not from within the callback: it may hold what the end of the call changes.
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

/** Runs every step, even where an earlier one throws. @throws the first error, after the last step */
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
