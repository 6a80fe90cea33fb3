/**
 * Who sends a request (RFC 3261 22, RFC 7616, RFC 8760). Nothing in an answer says whether a user or a domain exists:
 * whoever has no right password for it gets the same answers for every name.
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

/** Credentials looked at in one request: baresip answers each of two challenges. */
const MAX_CREDENTIALS = 4;
/** Of a name in logs and throttles. */
const MAX_NAME_LENGTH = 400;

const NO_USERS: ReadonlySet<string> = new Set();

export interface Authenticator {
  /**
   * The endpoint that sends the request: proven by its password or one of its tokens, and named in `To` (REGISTER).
   * undefined: answered already, with 401, 403 or 503.
   */
  authenticate(transaction: ServerTransaction): SipEndpoint | undefined;
  /** Ids of the endpoints that have proven themselves over this flow. */
  usersOf(flow: Flow): ReadonlySet<string>;
}

export interface AuthenticatorOptions {
  domains: SipAccounts;
  log: Logger;
  /** A request with credentials was refused. */
  failed?: (reason: 'credentials' | 'address' | 'disabled' | 'throttled') => void;
  /** ms */
  now?: () => number;
  throttle?: Throttle;
  /** Host names of this server, which phones may have for a domain; IP addresses and `localhost` always are. */
  serverNames?: readonly string[];
}

export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { domains, log, now = createSteadyClock(), serverNames = [], failed = () => undefined } = options;
  const throttle = options.throttle ?? createThrottle({}, now);
  const nonces = createNonces(now);
  const claimOf = createClaims(domains, new Set(['localhost', ...serverNames.map((name) => name.toLowerCase())]));
  const isRight = createVerifier(now);
  const users = new WeakMap<Flow, Set<string>>();

  return {
    authenticate(transaction) {
      const { request, flow } = transaction;
      const { host } = flow.remote;

      const refuse = (status: number, headers: [string, string][] = []): undefined =>
        void transaction.respond(responseTo(request, status, { headers }));
      // 503 and not 403: it passes by itself, and a phone that shares the address with the culprit tries again later.
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
      // A nonce of somebody else, or of before a restart, is as good as an old one: no password is tried with it. Guesses
      // that count can so only come from an address that gets our answers, not from one that is made up.
      const current = offered.filter(({ nonce }) => nonces.isCurrent(nonce, host));
      const [first] = current;
      if (!first) return challenge(realm, 'stale');

      const name = fullName(first.username, realm);
      const wait = throttle.waitFor(host, name);
      if (wait > 0) return refuseFor(wait);
      // One of each algorithm, all for one user: or a request would be many guesses.
      const guesses = ALGORITHMS.map((algorithm) =>
        current.find((credentials) => credentials.algorithm === algorithm && credentials.username === first.username),
      );
      const right = guesses.find(
        (credentials) => credentials && isRight(credentials, endpointOf(credentials, realm, domains), request.method),
      );
      if (!right) {
        throttle.failed(host, name);
        failed('credentials');
        log.info(
          { event: 'sip-auth-failed', user: name, host, method: request.method, reason: 'credentials' },
          'wrong SIP credentials',
        );
        // Once more, as whoever mistyped it may be asked; but baresip 1.0 would go on at a hundred tries a second.
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
          endpoint?.enabled ? 'SIP credentials of another address' : 'SIP credentials of a disabled endpoint',
        );
        return refuse(403);
      }
      if (flow.reliable) users.set(flow, (users.get(flow) ?? new Set()).add(endpoint.id));
      return endpoint;
    },
    usersOf: (flow) => users.get(flow) ?? NO_USERS,
  };
}

/** What is registered must be the own address; a call may show any `From` but that of another endpoint. */
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

/** Whose password it must be. */
function endpointOf({ username }: Credentials, realm: string, domains: SipAccounts): SipEndpoint | undefined {
  return domains.endpointBySipUri(`sip:${fullName(username, realm)}`);
}

/** `user` and `user@realm` are the same user. */
function fullName(username: string, realm: string): string {
  const suffix = `@${realm.toLowerCase()}`;
  const user = username.toLowerCase().endsWith(suffix) ? username.slice(0, -suffix.length) : username;
  return `${user}@${realm}`.slice(0, MAX_NAME_LENGTH);
}
