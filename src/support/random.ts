import { randomBytes } from 'node:crypto';

/** Size of one read from the system's generator. Many small reads would cost more than the values are worth. */
const POOL_BYTES = 4_096;
let pool = Buffer.alloc(0);
let used = 0;

/**
 * Cryptographically random bytes from a pool. Each byte is returned once.
 * @param length at most 4,096
 * @returns a buffer that belongs to the caller
 */
export function pooledRandomBytes(length: number): Buffer {
  if (used + length > pool.length) {
    pool = randomBytes(POOL_BYTES); // a new buffer: callers keep slices of the old one
    used = 0;
  }
  return pool.subarray(used, (used += length));
}
