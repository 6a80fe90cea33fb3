import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import { UnauthorizedError } from '../errors';

/** HTTP Basic: token as user name, secret as password; compared in constant time. */
export function authenticate(apiToken: string, apiSecret: string): RequestHandler {
  const expected = digest(`${apiToken}:${apiSecret}`);
  return (request, _response, next) => {
    const [, encoded] = /^Basic +([A-Za-z0-9+/=_-]+)$/i.exec(request.headers.authorization ?? '') ?? [];
    const given = Buffer.from(encoded ?? '', 'base64').toString('utf8');
    if (encoded === undefined || !timingSafeEqual(digest(given), expected))
      throw new UnauthorizedError('The credentials are wrong: API token as user name, API secret as password');
    next();
  };
}

/** Of one length, whatever was sent. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}
