/**
 * Whom a request says that it comes from (RFC 3261 10.3 step 5, 22.1), not proven by anything. A REGISTER says so in `To`.
 * Any other request need not say so at all: `From` is what the caller shows, and the account is that of the credentials.
 */
import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import type { SipAccounts, SipEndpoint } from '../accounts';
import { parseNameAddr } from '../header-values';
import type { SipRequest } from '../message';
import { canonicalHost, parseUri, printUri } from '../../addresses/uri';

/** What a request of no account is challenged with where there is no domain at all. */
const NO_REALM = 'unknown.invalid';
/** RFC 1035 2.3.4 */
const MAX_HOST_LENGTH = 253;

export interface Claim {
  user: string;
  /** To be challenged with; of no domain at all where the host is none of ours. */
  realm: string;
  /** The one endpoint that is named; undefined: none, or more than one. */
  endpoint: SipEndpoint | undefined;
}

/**
 * @param serverNames names of this server, in lower case, that phones may have for a domain
 * @returns reads a request; undefined: a REGISTER whose `To` is no SIP URI
 */
export function createClaims(
  domains: SipAccounts,
  serverNames: ReadonlySet<string>,
): (request: SipRequest) => Claim | undefined {
  /**
   * A phone may have the address of this server for its domain, and say `sip:user@192.0.2.1`. The realm of the challenge
   * then tells it its domain, provided that just one endpoint has that name. Names that nobody or several have get the
   * realm of any domain, always the same one.
   */
  const claimAtServer = (user: string): Claim => {
    const [endpoint, another] = domains.endpointsNamed(user);
    if (endpoint && !another) return { user, realm: endpoint.realm, endpoint };
    const realms = domains.realms();
    const any = realms[createHash('sha256').update(user).digest().readUInt32BE() % Math.max(1, realms.length)];
    return { user, realm: any ?? NO_REALM, endpoint: undefined };
  };

  /** What a URI says of the account; undefined: nothing. */
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

  /** Of no account that is known: a realm to be challenged with all the same. */
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
    // The caller withholds its number, or shows another: where it calls to, and where it is reached, tell the realm.
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
