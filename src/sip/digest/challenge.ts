/** `WWW-Authenticate` (RFC 3261 20.44, RFC 7616 3.3, RFC 8760 2). */
import { printAuthParams } from '../header-values';
import type { TransportName } from '../transport/transport';
import type { Algorithm } from './digest-response';

export interface Challenge {
  realm: string;
  nonce: string;
  /** The nonce in the credentials has expired: the client retries with the new one without asking its user. */
  stale: boolean;
  algorithms: readonly Algorithm[];
}

/** One header per algorithm. All have the same nonce. */
export function challengeHeaders({ realm, nonce, stale, algorithms }: Challenge): [name: string, value: string][] {
  return algorithms.map((algorithm) => [
    'WWW-Authenticate',
    printAuthParams('Digest', [
      ['realm', realm, true],
      ['nonce', nonce, true],
      ['algorithm', algorithm, false],
      ['qop', 'auth', true],
      ...(stale ? ([['stale', 'true', false]] as const) : []),
    ]),
  ]);
}

/**
 * MD5 is first, contrary to RFC 8760 2.3: sipp 3.6 and pjsip up to 2.10 use only the first challenge, and fail if it is
 * SHA-256. Clients that support both can choose the second.
 */
export const ALGORITHMS: readonly Algorithm[] = ['MD5', 'SHA-256'];
const MD5_ONLY: readonly Algorithm[] = ['MD5'];

/**
 * Phones that fail if SHA-256 is offered. baresip before 3.12 (libre without SHA-256) gives up if any challenge is not
 * MD5: measured with 1.0.0, "Function not implemented". Twinkle uses the last challenge: measured with 1.10.2,
 * "Authentication algorithm SHA-256 not supported".
 */
const FAILS_WITH_SHA256 = /\b(?:baresip v?(?:[0-2]\.|3\.(?:\d|1[01])(?:\.|\b))|Twinkle\/)/i;

/**
 * WebSocket clients use SIP.js or JsSIP, with any User-Agent. These libraries use the last challenge, and fail if it is
 * not MD5 (measured with SIP.js 0.21.2).
 */
const WEB_SOCKET_TRANSPORTS: ReadonlySet<TransportName> = new Set(['WS', 'WSS']);

export function algorithmsFor(userAgent: string | undefined, transport: TransportName): readonly Algorithm[] {
  if (WEB_SOCKET_TRANSPORTS.has(transport)) return MD5_ONLY;
  return userAgent !== undefined && FAILS_WITH_SHA256.test(userAgent) ? MD5_ONLY : ALGORITHMS;
}
