import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import type { AuthLimit } from './auth-limit';
import { TooManyFailuresError, UnauthorizedError } from '../problems';

/** Of one length, whatever was sent, so that it can be compared in constant time. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** `basic …` as `Basic …`: schemes are case-insensitive (RFC 9110 11.1). */
function normaliseScheme(header: string): string {
  return header.replace(/^(basic|bearer) +/i, (_, scheme: string) =>
    scheme.toLowerCase() === 'basic' ? 'Basic ' : 'Bearer ',
  );
}

/**
 * Requires an exact `Authorization` header. If none is configured, every request is allowed. The time of the comparison
 * does not depend on how much of a secret was right. A request without the header is a question, not a failure.
 */
function requireAuthorization(authorization: string | undefined, challenge: string, limit: AuthLimit): RequestHandler {
  if (authorization === undefined) return (_req, _res, next) => next();
  const expected = digest(authorization);
  return async (req, _res, next) => {
    const given = req.headers.authorization ?? '';
    if (given === '') throw new UnauthorizedError(challenge);
    const isCorrect = timingSafeEqual(digest(normaliseScheme(given)), expected);
    const wait = await limit.settle(req, isCorrect);
    if (wait !== undefined) throw new TooManyFailuresError(wait);
    if (!isCorrect) throw new UnauthorizedError(challenge);
    next();
  };
}

/** Basic credentials, as callbacks carry them when the callback URL has them (RFC 7617). */
export function requireBasic(
  credentials: { username: string; password: string } | undefined,
  limit: AuthLimit,
): RequestHandler {
  const expected = credentials && `${credentials.username}:${credentials.password}`;
  return requireAuthorization(
    expected === undefined ? undefined : `Basic ${Buffer.from(expected).toString('base64')}`,
    'Basic realm="tandem webhooks", charset="UTF-8"',
    limit,
  );
}

/** A bearer token (RFC 6750). */
export function requireBearer(token: string | undefined, limit: AuthLimit): RequestHandler {
  return requireAuthorization(token === undefined ? undefined : `Bearer ${token}`, 'Bearer realm="tandem"', limit);
}
