/** Nonces of digest challenges (RFC 7616 3.3, 5.4). A nonce takes no memory until valid credentials use it. */
import { createHmac, randomBytes } from 'node:crypto';
import { pooledRandomBytes } from '../../support/random';
import { createSteadyClock } from '../../support/steady-clock';
import { sameText } from './digest-response';

/**
 * Maximum age of a nonce; ms. An older one is answered with `stale`, so that the phone retries without asking its user.
 */
export const NONCE_LIFETIME_MS = 300_000;
/** Number of nonces whose use is recorded. Beyond it, the oldest become invalid. */
const MAX_USED = 50_000;
/** Counts that may arrive out of order, because requests over UDP can overtake each other. */
const WINDOW = 32;

/** Layout of a nonce: time of issue in ms, flag, salt, and a MAC that only this process can compute. */
const TIME_BYTES = 6;
const FLAG_AT = TIME_BYTES;
const SALT_BYTES = 5;
const HEAD_BYTES = TIME_BYTES + 1 + SALT_BYTES;
const MAC_BYTES = 12;
/** Length of a nonce in characters: 24 bytes in base64url. */
const LENGTH = ((HEAD_BYTES + MAC_BYTES) * 4) / 3;

/** The counts with which a nonce was used. */
interface Use {
  issuedAt: number;
  highest: number;
  /** Bit n: the count `highest - n` was seen. */
  seen: number;
}

export interface Nonces {
  /**
   * @param peer address of the client. The nonce is valid only for this address.
   * @param afterFailure whether the challenge answers wrong credentials
   */
  issue(peer: string, afterFailure?: boolean): string;
  /** The `afterFailure` flag of a current nonce. */
  isAfterFailure(nonce: string): boolean;
  /** Whether the nonce was issued by this process to this peer, and has not expired. */
  isCurrent(nonce: string, peer: string): boolean;
  /**
   * Records the use of a current nonce by valid credentials.
   * @param count `nc`. If undefined (a client without `qop`), the nonce can be used once only.
   * @returns false if this count was used before: a replay, or a client that does not count
   */
  use(nonce: string, count: number | undefined): boolean;
  /** Number of nonces whose use is recorded. */
  readonly size: number;
}

/** @param now ms @param maxUsed for tests */
export function createNonces(now: () => number = createSteadyClock(), maxUsed = MAX_USED): Nonces {
  const key = randomBytes(32);
  const used = new Map<string, Use>(); // ordered by first use
  /** Nonces that were issued up to this time and are not in the table may have been used: they are rejected. */
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
      // Later than any dropped nonce. Otherwise this one would be rejected too.
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
      // Compare the text, not the bytes: another spelling of the same bytes would have its own counts.
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

/** Copies the nonce. A slice of the message would keep the whole message in memory. */
function ownCopy(nonce: string): string {
  return Buffer.from(nonce, 'base64url').toString('base64url');
}

function issueTime(nonce: string): number {
  return Buffer.from(nonce.slice(0, (TIME_BYTES * 4) / 3), 'base64url').readUIntBE(0, TIME_BYTES);
}

/** Marks a count as used. @returns whether it was unused */
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
