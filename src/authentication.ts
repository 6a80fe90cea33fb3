import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import { UnauthorizedError } from './problems';

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
 * Demands an exact `Authorization` header; without one expected everybody passes. How long the comparison takes tells
 * nothing of how much of a secret was right.
 */
function requireAuthorization(authorization: string | undefined, challenge: string): RequestHandler {
  const expected = authorization === undefined ? undefined : digest(authorization);
  return (req, _res, next) => {
    const given = req.headers.authorization ?? '';
    if (expected && !timingSafeEqual(digest(normaliseScheme(given)), expected)) throw new UnauthorizedError(challenge);
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
