/** The response value of digest authentication (RFC 2617 3.2.2, RFC 7616 3.4.1, RFC 8760 2). */
import { hash, timingSafeEqual } from 'node:crypto';

export type Algorithm = 'MD5' | 'SHA-256';

export interface DigestInput {
  algorithm: Algorithm;
  /** H(username:realm:password), in hexadecimal. */
  ha1: string;
  method: string;
  /** As in the credentials. */
  uri: string;
  nonce: string;
  /** Undefined for RFC 2069 clients: `nc` and `cnonce` are not used. */
  qop?: 'auth' | 'auth-int' | undefined;
  /** Eight hexadecimal digits, as in the credentials. */
  nc?: string | undefined;
  cnonce?: string | undefined;
  /** `auth-int` only. */
  entityBody?: Buffer | undefined;
}

const NAMES: Readonly<Record<Algorithm, string>> = { MD5: 'md5', 'SHA-256': 'sha256' };

/** @returns in lower-case hexadecimal */
export function digestResponse(input: DigestInput): string {
  const { algorithm, ha1, method, uri, nonce, qop, nc = '', cnonce = '', entityBody } = input;
  const h = (data: string | Buffer): string => hash(NAMES[algorithm], data);
  const ha2 = h(qop === 'auth-int' ? `${method}:${uri}:${h(entityBody ?? '')}` : `${method}:${uri}`);
  return h(qop === undefined ? `${ha1}:${nonce}:${ha2}` : `${ha1}:${nonce}:${nc}:${cnonce}:${qop}:${ha2}`);
}

/** Compares two texts in constant time. Only a difference in length is detectable, and it is not secret. */
export function sameText(one: string, other: string): boolean {
  const a = Buffer.from(one, 'utf8');
  const b = Buffer.from(other, 'utf8');
  return a.length === b.length && timingSafeEqual(a, b);
}
