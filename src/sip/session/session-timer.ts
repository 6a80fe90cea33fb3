/**
 * Session timers (RFC 4028): one end refreshes the session now and then; when that stops, the other end knows that the
 * call is dead, and hangs up.
 */
import { parseParamsValue, parseScalar } from '../header-values';
import { hasToken } from '../list-values';
import type { Headers } from '../message';
import type { Cancel, Timers } from '../../support/timers';

/** What is asked for; s. */
export const SESSION_EXPIRES = 1_800;
/** The shortest that is agreed to (RFC 4028 4); s. */
export const MIN_SE = 90;

/** `setTimeout` takes no more, and would fire at once; ms. Nobody talks for 24 days. */
const MOST_MS = 2 ** 31 - 1;

/** An end of a transaction: who sent it, who answered it. */
type Role = 'uac' | 'uas';

export interface SessionTerms {
  /** s */
  interval: number;
  refresher: Role;
}

/** Terms as a header states them (RFC 4028 4); undefined: no timer, or nonsense, which counts as none. */
export function readTerms(headers: Headers): { interval: number; refresher: Role | undefined } | undefined {
  const parsed = parseParamsValue(headers.get('session-expires') ?? '');
  const interval = parseScalar(parsed?.value ?? '');
  if (interval === undefined) return undefined;
  const refresher = parsed?.params.get('refresher')?.toLowerCase();
  return { interval, refresher: refresher === 'uac' || refresher === 'uas' ? refresher : undefined };
}

/**
 * How a request's terms are answered (RFC 4028 9).
 * @returns the terms and the headers of the 2xx that state them; undefined: too short, to be refused with 422 and Min-SE
 */
export function answerTerms(request: Headers): { terms: SessionTerms; headers: [string, string][] } | undefined {
  const supported = hasToken(request, 'supported', 'timer') || hasToken(request, 'require', 'timer');
  const asked = readTerms(request);
  if (asked && asked.interval < MIN_SE) {
    // A proxy may have asked on behalf of a client that does not know 422.
    if (supported) return undefined;
  }
  const interval = Math.max(asked?.interval ?? SESSION_EXPIRES, MIN_SE, minSe(request));
  const refresher: Role = supported ? (asked?.refresher ?? 'uac') : 'uas';
  const headers: [string, string][] = [['Session-Expires', `${interval};refresher=${refresher}`]];
  if (refresher === 'uac') headers.unshift(['Require', 'timer']);
  return { terms: { interval, refresher }, headers };
}

/** s */
export function minSe(headers: Headers): number {
  return parseScalar(parseParamsValue(headers.get('min-se') ?? '')?.value ?? '') ?? 0;
}

export interface SessionTimer {
  /** From now on these terms hold; each refresh says them anew. */
  start(interval: number, refreshing: boolean): void;
  stop(): void;
}

export function createSessionTimer(timers: Timers, on: { refresh: () => void; expire: () => void }): SessionTimer {
  let cancel: Cancel | undefined;
  return {
    start(interval, refreshing) {
      cancel?.();
      // RFC 4028 10: half of it for whoever refreshes; the other gives up a little early, so that its BYE is in time.
      const seconds = refreshing ? interval / 2 : interval - Math.min(32, interval / 3);
      cancel = timers.after(Math.min(seconds * 1000, MOST_MS), refreshing ? on.refresh : on.expire);
    },
    stop() {
      cancel?.();
    },
  };
}
