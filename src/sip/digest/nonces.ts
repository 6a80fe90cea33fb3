/** Nonces of digest challenges (RFC 7616 3.3, 5.4): nothing is kept of one until valid credentials used it. */
import { createHmac, randomBytes } from 'node:crypto';
import { pooledRandomBytes } from '../../support/random';
import { createSteadyClock } from '../../support/steady-clock';
import { sameText } from './digest-response';

/** How old a nonce may be; ms. A phone that keeps one for longer is told `stale`, and asks its user nothing. */
export const NONCE_LIFETIME_MS = 300_000;
/** Nonces in use whose counts are known: beyond that the oldest count as used up. */
const MAX_USED = 50_000;
/** Counts that may overtake each other: requests sent at once over UDP. */
const WINDOW = 32;

/** Time of issue, in ms; a flag; salt; and the code that only this process can make of them. */
const TIME_BYTES = 6;
const FLAG_AT = TIME_BYTES;
const SALT_BYTES = 5;
const HEAD_BYTES = TIME_BYTES + 1 + SALT_BYTES;
const MAC_BYTES = 12;
/** In characters: 24 bytes of base64url. */
const LENGTH = ((HEAD_BYTES + MAC_BYTES) * 4) / 3;

/** How often a nonce was used. */
interface Use {
  issuedAt: number;
  highest: number;
  /** Bit n: the count `highest - n` was seen. */
  seen: number;
}

export interface Nonces {
  /**
   * @param peer whom it is for: nobody else can use it
   * @param afterFailure it goes to somebody whose credentials were wrong
   */
  issue(peer: string, afterFailure?: boolean): string;
  /** Of a nonce that is current: what was said when it was issued. */
  isAfterFailure(nonce: string): boolean;
  /** Whether it was issued here, to this peer, and is not too old. */
  isCurrent(nonce: string, peer: string): boolean;
  /**
   * Notes a use by valid credentials, of a nonce that is current.
   * @param count `nc`; undefined (a client without `qop`) uses the nonce up
   * @returns false where this count was used before: a replay, or a client that does not count
   */
  use(nonce: string, count: number | undefined): boolean;
  /** Nonces whose counts are kept. */
  readonly size: number;
}

/** @param now ms; @param maxUsed for tests */
export function createNonces(now: () => number = createSteadyClock(), maxUsed = MAX_USED): Nonces {
  const key = randomBytes(32);
  const used = new Map<string, Use>(); // in the order of their first uses
  /** Nonces issued up to here and not in the table may have been used: they are not taken any more. */
  let forgottenUntil = 0;

  const macOf = (head: Buffer, peer: string): Buffer =>
    createHmac('sha256', key).update(head).update(peer, 'utf8').digest().subarray(0, MAC_BYTES);

  const forgetOldest = (): void => {
    const earliest = now() - NONCE_LIFETIME_MS;
    for (const [nonce, { issuedAt }] of used) {
      if (used.size < maxUsed && issuedAt >= earliest) break;
      used.delete(nonce);
      forgottenUntil = Math.max(forgottenUntil, issuedAt);
    }
  };

  return {
    issue(peer, afterFailure = false) {
      const head = Buffer.allocUnsafe(HEAD_BYTES);
      // Later than any that is forgotten, or this one would be refused too.
      head.writeUIntBE(Math.max(now(), forgottenUntil + 1), 0, TIME_BYTES);
      head[FLAG_AT] = Number(afterFailure);
      pooledRandomBytes(SALT_BYTES).copy(head, FLAG_AT + 1);
      return Buffer.concat([head, macOf(head, peer)]).toString('base64url');
    },
    isAfterFailure: (nonce) => Buffer.from(nonce, 'base64url')[FLAG_AT] === 1,
    isCurrent(nonce, peer) {
      if (nonce.length !== LENGTH) return false;
      const bytes = Buffer.from(nonce, 'base64url');
      if (bytes.length !== HEAD_BYTES + MAC_BYTES) return false;
      const head = bytes.subarray(0, HEAD_BYTES);
      // The text as a whole: other spellings of the same bytes would have counts of their own.
      if (!sameText(nonce, Buffer.concat([head, macOf(head, peer)]).toString('base64url'))) return false;
      const issuedAt = issueTime(nonce);
      return now() - issuedAt < NONCE_LIFETIME_MS && (issuedAt > forgottenUntil || used.has(nonce));
    },
    use(nonce, count) {
      const use = used.get(nonce);
      if (use) return count !== undefined && take(use, count);
      if (count !== undefined && count < 1) return false;
      forgetOldest();
      const highest = count ?? Infinity;
      used.set(ownCopy(nonce), { issuedAt: issueTime(nonce), highest, seen: 1 });
      return true;
    },
    get size() {
      return used.size;
    },
  };
}

/** The nonce was cut out of a message, which a key that lives on would keep in memory. */
function ownCopy(nonce: string): string {
  return Buffer.from(nonce, 'base64url').toString('base64url');
}

function issueTime(nonce: string): number {
  return Buffer.from(nonce.slice(0, (TIME_BYTES * 4) / 3), 'base64url').readUIntBE(0, TIME_BYTES);
}

/** Whether the count is new; it is not afterwards. */
function take(use: Use, count: number): boolean {
  const ahead = count - use.highest;
  if (ahead > 0) {
    use.seen = ahead < WINDOW ? ((use.seen << ahead) | 1) >>> 0 : 1;
    use.highest = count;
    return true;
  }
  const bit = -ahead < WINDOW ? (1 << -ahead) >>> 0 : 0;
  if (count < 1 || bit === 0 || (use.seen & bit) !== 0) return false;
  use.seen = (use.seen | bit) >>> 0;
  return true;
}
