/** Whom a request says that it comes from (RFC 3261 10.3 step 5, 22.1), not proven by anything. */
import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { SIP_DOMAIN_SUFFIX } from '../../../protocol/resources';
import type { Domains, Endpoint } from '../../resources/domains';
import { parseNameAddr } from '../header-values';
import type { SipRequest } from '../message';
import { parseUri } from '../../../protocol/uri';

/** RFC 1035 2.3.4 */
const MAX_HOST_LENGTH = 253;

export interface Claim {
  user: string;
  /** To be challenged with; of no domain at all where the host is none of ours. */
  realm: string;
  /** Undefined: there is nobody of that name, or more than one. */
  endpoint: Endpoint | undefined;
}

/**
 * @param serverNames names of this server, in lower case, that phones may have for a domain
 * @returns reads `To` of a REGISTER and `From` of everything else; undefined: that is no SIP URI
 */
export function createClaims(
  domains: Domains,
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
    return { user, realm: any ?? SIP_DOMAIN_SUFFIX, endpoint: undefined };
  };

  return ({ method, headers }) => {
    const value = headers.get(method === 'REGISTER' ? 'to' : 'from');
    const address = value === undefined ? undefined : parseNameAddr(value);
    const uri = address && parseUri(address.uri);
    if (!uri || uri.scheme === 'tel') return undefined;
    const { user = '', host } = uri;
    const realm = domains.realmOf(host);
    if (realm !== undefined) return { user, realm, endpoint: domains.endpointBySipUri(`sip:${user}@${realm}`) };
    if (isIP(host) !== 0 || serverNames.has(host.toLowerCase())) return claimAtServer(user);
    return {
      user,
      realm: host.length <= MAX_HOST_LENGTH ? host.toLowerCase() : SIP_DOMAIN_SUFFIX,
      endpoint: undefined,
    };
  };
}
