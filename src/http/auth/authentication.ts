import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import { secretCheck } from '../../support/secret';
import { TooManyFailuresError, UnauthorizedError } from '../problems';
import type { AuthLimit } from './auth-limit';

/**
 * Refuses a request without credentials, with wrong ones, or from an address with too many failures. A request without
 * credentials is no failure.
 *
 * @param isCorrect undefined: it has none
 * @param challenge for `WWW-Authenticate`; undefined: the client has no use for one
 */
export async function mustBeAuthentic(
  request: IncomingMessage,
  isCorrect: boolean | undefined,
  challenge: string,
  limit: AuthLimit,
): Promise<void> {
  if (isCorrect === undefined) throw new UnauthorizedError(challenge);
  const wait = await limit.settle(request, isCorrect);
  if (wait !== undefined) throw new TooManyFailuresError(wait);
  if (!isCorrect) throw new UnauthorizedError(challenge);
}

/** Requires a bearer token (RFC 6750). Without one configured, every request is allowed. */
export function requireBearer(token: string | undefined, limit: AuthLimit): RequestHandler {
  if (token === undefined) return (_req, _res, next) => next();
  const isExpected = secretCheck(`Bearer ${token}`);
  return async (request, _res, next) => {
    const given = request.headers.authorization ?? '';
    // Schemes are case-insensitive (RFC 9110 11.1).
    const isCorrect = given === '' ? undefined : isExpected(given.replace(/^bearer +/i, 'Bearer '));
    await mustBeAuthentic(request, isCorrect, 'Bearer realm="tandem"', limit);
    next();
  };
}
