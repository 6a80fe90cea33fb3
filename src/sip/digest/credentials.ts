/** `Authorization` (RFC 3261 20.7, RFC 7616 3.4, RFC 8760 2). */
import { parseAuthParams } from '../header-values';
import type { Algorithm } from './digest-response';

export interface Credentials {
  algorithm: Algorithm;
  username: string;
  realm: string;
  nonce: string;
  uri: string;
  /** Lower case. */
  response: string;
  /** Undefined for RFC 2069 clients, which do not know `qop`. */
  counted?: { nc: string; cnonce: string; count: number } | undefined;
}

/**
 * @returns undefined if the credentials are malformed, have another scheme, or use a variant that was not offered
 * (`auth-int`, sessions, SHA-256 without `qop`). The client is then challenged as if it had sent no credentials.
 */
export function parseCredentials(value: string): Credentials | undefined {
  const auth = parseAuthParams(value);
  if (auth?.scheme.toLowerCase() !== 'digest') return undefined;
  const { params } = auth;
  const algorithm = algorithmOf(params.get('algorithm') || undefined);
  const username = params.get('username');
  const realm = params.get('realm');
  const nonce = params.get('nonce');
  const uri = params.get('uri');
  const response = params.get('response')?.toLowerCase();
  if (!algorithm || !username || !realm || !nonce || !uri || !response) return undefined;
  const given = { algorithm, username, realm, nonce, uri, response };
  const qop = params.get('qop') || undefined;
  if (qop === undefined) return algorithm === 'MD5' ? given : undefined;
  const nc = params.get('nc') ?? '';
  const cnonce = params.get('cnonce');
  if (qop !== 'auth' || cnonce === undefined || !/^[0-9a-f]{1,8}$/i.test(nc)) return undefined;
  return { ...given, counted: { nc, cnonce, count: parseInt(nc, 16) } };
}

/** Default: MD5 (RFC 7616 3.4). baresip omits the algorithm. */
function algorithmOf(name: string | undefined): Algorithm | undefined {
  switch (name?.toUpperCase()) {
    case undefined:
    case 'MD5':
      return 'MD5';
    case 'SHA-256':
      return 'SHA-256';
    default:
      return undefined;
  }
}
