/** Refuses callback URLs of requests that could not be reached anyway, while the client can still see why. */
import { messageOf } from '../../support/errors';
import { refuseLiteralCallback, type CallbackRules } from '../calls/callback-client';
import { CallbackUrlInvalidError } from '../errors';

/**
 * @param urls by the name of their field
 * @throws CallbackUrlInvalidError where the host of one is an address that gets no events
 */
export function checkCallbackUrls(urls: Readonly<Record<string, string | undefined>>, rules: CallbackRules): void {
  for (const [field, url] of Object.entries(urls)) {
    if (url === undefined) continue;
    try {
      refuseLiteralCallback(new URL(url), rules);
    } catch (error) {
      const reason = messageOf(error);
      throw new CallbackUrlInvalidError(`${field}: ${reason}`, [{ name: field, value: reason }]);
    }
  }
}
