import { setTimeout as delay } from 'node:timers/promises';
import { ERROR_CODES } from '../protocol/errors';
import { NotWantedError, RefusedError, ReplyLostError, UnreachableError } from './errors';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 20_000;
/** However far away the platform's clock puts the end of a rate limit. */
const LONGEST_RATE_LIMIT_MS = 60_000;

export interface RetryPolicy {
  /** How often the command is sent at most. */
  attempts: number;
  /** Repeating it does no harm, so that it may follow a lost reply. */
  idempotent: boolean;
  /** Whatever the platform says, it has to happen: even a final refusal is asked again. */
  stubborn?: boolean;
}

/** Waits, unless the command is no longer wanted: then NotWantedError. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

export const pause: Pause = async (ms, signal) => {
  try {
    await delay(ms, undefined, { signal });
  } catch (cause) {
    if (signal.aborted) throw new NotWantedError();
    throw cause;
  }
};

/**
 * How long to wait before a failed command is sent again, ms.
 * @param tries how often it has been sent
 * @param random 0 … 1, for the jitter: callers that failed together must not come back together
 * @returns undefined: it is not to be sent again
 */
export function retryDelay(
  error: unknown,
  policy: RetryPolicy,
  tries: number,
  now: number,
  random: number,
): number | undefined {
  if (tries >= policy.attempts) return undefined;
  const backoff = Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), LONGEST_PAUSE_MS) * (0.75 + random / 2);
  if (error instanceof UnreachableError) return backoff;
  if (error instanceof ReplyLostError) return policy.idempotent ? backoff : undefined;
  if (!(error instanceof RefusedError)) return undefined;
  if (error.retryAt !== undefined) {
    return Math.min(Math.max(error.retryAt - now, 0), LONGEST_RATE_LIMIT_MS) + random * FIRST_PAUSE_MS;
  }
  return isPassing(error) || policy.stubborn ? backoff : undefined;
}

/** A refusal that the documentation says to try again: nothing is wrong with the command itself. */
function isPassing({ status, code }: RefusedError): boolean {
  // 409 is "another update is in progress"; but a call in the wrong state will not come back to the right one.
  const isConflict = status === 409 && !code.endsWith('invalid-state');
  return status === 429 || isConflict || status === 503 || isCallRateLimit({ status, code });
}

/** Calls are created too fast (403, unlike every other 403, is to be retried). */
export function isCallRateLimit({ status, code }: { status: number; code: string }): boolean {
  return status === 403 && code === ERROR_CODES.callRateLimit;
}

/** Sends a command until it succeeds, fails for good, or is no longer wanted. */
export async function withRetries<T>(
  attempt: () => Promise<T>,
  policy: RetryPolicy,
  signal: AbortSignal,
  wait: Pause = pause,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    if (signal.aborted) throw new NotWantedError();
    try {
      return await attempt();
    } catch (error) {
      const ms = retryDelay(error, policy, tries, Date.now(), Math.random());
      if (ms === undefined) throw error;
      await wait(ms, signal);
    }
  }
}

/**
 * `X-RateLimit-Reset` as epoch ms. The documentation shows milliseconds and calls them a UNIX timestamp, which is in
 * seconds: both are accepted, told apart by their size.
 */
export function rateLimitReset(header: string | undefined): number | undefined {
  const value = header === undefined ? NaN : Number(header);
  if (!Number.isFinite(value) || value <= 0) return undefined;
  return value < 1e11 ? value * 1_000 : value;
}
