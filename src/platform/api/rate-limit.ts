/** Rate limits of the hosted service, off by default. */
import type { RequestHandler } from 'express';
import { CallRateLimitError, TooManyRequestsError } from '../errors';

/** New calls of a number in a window: one a second, as the average of ten seconds. */
const CALLS_PER_WINDOW = 10;
const CALL_WINDOW_MS = 10_000;

/**
 * Requests a second to one endpoint (method and kind of resource, like `POST calls`). The hosted service documents no
 * number. This one allows the commands of five calls a second, and some polling.
 */
export const REQUESTS_PER_SECOND = 20;
const REQUEST_WINDOW_MS = 1_000;

export interface CallRateLimit {
  /** @throws CallRateLimitError if the number has made too many calls */
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
        throw new CallRateLimitError(`${from} makes more than one call a second (average of 10 s): retry later`);
      times.push(now);
      recent.set(from, times);
    },
  };
}

/** Answers 429 with `X-RateLimit-Reset` above `perSecond` requests a second to one endpoint. */
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

/** Returns the path without ids, which are every second segment. */
function kindOf(path: string): string {
  return path
    .split('/')
    .filter((_segment, index) => index % 2 === 1)
    .slice(0, 4)
    .join('/');
}
