import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import { UnauthorizedError } from './problems';

/** Compares in constant time: how long it takes tells nothing of how much of a secret was right. */
export function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

/** `basic …` as `Basic …`: schemes are case-insensitive (RFC 9110 11.1). */
function normaliseScheme(header: string): string {
  return header.replace(/^(basic|bearer) +/i, (_, scheme: string) =>
    scheme.toLowerCase() === 'basic' ? 'Basic ' : 'Bearer ',
  );
}

/** Demands an exact `Authorization` header; without one expected everybody passes. */
function requireAuthorization(expected: string | undefined, challenge: string): RequestHandler {
  return (req, _res, next) => {
    if (expected !== undefined && !isSame(normaliseScheme(req.headers.authorization ?? ''), expected))
      throw new UnauthorizedError(challenge);
    next();
  };
}

/** Basic credentials, as callbacks carry them when the callback URL has them (RFC 7617). */
export function requireBasic(credentials: { username: string; password: string } | undefined): RequestHandler {
  const expected = credentials && `${credentials.username}:${credentials.password}`;
  return requireAuthorization(
    expected === undefined ? undefined : `Basic ${Buffer.from(expected).toString('base64')}`,
    'Basic realm="tandem webhooks", charset="UTF-8"',
  );
}

/** A bearer token (RFC 6750). */
export function requireBearer(token: string | undefined): RequestHandler {
  return requireAuthorization(token === undefined ? undefined : `Bearer ${token}`, 'Bearer realm="tandem"');
}
