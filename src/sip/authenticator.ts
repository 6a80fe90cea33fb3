/**
 * Authenticates the sender of a request (RFC 3261 22, RFC 7616, RFC 8760). The responses do not reveal whether a user
 * or a domain exists: without a valid password, a client gets the same responses for every name.
 */
import type { Logger } from '../support/logger';
import type { SipAccounts, SipEndpoint } from './accounts';
import { ALGORITHMS, algorithmsFor, challengeHeaders } from './digest/challenge';
import { createClaims, type Claim } from './digest/claims';
import { parseCredentials, type Credentials } from './digest/credentials';
import { createNonces } from './digest/nonces';
import { createVerifier } from './digest/verify';
import type { SipRequest } from './message';
import { responseTo } from './respond';
import { createThrottle, type Throttle } from './throttle';
import type { ServerTransaction } from './transaction/transaction';
import type { Flow } from './transport/transport';
import { createSteadyClock } from '../support/steady-clock';

/** Credentials checked per request: baresip answers each of two challenges. */
const MAX_CREDENTIALS = 4;
/** Length of a user name in logs and throttles. */
const MAX_NAME_LENGTH = 400;

const NO_USERS: ReadonlySet<string> = new Set();

export interface Authenticator {
  /**
   * Authenticates a request by the endpoint's password or one of its tokens. A REGISTER must also name the endpoint in
   * `To`.
   * @returns the endpoint; undefined if the request has been rejected with 401, 403 or 503
   */
  authenticate(transaction: ServerTransaction): SipEndpoint | undefined;
  /** Ids of the endpoints that have authenticated over this flow. */
  usersOf(flow: Flow): ReadonlySet<string>;
}

export interface AuthenticatorOptions {
  domains: SipAccounts;
  log: Logger;
  /** Called when a request with credentials is rejected. */
  failed?: (reason: 'credentials' | 'address' | 'disabled' | 'throttled') => void;
  /** ms */
  now?: () => number;
  throttle?: Throttle;
  /**
   * Host names of this server that phones may use as their domain. IP addresses and `localhost` are always accepted.
   */
  serverNames?: readonly string[];
}

export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { domains, log, now = createSteadyClock(), serverNames = [], failed = () => undefined } = options;
  const throttle = options.throttle ?? createThrottle({}, now);
  const nonces = createNonces(now);
  const claimOf = createClaims(domains, new Set(['localhost', ...serverNames.map((name) => name.toLowerCase())]));
  const verify = createVerifier(now);
  const users = new WeakMap<Flow, Set<string>>();

  return {
    authenticate(transaction) {
      const { request, flow } = transaction;
      const { host } = flow.remote;

      const refuse = (status: number, headers: [string, string][] = []): undefined =>
        void transaction.respond(responseTo(request, status, { headers }));
      // 503 rather than 403: other phones at the same address retry later.
      const refuseFor = (seconds: number): undefined => {
        failed('throttled');
        return refuse(503, [['Retry-After', String(seconds)]]);
      };
      const challenge = (realm: string, why: 'first' | 'stale' | 'failed'): undefined => {
        const wait = throttle.challenge(host);
        if (wait > 0) return refuseFor(wait);
        const algorithms = algorithmsFor(request.headers.get('user-agent'), flow.transport);
        const nonce = nonces.issue(host, why === 'failed');
        return refuse(401, challengeHeaders({ realm, nonce, stale: why === 'stale', algorithms }));
      };

      const claim = claimOf(request);
      if (!claim) return refuse(403);
      const { realm } = claim;
      const blocked = throttle.waitFor(host, fullName(claim.user, realm));
      if (blocked > 0) return refuseFor(blocked);

      const offered = credentialsFor(realm, request);
      if (offered.length === 0) return challenge(realm, 'first');
      // A nonce that was issued to another address, or before a restart, counts as stale: no password is checked. So
      // failed guesses only count for addresses that receive our responses, not for forged ones.
      const current = offered.filter(({ nonce }) => nonces.isCurrent(nonce, host));
      const [first] = current;
      if (!first) return challenge(realm, 'stale');

      const name = fullName(first.username, realm);
      const wait = throttle.waitFor(host, name);
      if (wait > 0) return refuseFor(wait);
      // At most one per algorithm and all for the same user. Otherwise one request could contain many guesses.
      const guesses = ALGORITHMS.map((algorithm) =>
        current.find((credentials) => credentials.algorithm === algorithm && credentials.username === first.username),
      );
      const right = guesses.find(
        (credentials) => credentials && verify(credentials, endpointOf(credentials, realm, domains), request.method),
      );
      if (!right) {
        throttle.failed(host, name);
        failed('credentials');
        log.info(
          { event: 'sip-auth-failed', user: name, host, method: request.method, reason: 'credentials' },
          'wrong SIP credentials',
        );
        // Challenge again once, so that the phone can ask its user for the password. Then refuse: baresip 1.0 would
        // retry a hundred times a second.
        return nonces.isAfterFailure(first.nonce) ? refuse(403) : challenge(realm, 'failed');
      }
      if (!nonces.use(right.nonce, right.counted?.count)) return challenge(realm, 'stale');
      throttle.succeeded(host, name);

      const endpoint = endpointOf(right, realm, domains);
      if (!endpoint?.enabled || !mayClaim(endpoint, claim, request)) {
        const reason = endpoint?.enabled ? 'address' : 'disabled';
        failed(reason);
        log.info(
          { event: 'sip-auth-failed', user: name, host, method: request.method, reason },
          endpoint?.enabled ? 'SIP credentials do not match the address' : 'SIP endpoint is disabled',
        );
        return refuse(403);
      }
      if (flow.reliable) users.set(flow, (users.get(flow) ?? new Set()).add(endpoint.id));
      return endpoint;
    },
    usersOf: (flow) => users.get(flow) ?? NO_USERS,
  };
}

/**
 * A REGISTER must be for the endpoint's own address. Other requests may have any `From` except that of another
 * endpoint.
 */
function mayClaim(endpoint: SipEndpoint, claim: Claim, { method }: SipRequest): boolean {
  return claim.endpoint === endpoint || (method !== 'REGISTER' && claim.endpoint === undefined);
}

function credentialsFor(realm: string, { headers }: SipRequest): Credentials[] {
  return headers
    .all('authorization')
    .slice(0, MAX_CREDENTIALS)
    .map(parseCredentials)
    .filter((credentials) => credentials !== undefined)
    .filter((credentials) => credentials.realm.toLowerCase() === realm.toLowerCase());
}

/** The endpoint whose password the credentials must match. */
function endpointOf({ username }: Credentials, realm: string, domains: SipAccounts): SipEndpoint | undefined {
  return domains.endpointBySipUri(`sip:${fullName(username, realm)}`);
}

/** Returns `user@realm` for both `user` and `user@realm`. */
function fullName(username: string, realm: string): string {
  const suffix = `@${realm.toLowerCase()}`;
  const user = username.toLowerCase().endsWith(suffix) ? username.slice(0, -suffix.length) : username;
  return `${user}@${realm}`.slice(0, MAX_NAME_LENGTH);
}
