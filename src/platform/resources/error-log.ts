/** Errors outside of requests (`GET /errors`): failed callbacks, and refused incoming calls. */
import { newId } from '../../support/ids';
import { wireTime } from '../../v1-wire/times';
import type { ErrorDetail } from '../errors';

export interface LoggedError {
  readonly id: string;
  readonly time: string;
  readonly category: string;
  readonly code: string;
  readonly message: string;
  readonly details: readonly ErrorDetail[];
}

export interface ErrorLog {
  record(error: Omit<LoggedError, 'id' | 'time'>): void;
  get(id: string): LoggedError | undefined;
  /** Newest first. */
  list(): LoggedError[];
}

/** @param max maximum of entries; further ones replace the oldest */
export function createErrorLog(max: number): ErrorLog {
  const all = new Map<string, LoggedError>();
  return {
    record(error) {
      const logged = { ...error, id: newId('error'), time: wireTime(new Date()) };
      all.set(logged.id, logged);
      const [oldest] = all.keys();
      if (all.size > max && oldest !== undefined) all.delete(oldest);
    },
    get: (id) => all.get(id),
    list: () => [...all.values()].reverse(),
  };
}
