/** Refuses callback URLs to which the platform sends no events, so that the client learns the reason. */
import { messageOf } from '../../support/errors';
import { refuseLiteralCallback, type CallbackRules } from '../calls/callback-client';
import { CallbackUrlInvalidError } from '../errors';

/**
 * @param urls by field name
 * @throws CallbackUrlInvalidError if the host of a URL is an address that gets no events
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
