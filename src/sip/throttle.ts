/**
 * Limits failed logins. A registrar on the public internet is attacked within hours.
 *
 * Failures are counted per source address, per user and address, and per user. An attacker who guesses a user's
 * password is refused by address, while the user's own phone at another address still gets in. The limit per user is
 * much higher and stops guesses from many addresses. After a user has logged in from an address, only failures of that
 * user at that address count there: not those of other users behind the same NAT, nor guesses from elsewhere.
 */
import { isIPv6 } from 'node:net';
import { createSteadyClock } from '../support/steady-clock';

export interface ThrottleLimits {
  /** Length of a window, which begins with the first failure; ms. */
  windowMs: number;
  /** Failures in a window, after which requests are refused until it ends. A whole office may share an address. */
  failuresPerAddress: number;
  /** The same for loopback addresses, which are mostly used by test scripts. */
  failuresPerLoopback: number;
  failuresPerUserAndAddress: number;
  failuresPerUser: number;
  /** Unanswered challenges to one address. Each successful login gives one back. */
  challengeBurst: number;
  /** Rate at which challenges become available again. */
  challengesPerSecond: number;
  /** Size of each table. The oldest entries are dropped first. */
  maxEntries: number;
}

const DEFAULT_THROTTLE: ThrottleLimits = {
  windowMs: 300_000,
  failuresPerAddress: 50,
  failuresPerLoopback: 1_000,
  failuresPerUserAndAddress: 10,
  failuresPerUser: 300,
  challengeBurst: 1_000,
  challengesPerSecond: 50,
  maxEntries: 10_000,
};

export interface Throttle {
  /**
   * Whether a login attempt is allowed.
   * @returns seconds to wait; 0 if it is allowed
   */
  waitFor(host: string, user: string): number;
  /** Records a failed login. */
  failed(host: string, user: string): void;
  /** Records a successful login. */
  succeeded(host: string, user: string): void;
  /** Requests permission to send a challenge. @returns seconds to wait; 0 if it is allowed */
  challenge(host: string): number;
}

/** @param now ms */
export function createThrottle(
  limits: Partial<ThrottleLimits> = {},
  now: () => number = createSteadyClock(),
): Throttle {
  const settings = { ...DEFAULT_THROTTLE, ...limits };
  const { windowMs, maxEntries, challengeBurst, challengesPerSecond } = settings;
  const byAddress = createCounter(windowMs, maxEntries, now);
  const byUserAndAddress = createCounter(windowMs, maxEntries, now);
  const byUser = createCounter(windowMs, maxEntries, now);
  const known = new Map<string, true>(); // user and address of successful logins, least recent first
  const challenged = new Map<string, { left: number; at: number }>();

  return {
    waitFor(host, user) {
      const address = addressKey(host);
      const both = pairKey(user, address);
      const wait = byUserAndAddress.wait(both, settings.failuresPerUserAndAddress);
      if (known.has(both)) return wait;
      const perAddress = isLoopback(address) ? settings.failuresPerLoopback : settings.failuresPerAddress;
      return Math.max(wait, byAddress.wait(address, perAddress), byUser.wait(user, settings.failuresPerUser));
    },
    failed(host, user) {
      const address = addressKey(host);
      byAddress.add(address);
      byUserAndAddress.add(pairKey(user, address));
      byUser.add(user);
    },
    succeeded(host, user) {
      const address = addressKey(host);
      const both = pairKey(user, address);
      // The address keeps its count: an attacker with an account must not be able to clear failed guesses at others.
      byUserAndAddress.forget(both);
      known.delete(both);
      known.set(both, true);
      dropOldest(known, maxEntries);
      const bucket = challenged.get(address);
      if (bucket) bucket.left = Math.min(challengeBurst, bucket.left + 1);
    },
    challenge(host) {
      const address = addressKey(host);
      const time = now();
      const { left, at } = challenged.get(address) ?? { left: challengeBurst, at: time };
      const refilled = Math.min(challengeBurst, left + ((time - at) / 1000) * challengesPerSecond);
      challenged.delete(address);
      challenged.set(address, { left: Math.max(0, refilled - 1), at: time });
      dropOldest(challenged, maxEntries);
      return refilled >= 1 ? 0 : Math.max(1, Math.ceil((1 - refilled) / challengesPerSecond));
    },
  };
}

interface Counter {
  /** Seconds until the key's window ends; 0 if its count is below the limit. */
  wait(key: string, limit: number): number;
  add(key: string): void;
  forget(key: string): void;
}

function createCounter(windowMs: number, maxEntries: number, now: () => number): Counter {
  const counts = new Map<string, { count: number; until: number }>(); // ordered by end: all windows have the same length
  return {
    wait(key, limit) {
      const entry = counts.get(key);
      if (!entry || entry.count < limit) return 0;
      return Math.max(0, Math.ceil((entry.until - now()) / 1000));
    },
    add(key) {
      const time = now();
      const entry = counts.get(key);
      if (entry && entry.until > time) {
        entry.count++;
        return;
      }
      counts.delete(key);
      counts.set(key, { count: 1, until: time + windowMs });
      dropOldest(counts, maxEntries);
    },
    forget: (key) => void counts.delete(key),
  };
}

function dropOldest(map: Map<string, unknown>, max: number): void {
  for (const key of map.keys()) {
    if (map.size <= max) break;
    map.delete(key);
  }
}

function pairKey(user: string, address: string): string {
  return `${address} ${user}`;
}

/** @param key see `addressKey` */
function isLoopback(key: string): boolean {
  return key.startsWith('127.') || key === LOOPBACK_V6;
}

/** Key of ::1, which is its /64. */
const LOOPBACK_V6 = '0:0:0:0';

/** An IPv6 address counts by its /64, because a host can use all of it. An IPv4-mapped address counts as IPv4. */
function addressKey(host: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host);
  if (mapped?.[1] !== undefined) return mapped[1];
  if (!isIPv6(host)) return host;
  const [head = '', tail] = host.toLowerCase().split('::', 2);
  const groups = head === '' ? [] : head.split(':');
  // Expand `::` to the missing groups of zeros.
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - groups.length - after.length - (tail.includes('.') ? 1 : 0);
  const all = [...groups, ...Array<string>(Math.max(0, zeros)).fill('0'), ...after];
  return all
    .slice(0, 4)
    .map((group) => parseInt(group, 16).toString(16))
    .join(':');
}
