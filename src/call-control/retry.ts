import { setTimeout as delay } from 'node:timers/promises';
import { ERROR_CODES } from '../protocol/errors';
import { NotWantedError, RefusedError, ReplyLostError, UnreachableError } from './errors';

const FIRST_PAUSE_MS = 100;
/** However far away the platform's clock puts the end of a rate limit. */
const LONGEST_RATE_LIMIT_MS = 60_000;

/** How often a command is sent at most, by what came of it the last time. 1: that is final. */
export interface RetryPolicy {
  /** The platform could not be reached: nothing was sent. */
  unreachable: number;
  /** The reply was lost: more than once only where repeating the command does no harm. */
  lost: number;
  /** A refusal that passes: 429, 503, `call-rate-limit`, a conflict. */
  passing: number;
  /** Any other refusal. */
  refused: number;
  longestPauseMs: number;
}

/** Waits, unless the command is no longer wanted: then NotWantedError. A wait alone keeps no process alive. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

export const pause: Pause = async (ms, signal) => {
  try {
    await delay(ms, undefined, { signal, ref: false });
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
  if (tries >= limitFor(error, policy)) return undefined;
  const backoff = Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), policy.longestPauseMs) * (0.75 + random / 2);
  const retryAt = error instanceof RefusedError ? error.retryAt : undefined;
  if (retryAt === undefined) return backoff;
  return Math.max(backoff, Math.min(retryAt - now, LONGEST_RATE_LIMIT_MS) + random * FIRST_PAUSE_MS);
}

function limitFor(error: unknown, policy: RetryPolicy): number {
  if (error instanceof UnreachableError) return policy.unreachable;
  if (error instanceof ReplyLostError) return policy.lost;
  if (error instanceof RefusedError) return isPassing(error) ? policy.passing : policy.refused;
  return 1;
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
