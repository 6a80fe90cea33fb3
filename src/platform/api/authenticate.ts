import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import type { AuthLimit } from '../../http/auth/auth-limit';
import { TooManyFailuresError, UnauthorizedError } from '../errors';

/** Requires Basic credentials: token as user name, secret as password. Compares in constant time, counts failures. */
export function authenticate(apiToken: string, apiSecret: string, limit: AuthLimit): RequestHandler {
  const expected = digest(`${apiToken}:${apiSecret}`);
  return async (request, _response, next) => {
    const [, encoded] = /^Basic +([A-Za-z0-9+/=_-]+)$/i.exec(request.headers.authorization ?? '') ?? [];
    const given = Buffer.from(encoded ?? '', 'base64').toString('utf8');
    const isCorrect = encoded !== undefined && timingSafeEqual(digest(given), expected);
    const wait = encoded === undefined ? undefined : await limit.settle(request, isCorrect);
    if (wait !== undefined) throw new TooManyFailuresError(wait);
    if (!isCorrect)
      throw new UnauthorizedError('Wrong credentials: send the API token as user name and the API secret as password');
    next();
  };
}

/** Has the same length for every input, so that digests can be compared in constant time. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}
