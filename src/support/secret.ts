/** Comparison of secrets in constant time. */
import { createHash, timingSafeEqual } from 'node:crypto';

/** Of one length for every text. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** @returns whether a text is the secret; its time does not depend on how much of it is right */
export function secretCheck(secret: string): (given: string) => boolean {
  const expected = digest(secret);
  return (given) => timingSafeEqual(digest(given), expected);
}
