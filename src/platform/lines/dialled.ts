/** Maps the Request-URI of a phone to the address that the application gets. */
import { subscriberNumber } from '../../addresses/e164';
import { canonicalHost, escapedUser, parseUri, printUri, type Uri } from '../../addresses/uri';
import type { SipEndpoint } from '../../sip/accounts';
import type { Domains } from '../resources/domains';

/** Characters that keep their escapes, as they would change the meaning of the address. */
const NOT_PLAIN = /[@<>:"%\s\p{C}]/u;

/**
 * Returns a number, a SIP URI of an endpoint, or another SIP URI; undefined for a local telephone number of another
 * context (RFC 3966 5.1.5), which cannot be dialled.
 */
export type Dialled = (requestUri: string, endpoint: SipEndpoint) => string | undefined;

/** @param isOwn whether a host name or address is this server */
export function createDialled(domains: Domains, isOwn: (host: string) => boolean): Dialled {
  /** A phone appends its own domain, or the address of its server, to what the user has typed. */
  const isOwnHost = (host: string, { realm }: SipEndpoint): boolean =>
    canonicalHost(host) === realm.toLowerCase() || isOwn(host);

  return (requestUri, endpoint) => {
    const uri = parseUri(requestUri);
    if (!uri?.user) return requestUri;
    const number = (text: string): string | undefined =>
      subscriberNumber(text, (domain) => isOwnHost(domain, endpoint));
    if (uri.scheme === 'tel') return number(printUri(uri).slice('tel:'.length));
    const { user, host } = uri;
    const own = domains.endpointBySipUri(named(user, host));
    if (own) return own.sipUri;
    if (!isOwnHost(host, endpoint)) return named(user, host);
    const neighbour = domains.endpointBySipUri(named(user, endpoint.realm));
    if (neighbour) return neighbour.sipUri;
    const subscriber = withContext(uri);
    if (subscriber !== user || isTelephone(uri)) return number(subscriber);
    return NOT_PLAIN.test(user) ? escapedUser(user) : user;
  };
}

/** Returns the user with its `phone-context`, which some phones put behind the host. */
function withContext({ user = '', params }: Uri): string {
  const context = params.get('phone-context');
  const isLocal = context !== undefined && !user.includes(';') && subscriberNumber(user)?.startsWith('+') === false;
  return isLocal ? `${user};phone-context=${context}` : user;
}

/** Whether the user is a telephone number (RFC 3261 19.1.6). Many phones omit `user=phone`. */
function isTelephone({ user = '', params }: Uri): boolean {
  return params.get('user')?.toLowerCase() === 'phone' || /^\+|;phone-context=/i.test(user);
}

function named(user: string, host: string): string {
  return printUri({ scheme: 'sip', user, host, params: new Map() });
}
