/** `WWW-Authenticate` (RFC 3261 20.44, RFC 7616 3.3, RFC 8760 2). */
import { printAuthParams } from '../header-values';
import type { TransportName } from '../transport/transport';
import type { Algorithm } from './digest-response';

export interface Challenge {
  realm: string;
  nonce: string;
  /** The nonce of the credentials is used up: a client tries again with this one, and asks nobody. */
  stale: boolean;
  algorithms: readonly Algorithm[];
}

/** One header an algorithm, with the nonce that all share. */
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
 * MD5 first, against RFC 8760 2.3: of two challenges sipp 3.6 and pjsip up to 2.10 look at the first alone, and fail where
 * it is SHA-256. Who knows both and cares for strength picks the second.
 */
export const ALGORITHMS: readonly Algorithm[] = ['MD5', 'SHA-256'];
const MD5_ONLY: readonly Algorithm[] = ['MD5'];

/**
 * Phones that do not know SHA-256 and fail where it is offered. baresip before 3.12 (libre without SHA-256) gives up as soon
 * as any challenge is not MD5, in whichever place: measured with 1.0.0, "Function not implemented". Twinkle takes the last
 * challenge: measured with 1.10.2, "Authentication algorithm SHA-256 not supported".
 */
const GIVES_UP = /\b(?:baresip v?(?:[0-2]\.|3\.(?:\d|1[01])(?:\.|\b))|Twinkle\/)/i;

/**
 * Over WebSocket it is SIP.js or JsSIP, under whatever name: of several challenges they take the last, and fail where it is
 * not MD5 (measured with SIP.js 0.21.2).
 */
const OVER_WEB_SOCKET: ReadonlySet<TransportName> = new Set(['WS', 'WSS']);

export function algorithmsFor(userAgent: string | undefined, transport: TransportName): readonly Algorithm[] {
  if (OVER_WEB_SOCKET.has(transport)) return MD5_ONLY;
  return userAgent !== undefined && GIVES_UP.test(userAgent) ? MD5_ONLY : ALGORITHMS;
}
