import { setTimeout as delay } from 'node:timers/promises';
import { ERROR_CODES } from '../../v1-wire/errors';
import { NotWantedError, RefusedError, ReplyLostError, UnreachableError } from '../errors';

const FIRST_PAUSE_MS = 100;
/** However far away the platform's clock puts the end of a rate limit. */
const LONGEST_RATE_LIMIT_MS = 60_000;

/** How often each thing may come of a command before it is given up. 1: the first time is final. */
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
 * @param ofItsKind how often it has failed in this way
 * @returns undefined: it is not to be sent again
 */
export function retryDelay(
  error: unknown,
  policy: RetryPolicy,
  tries: number,
  now: number,
  random: number,
  ofItsKind = tries,
): number | undefined {
  const kind = kindOf(error);
  if (kind === undefined || ofItsKind >= policy[kind]) return undefined;
  const backoff = Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), policy.longestPauseMs) * (0.75 + random / 2);
  const retryAt = error instanceof RefusedError ? error.retryAt : undefined;
  if (retryAt === undefined) return backoff;
  return Math.max(backoff, Math.min(retryAt - now, LONGEST_RATE_LIMIT_MS) + random * FIRST_PAUSE_MS);
}

type FailureKind = Exclude<keyof RetryPolicy, 'longestPauseMs'>;

/** undefined: nothing that trying again could help. */
function kindOf(error: unknown): FailureKind | undefined {
  if (error instanceof UnreachableError) return 'unreachable';
  if (error instanceof ReplyLostError) return 'lost';
  if (error instanceof RefusedError) return isPassing(error) ? 'passing' : 'refused';
  return undefined;
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
  const failures = new Map<FailureKind | undefined, number>();
  for (let tries = 1; ; tries++) {
    if (signal.aborted) throw new NotWantedError();
    try {
      return await attempt();
    } catch (error) {
      const kind = kindOf(error);
      const ofItsKind = (failures.get(kind) ?? 0) + 1;
      failures.set(kind, ofItsKind);
      const ms = retryDelay(error, policy, tries, Date.now(), Math.random(), ofItsKind);
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
