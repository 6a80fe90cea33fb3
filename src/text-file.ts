/** Text files that people edit: UTF-8, with or without a byte order mark. */
import { readFileSync } from 'node:fs';

/** @throws Error whose message says what is wrong with the file, without its content */
export function readTextFile(file: string): string {
  return decodeText(readFileSync(file));
}

/** @throws Error */
export function decodeText(bytes: Uint8Array): string {
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (isUtf16 || bytes.includes(0)) throw new Error('it is UTF-16 or binary; save it as UTF-8');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes); // drops the byte order mark
  } catch {
    throw new Error('it is not UTF-8; save it as UTF-8');
  }
}
