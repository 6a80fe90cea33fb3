/** The limits of the hosted service, off by default. */
import type { RequestHandler } from 'express';
import { CallRateLimitError, TooManyRequestsError } from '../errors';

/** New calls a number may make in a window: one a second, averaged over ten. */
const CALLS_PER_WINDOW = 10;
const CALL_WINDOW_MS = 10_000;

/**
 * Requests a second to one endpoint (method and kind of resource, as `POST calls`). The hosted service never said how
 * many; this is five calls' worth of commands at its one call a second, with room for polling.
 */
export const REQUESTS_PER_SECOND = 20;
const REQUEST_WINDOW_MS = 1_000;

export interface CallRateLimit {
  /** @throws CallRateLimitError where the number has made too many calls */
  take(from: string): void;
}

export const NO_CALL_RATE_LIMIT: CallRateLimit = { take: () => undefined };

export function createCallRateLimit(): CallRateLimit {
  const recent = new Map<string, number[]>(); // times of the calls within the window
  return {
    take(from) {
      const now = performance.now();
      const times = (recent.get(from) ?? []).filter((time) => now - time < CALL_WINDOW_MS);
      if (times.length >= CALLS_PER_WINDOW)
        throw new CallRateLimitError(`${from} makes more than one call a second, averaged over 10 s: retry later`);
      times.push(now);
      recent.set(from, times);
    },
  };
}

/** Answers 429 with `X-RateLimit-Reset` above so many requests a second to one endpoint. */
export function limitRequests(perSecond: number): RequestHandler {
  let windowEnd = 0;
  const counts = new Map<string, number>();
  return (request, _response, next) => {
    const now = performance.now();
    if (now >= windowEnd) {
      windowEnd = now + REQUEST_WINDOW_MS;
      counts.clear();
    }
    const endpoint = `${request.method} ${kindOf(request.path)}`;
    const count = (counts.get(endpoint) ?? 0) + 1;
    counts.set(endpoint, count);
    if (count > perSecond) throw new TooManyRequestsError(Math.ceil(Date.now() + windowEnd - now));
    next();
  };
}

/** The path without ids: every second segment names a resource, the others one of them. */
function kindOf(path: string): string {
  return path
    .split('/')
    .filter((_segment, index) => index % 2 === 1)
    .slice(0, 4)
    .join('/');
}
