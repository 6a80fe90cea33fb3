import { pooledRandomBytes } from './random';

/** Kinds of ids and their prefixes, which are those of the v1 API (`c-m6dz5lqurhhxnn7is6v3w4y`). */
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

/** Random text in base 32: five unpredictable bits per character. */
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
 * The id in a `Location` header: the text after the last slash. The rest is ignored. The path may be relative or
 * absolute, and a bridge may be under `/calls/` (in the tutorial) or `/bridges/` (in the SDK).
 */
export function idFromLocation(location: string | undefined): string | undefined {
  const path = location?.split(/[?#]/, 1)[0];
  return path?.slice(path.lastIndexOf('/') + 1) || undefined;
}
