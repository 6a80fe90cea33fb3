import { pooledRandomBytes } from './random';

/** What an id names; the prefix is how v1 ids look on the wire (`c-m6dz5lqurhhxnn7is6v3w4y`). */
export const ID_PREFIXES = {
  call: 'c',
  bridge: 'brg',
  application: 'a',
  domain: 'rd',
  endpoint: 're',
  number: 'n',
  error: 'ue',
  event: 'ev',
  gather: 'g',
  recording: 'rec',
  flow: 'f',
  sandboxPhone: 'sp',
  sandboxCall: 'sc',
} as const;

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** Letters and digits that nobody can guess: five bits of randomness each. */
export function randomText(length: number): string {
  let text = '';
  for (const byte of pooledRandomBytes(length)) text += ALPHABET.charAt(byte & 31);
  return text;
}

/** A new opaque id with 115 bits of randomness: prefix, dash, 23 characters of base 32. */
export function newId(kind: keyof typeof ID_PREFIXES): string {
  return `${ID_PREFIXES[kind]}-${randomText(23)}`;
}

/**
 * The id in a `Location` header: what follows the last slash. The path may be relative or absolute, and a bridge's may
 * stand under `/calls/` (the tutorial) or under `/bridges/` (the SDK), so nothing else of it is looked at.
 */
export function idFromLocation(location: string | undefined): string | undefined {
  const path = location?.split(/[?#]/, 1)[0];
  return path?.slice(path.lastIndexOf('/') + 1) || undefined;
}
