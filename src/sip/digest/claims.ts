/**
 * The claimed sender of a request (RFC 3261 10.3 step 5, 22.1), before authentication. A REGISTER names it in `To`. In
 * any other request, `From` may be any address that the caller presents, and the credentials identify the account.
 */
import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import type { SipAccounts, SipEndpoint } from '../accounts';
import { parseNameAddr } from '../header-values';
import type { SipRequest } from '../message';
import { canonicalHost, parseUri, printUri } from '../../addresses/uri';

/** Realm of challenges if there is no domain. */
const NO_REALM = 'unknown.invalid';
/** RFC 1035 2.3.4 */
const MAX_HOST_LENGTH = 253;

export interface Claim {
  user: string;
  /** Realm of the challenge. It is made up if the host is not one of our domains. */
  realm: string;
  /** The claimed endpoint; undefined if there is none, or the name is ambiguous. */
  endpoint: SipEndpoint | undefined;
}

/**
 * @param serverNames names of this server, in lower case, that phones may use as their domain
 * @returns a function that returns the claim of a request, or undefined for a REGISTER whose `To` is not a SIP URI
 */
export function createClaims(
  domains: SipAccounts,
  serverNames: ReadonlySet<string>,
): (request: SipRequest) => Claim | undefined {
  /**
   * A phone may use the server's address as its domain (`sip:user@192.0.2.1`). If exactly one endpoint has that name,
   * the realm of the challenge tells the phone its domain. Unknown and ambiguous names always get the realm of the
   * same, arbitrary domain.
   */
  const claimAtServer = (user: string): Claim => {
    const [endpoint, another] = domains.endpointsNamed(user);
    if (endpoint && !another) return { user, realm: endpoint.realm, endpoint };
    const realms = domains.realms();
    const any = realms[createHash('sha256').update(user).digest().readUInt32BE() % Math.max(1, realms.length)];
    return { user, realm: any ?? NO_REALM, endpoint: undefined };
  };

  /** The claim in a URI; undefined if the URI names none of our domains. */
  const claimIn = (text: string | undefined): Claim | undefined => {
    const uri = parseUri(text ?? '');
    if (!uri || uri.scheme === 'tel') return undefined;
    const { user = '', host } = uri;
    const realm = domains.realmOf(host);
    if (realm !== undefined) return { user, realm, endpoint: domains.endpointBySipUri(sipUri(user, realm)) };
    if (isIP(host) === 0 && !serverNames.has(canonicalHost(host))) return undefined;
    const claim = claimAtServer(user);
    return claim.endpoint && claim;
  };

  /** The claim for an unknown account. It gets a challenge too, so that the responses do not differ. */
  const unknown = (text: string | undefined): Claim | undefined => {
    const uri = parseUri(text ?? '');
    if (!uri || uri.scheme === 'tel') return undefined;
    const { user = '', host } = uri;
    if (isIP(host) !== 0 || serverNames.has(canonicalHost(host))) return claimAtServer(user);
    const realm = host.length <= MAX_HOST_LENGTH ? host.toLowerCase() : NO_REALM;
    return { user, realm, endpoint: undefined };
  };

  return ({ method, uri, headers }) => {
    const addressIn = (name: string): string | undefined => parseNameAddr(headers.get(name) ?? '')?.uri;
    if (method === 'REGISTER') return claimIn(addressIn('to')) ?? unknown(addressIn('to'));
    const from = addressIn('from');
    const named = claimIn(from);
    if (named) return named;
    // The caller withholds its number or presents another one: the realm is taken from other addresses in the request.
    const user = parseUri(from ?? '')?.user ?? '';
    for (const hint of [addressIn('p-preferred-identity'), addressIn('contact'), uri, addressIn('to')]) {
      const realm = claimIn(hint)?.realm;
      if (realm !== undefined) return { user, realm, endpoint: undefined };
    }
    return unknown(from) ?? claimAtServer(user);
  };
}

function sipUri(user: string, host: string): string {
  return printUri({ scheme: 'sip', user, host, params: new Map() });
}
