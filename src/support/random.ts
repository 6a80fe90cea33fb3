import { randomBytes } from 'node:crypto';

/** Fetched for many uses at once: a request to the system for each costs more than what is made of it. */
const POOL_BYTES = 4_096;
let pool = Buffer.alloc(0);
let used = 0;

/**
 * Bytes that nobody can guess, each given out once.
 * @param length at most 4,096; the bytes are the caller's own
 */
export function pooledRandomBytes(length: number): Buffer {
  if (used + length > pool.length) {
    pool = randomBytes(POOL_BYTES); // a new one: what was given out stays as it is
    used = 0;
  }
  return pool.subarray(used, (used += length));
}
