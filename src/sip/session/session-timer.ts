/**
 * Session timers (RFC 4028). One end refreshes the session periodically. If the refreshes stop, the other end ends the
 * call.
 */
import { parseParamsValue, parseScalar } from '../header-values';
import { hasToken } from '../list-values';
import type { Headers } from '../message';
import type { Cancel, Timers } from '../../support/timers';

/** The interval that this end requests; s. */
export const SESSION_EXPIRES = 1_800;
/** The shortest interval that this end accepts (RFC 4028 4); s. */
export const MIN_SE = 90;

/** Maximum delay of `setTimeout`, which fires at once for larger values; ms. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** `uac` is the sender of the request, `uas` the receiver. */
type Role = 'uac' | 'uas';

export interface SessionTerms {
  /** s */
  interval: number;
  refresher: Role;
}

/** Reads `Session-Expires` (RFC 4028 4). @returns undefined if it is missing or malformed */
export function readTerms(headers: Headers): { interval: number; refresher: Role | undefined } | undefined {
  const parsed = parseParamsValue(headers.get('session-expires') ?? '');
  const interval = parseScalar(parsed?.value ?? '');
  if (interval === undefined) return undefined;
  const refresher = parsed?.params.get('refresher')?.toLowerCase();
  return { interval, refresher: refresher === 'uac' || refresher === 'uas' ? refresher : undefined };
}

/**
 * Answers the session timer terms of a request (RFC 4028 9).
 * @returns the terms and their headers for the 2xx; undefined if the interval is too short, so that the request must be
 * rejected with 422 and Min-SE
 */
export function answerTerms(request: Headers): { terms: SessionTerms; headers: [string, string][] } | undefined {
  const supported = hasToken(request, 'supported', 'timer') || hasToken(request, 'require', 'timer');
  const asked = readTerms(request);
  if (asked && asked.interval < MIN_SE) {
    // A client without timer support does not know 422. A proxy has added the header: raise the interval instead.
    if (supported) return undefined;
  }
  const interval = Math.max(asked?.interval ?? SESSION_EXPIRES, MIN_SE, minSe(request));
  const refresher: Role = supported ? (asked?.refresher ?? 'uac') : 'uas';
  const headers: [string, string][] = [['Session-Expires', `${interval};refresher=${refresher}`]];
  if (refresher === 'uac') headers.unshift(['Require', 'timer']);
  return { terms: { interval, refresher }, headers };
}

/** The value of `Min-SE`; s. 0 if it is missing. */
export function minSe(headers: Headers): number {
  return parseScalar(parseParamsValue(headers.get('min-se') ?? '')?.value ?? '') ?? 0;
}

export interface SessionTimer {
  /** Starts the timer with new terms. Called again after each refresh. @param interval s */
  start(interval: number, refreshing: boolean): void;
  stop(): void;
}

export function createSessionTimer(timers: Timers, on: { refresh: () => void; expire: () => void }): SessionTimer {
  let cancel: Cancel | undefined;
  return {
    start(interval, refreshing) {
      cancel?.();
      // RFC 4028 10: refresh after half the interval. The other end gives up shortly before its end, so that BYE is in
      // time.
      const seconds = refreshing ? interval / 2 : interval - Math.min(32, interval / 3);
      cancel = timers.after(Math.min(seconds * 1000, MAX_DELAY_MS), refreshing ? on.refresh : on.expire);
    },
    stop() {
      cancel?.();
    },
  };
}
