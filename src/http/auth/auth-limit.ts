/**
 * Limits failed logins, per address and in total. Used by Tandem and by the platform.
 *
 * - An address with too many failures is refused, even with correct credentials. Otherwise guessing could go on.
 * - Too many failures in total refuse only addresses that have failed. A client with its own address can always try.
 * - An address that has sent correct credentials keeps access, even if other clients behind the same proxy or NAT fail.
 */
import type { IncomingMessage } from 'node:http';
import { isIPv4, isIPv6 } from 'node:net';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { Logger } from '../../support/logger';

export interface AuthLimitOptions {
  /** The group of credentials: `webhooks`, `api` or `platform`. */
  realm: string;
  log: Logger;
  perAddress?: number;
  inAll?: number;
  windowSeconds?: number;
}

export interface AuthLimit {
  /**
   * Counts the result of a credentials check.
   * @returns seconds until the next attempt is allowed; undefined if the attempt is within the limits
   */
  settle(request: IncomingMessage, isCorrect: boolean): Promise<number | undefined>;
}

const MAX_KNOWN = 10_000;
const ALL = 'all';

export function createAuthLimit(options: AuthLimitOptions): AuthLimit {
  const { realm, log, perAddress = 10, inAll = 200, windowSeconds = 60 } = options;
  const addresses = new RateLimiterMemory({ points: perAddress, duration: windowSeconds });
  const all = new RateLimiterMemory({ points: inAll, duration: windowSeconds });
  const known = new Set<string>();

  /** Returns the milliseconds until the limit ends; 0 if it is not reached. */
  const limited = async (address: string): Promise<number> => {
    const [own, total] = await Promise.all([addresses.get(address), all.get(ALL)]);
    if (own && own.consumedPoints >= perAddress) return own.msBeforeNext;
    if (own && total && total.consumedPoints >= inAll) return total.msBeforeNext;
    return 0;
  };

  const fail = async (address: string): Promise<void> => {
    const [own, total] = await Promise.all([addresses.penalty(address), all.penalty(ALL)]);
    if (own.consumedPoints === perAddress || total.consumedPoints === inAll)
      log.warn(
        { event: 'authentication-limited', realm, address, failures: total.consumedPoints },
        'too many failed logins; further ones are refused with 429',
      );
  };

  const remember = (address: string): void => {
    if (known.size >= MAX_KNOWN) for (const oldest of known) return void (known.delete(oldest) && known.add(address));
    known.add(address);
  };

  return {
    async settle(request, isCorrect) {
      const address = networkOf(request.socket.remoteAddress ?? '');
      if (isCorrect && known.has(address)) return undefined;
      const wait = await limited(address);
      if (wait > 0) return Math.ceil(wait / 1_000);
      if (isCorrect) remember(address);
      else await fail(address);
      return undefined;
    },
  };
}

/** Counts an IPv6 /64 network as one address, as a client can usually use all its addresses. */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (isIPv4(plain) || !isIPv6(plain)) return plain;
  const [head = '', tail = ''] = plain.replace(/%.*$/, '').split('::');
  const groups = head === '' ? [] : head.split(':');
  const missing = plain.includes('::') ? 8 - groups.length - (tail === '' ? 0 : tail.split(':').length) : 0;
  const whole = [...groups, ...Array<string>(Math.max(0, missing)).fill('0'), ...(tail === '' ? [] : tail.split(':'))];
  return `${whole
    .slice(0, 4)
    .map((group) => parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
