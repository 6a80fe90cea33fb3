/**
 * Slows down whoever guesses passwords. A registrar that the internet reaches is tried within hours.
 *
 * Failures count by source address, and by user together with the address, so that whoever guesses at a name locks out
 * his own address and not the phone of that name. Guesses from many addresses count by user too, with a much higher bound.
 * A user who has got in from an address before waits there only for his own failures: not for those of his neighbours
 * behind the same NAT, nor for strangers who guess at his name.
 */
import { isIPv6 } from 'node:net';
import { createSteadyClock } from '../support/steady-clock';

export interface ThrottleLimits {
  /** How long failures count, from the first on; ms. */
  windowMs: number;
  /** Failures in a window; from then on nothing is checked until it is over. A whole office may share an address. */
  failuresPerAddress: number;
  /** The same for addresses of this machine itself: scripts that try things out, seldom thieves. */
  failuresPerLoopback: number;
  failuresPerUserAndAddress: number;
  failuresPerUser: number;
  /** Challenges at once to an address that does not answer them; each that is answered rightly is given back. */
  challengeBurst: number;
  /** How many of those come back in a second. */
  challengesPerSecond: number;
  /** Addresses, users, … remembered; the oldest are forgotten first. */
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
   * Whether this one may try.
   * @returns seconds to wait; 0: it may
   */
  waitFor(host: string, user: string): number;
  /** Wrong credentials. */
  failed(host: string, user: string): void;
  /** Right ones. */
  succeeded(host: string, user: string): void;
  /** A challenge is to be sent. @returns seconds to wait before there may be another; 0: this one may go out */
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
  const known = new Map<string, true>(); // user and address of those who got in, least recent first
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
      // Not the address: whoever has an account of his own must not wipe out what he guessed at others.
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
  /** Seconds until this key counts from 0 again; 0 where it is below the limit. */
  wait(key: string, limit: number): number;
  add(key: string): void;
  forget(key: string): void;
}

function createCounter(windowMs: number, maxEntries: number, now: () => number): Counter {
  const counts = new Map<string, { count: number; until: number }>(); // all windows are as long: in the order of their ends
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

/** @param key of an address */
function isLoopback(key: string): boolean {
  return key.startsWith('127.') || key === LOOPBACK_V6;
}

/** The /64 of ::1. */
const LOOPBACK_V6 = '0:0:0:0';

/** Of IPv6 the /64: whoever has one address there has all. An IPv4 address in IPv6 clothes is itself. */
function addressKey(host: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host);
  if (mapped?.[1] !== undefined) return mapped[1];
  if (!isIPv6(host)) return host;
  const [head = '', tail] = host.toLowerCase().split('::', 2);
  const groups = head === '' ? [] : head.split(':');
  // What `::` leaves out are zeros; how many the groups after it tell.
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - groups.length - after.length - (tail.includes('.') ? 1 : 0);
  const all = [...groups, ...Array<string>(Math.max(0, zeros)).fill('0'), ...after];
  return all
    .slice(0, 4)
    .map((group) => parseInt(group, 16).toString(16))
    .join(':');
}
