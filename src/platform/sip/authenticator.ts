/**
 * Who sends a request (RFC 3261 22, RFC 7616, RFC 8760). Nothing in an answer says whether a user or a domain exists:
 * whoever has no right password for it gets the same 401 from every name.
 */
import { createHash, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import type { Logger } from '../../logger';
import { SIP_DOMAIN_SUFFIX } from '../../protocol/resources';
import { digestSecret, type DigestSecret } from '../resources/digest-secret';
import type { Domains, Endpoint } from '../resources/domains';
import { algorithmsFor, challengeHeaders } from './digest/challenge';
import { parseCredentials, type Credentials } from './digest/credentials';
import { digestResponse, sameText } from './digest/digest-response';
import { createNonces } from './digest/nonces';
import { parseNameAddr } from './header-values';
import type { SipRequest } from './message';
import { responseTo } from './respond';
import { createThrottle, type Throttle } from './throttle';
import type { ServerTransaction } from './transaction/transaction';
import { parseUri } from './uri';

/** Credentials looked at in one request: baresip answers each of two challenges. */
const MAX_CREDENTIALS = 4;
/** Of a name in logs and throttles. */
const MAX_NAME_LENGTH = 300;
const MAX_HOST_LENGTH = 253;

export interface Authenticator {
  /**
   * The endpoint that sends the request: proven by its password or one of its tokens, and named in `To` (REGISTER) or
   * `From` (everything else). undefined: answered already, with 401, 403 or 503.
   */
  authenticate(transaction: ServerTransaction): Endpoint | undefined;
}

export interface AuthenticatorOptions {
  domains: Domains;
  log: Logger;
  /** ms */
  now?: () => number;
  throttle?: Throttle;
  /** Host names of this server, which phones may have for a domain; IP addresses and `localhost` always are. */
  serverNames?: readonly string[];
}

/** Whom a request says that it comes from. */
interface Claim {
  realm: string;
  /** Undefined: there is nobody of that name, or more than one. */
  endpoint: Endpoint | undefined;
}

export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { domains, log, now = Date.now } = options;
  const throttle = options.throttle ?? createThrottle({}, now);
  const nonces = createNonces(now);
  const serverNames = new Set(['localhost', ...(options.serverNames ?? []).map((name) => name.toLowerCase())]);
  /** Nobody's: what is compared with where there is no endpoint, so that it takes as long. */
  const nobodys = digestSecret('', '', randomBytes(16).toString('hex'));

  /**
   * A phone may have the address of this server for its domain, and say `sip:user@192.0.2.1`. The realm of the challenge
   * then tells it its domain, provided that just one endpoint has that name. Names that nobody or several have get the
   * realm of any domain, always the same one.
   */
  const claimAtServer = (user: string): Claim => {
    const [endpoint, another] = domains.endpointsNamed(user);
    if (endpoint && !another) return { realm: endpoint.realm, endpoint };
    const all = domains.list();
    const any = all[createHash('sha256').update(user).digest().readUInt32BE() % Math.max(1, all.length)];
    return { realm: any ? `${any.name}.${SIP_DOMAIN_SUFFIX}` : SIP_DOMAIN_SUFFIX, endpoint: undefined };
  };

  const claimOf = ({ method, headers }: SipRequest): Claim | undefined => {
    const value = headers.get(method === 'REGISTER' ? 'to' : 'from');
    const address = value === undefined ? undefined : parseNameAddr(value);
    const uri = address && parseUri(address.uri);
    if (!uri || uri.scheme === 'tel') return undefined;
    const { user = '', host } = uri;
    const realm = domains.realmOf(host);
    if (realm !== undefined) return { realm, endpoint: domains.endpointBySipUri(`sip:${user}@${realm}`) };
    if (isIP(host) !== 0 || serverNames.has(host.toLowerCase())) return claimAtServer(user);
    return { realm: host.length <= MAX_HOST_LENGTH ? host.toLowerCase() : SIP_DOMAIN_SUFFIX, endpoint: undefined };
  };

  /** Whose password it must be: `user` and `user@realm` are the same. */
  const endpointOf = ({ username }: Credentials, realm: string): Endpoint | undefined => {
    const at = username.indexOf('@');
    if (at >= 0 && username.slice(at + 1).toLowerCase() !== realm.toLowerCase()) return undefined;
    return domains.endpointBySipUri(`sip:${at < 0 ? username : username.slice(0, at)}@${realm}`);
  };

  const isRight = (credentials: Credentials, endpoint: Endpoint | undefined, method: string): boolean => {
    const { algorithm, username, nonce, uri, counted, response } = credentials;
    const isAnswer = (secret: DigestSecret): boolean => {
      const { md5, sha256 } = username.includes('@') ? secret.qualified : secret;
      const ha1 = algorithm === 'MD5' ? md5 : sha256;
      const qop = counted ? ('auth' as const) : undefined;
      // The `uri` is the client's own: sipp, and phones behind an outbound proxy, say another than the Request-URI.
      const expected = digestResponse({
        algorithm,
        ha1,
        method,
        uri,
        nonce,
        qop,
        nc: counted?.nc,
        cnonce: counted?.cnonce,
      });
      return sameText(expected, response);
    };
    if (!endpoint) {
      isAnswer(nobodys);
      return false;
    }
    if (isAnswer(endpoint.secret)) return true;
    const time = now();
    return endpoint.tokens.some(({ secret, expiresAt }) => expiresAt.getTime() > time && isAnswer(secret));
  };

  return {
    authenticate(transaction) {
      const { request, flow } = transaction;
      const { host } = flow.remote;

      const refuse = (status: number, headers: [string, string][] = []): undefined =>
        void transaction.respond(responseTo(request, status, { headers }));
      // 503 and not 403: it passes by itself, and a phone that shares the address with the culprit tries again later.
      const refuseFor = (seconds: number): undefined => refuse(503, [['Retry-After', String(seconds)]]);
      const challenge = (realm: string, why: 'first' | 'stale' | 'failed'): undefined => {
        const wait = throttle.challenge(host);
        if (wait > 0) return refuseFor(wait);
        const algorithms = algorithmsFor(request.headers.get('user-agent'));
        const nonce = nonces.issue(host, why === 'failed');
        return refuse(401, challengeHeaders({ realm, nonce, stale: why === 'stale', algorithms }));
      };

      const blocked = throttle.waitFor(host);
      if (blocked > 0) return refuseFor(blocked);
      const claim = claimOf(request);
      if (!claim) return refuse(403);
      const { realm } = claim;

      const offered = credentialsFor(realm, request);
      if (offered.length === 0) return challenge(realm, 'first');
      // A nonce of somebody else, or of before a restart, is as good as an old one: no password is tried with it. Guesses
      // that count can so only come from an address that gets our answers, not from one that is made up.
      const current = offered.filter(({ nonce }) => nonces.isCurrent(nonce, host));
      const [first] = current;
      if (!first) return challenge(realm, 'stale');

      const user = `${first.username.slice(0, MAX_NAME_LENGTH)}@${realm}`;
      const wait = throttle.waitFor(host, user);
      if (wait > 0) return refuseFor(wait);
      const right = current.find((credentials) => isRight(credentials, endpointOf(credentials, realm), request.method));
      if (!right) {
        throttle.failed(host, user);
        log.info({ user, host, method: request.method }, 'wrong SIP credentials');
        // Once more, as whoever mistyped it may be asked; but baresip 1.0 would go on at a hundred tries a second.
        return nonces.isAfterFailure(first.nonce) ? refuse(403) : challenge(realm, 'failed');
      }
      if (!nonces.use(right.nonce, right.counted?.count)) return challenge(realm, 'stale');
      throttle.succeeded(host, user);

      const endpoint = endpointOf(right, realm);
      if (!endpoint || endpoint !== claim.endpoint || !endpoint.enabled) {
        log.info(
          { user, host, method: request.method },
          endpoint?.enabled ? 'not its own address' : 'disabled endpoint',
        );
        return refuse(403);
      }
      return endpoint;
    },
  };
}

function credentialsFor(realm: string, { headers }: SipRequest): Credentials[] {
  return headers
    .all('authorization')
    .slice(0, MAX_CREDENTIALS)
    .map(parseCredentials)
    .filter((credentials) => credentials !== undefined)
    .filter((credentials) => credentials.realm.toLowerCase() === realm.toLowerCase());
}
