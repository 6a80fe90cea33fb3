/** Reads UTF-8 text files, with or without a byte order mark. */
import { readFileSync } from 'node:fs';

/** @throws Error with the reason, without content of the file */
export function readTextFile(file: string): string {
  const decoded = decodeText(readFileSync(file));
  if ('fault' in decoded) throw new Error(`the file ${decoded.fault}`);
  return decoded.text;
}

/** @returns the text without its byte order mark; or an error text that contains none of the content */
export function decodeText(bytes: Uint8Array): { text: string } | { fault: string } {
  const [first, second] = bytes;
  const isMarked = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  if (isMarked || bytes.includes(0))
    return { fault: 'is encoded in UTF-16; save it as UTF-8 (PowerShell: Out-File -Encoding utf8)' };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { fault: 'is not valid UTF-8; save it as UTF-8' };
  }
}
