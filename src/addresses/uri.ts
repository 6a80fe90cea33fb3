/** The one grammar of SIP, SIPS and tel URIs (RFC 3261 19.1, RFC 3966). Others (`schemeOf`) are carried as text. */
import { isIPv6 } from 'node:net';
import { printHostPort } from './host-port';

export interface Uri {
  /** `sip`, `sips` or `tel` */
  scheme: string;
  /** Without escapes (bytes that are no UTF-8 as in `unescaped`). Of `tel`: the number. */
  user?: string;
  /** Without escapes. */
  password?: string;
  /** As written, IPv6 addresses without brackets; empty for `tel`. */
  host: string;
  port?: number;
  /** Without escapes, names in lower case. */
  params: Map<string, string | undefined>;
  /** What follows the `?`, as it stands. */
  headers?: string;
}

const SCHEME = /^([A-Za-z][-A-Za-z0-9+.]*):/;
/** No scheme allows any of these. */
const FORBIDDEN = /[\s<>"\p{Cc}]/u;
const HOST_NAME = /^[A-Za-z0-9_]([-A-Za-z0-9_.]*[A-Za-z0-9_.])?$/;

/** In lower case; undefined: no URI at all (RFC 3986 3.1). */
export function schemeOf(text: string): string | undefined {
  return SCHEME.exec(text)?.[1]?.toLowerCase();
}

/** Any scheme: whether it can stand where a URI must. */
export function looksLikeUri(text: string): boolean {
  const scheme = SCHEME.exec(text)?.[0];
  return scheme !== undefined && text.length > scheme.length && !FORBIDDEN.test(text);
}

/** Empty and unreadable parameters are passed over. @returns undefined: malformed, or of another scheme */
export function parseUri(text: string): Uri | undefined {
  const scheme = schemeOf(text);
  if (scheme === undefined || FORBIDDEN.test(text)) return undefined;
  const rest = text.slice(scheme.length + 1);
  if (scheme === 'tel') return parseTel(rest);
  if (scheme !== 'sip' && scheme !== 'sips') return undefined;

  const uri: Uri = { scheme, host: '', params: new Map() };
  // An unescaped @ is allowed nowhere else, but semicolons and question marks are, in the user part.
  const at = rest.indexOf('@');
  if (at >= 0 && !takeUser(uri, rest.slice(0, at))) return undefined;
  let address = rest.slice(at + 1);
  const question = address.indexOf('?');
  if (question >= 0) {
    uri.headers = address.slice(question + 1);
    address = address.slice(0, question);
  }
  const semicolon = address.indexOf(';');
  if (semicolon >= 0 && !takeParams(uri.params, address.slice(semicolon + 1))) return undefined;
  const hostPort = parseHostPort(semicolon < 0 ? address : address.slice(0, semicolon));
  return hostPort && Object.assign(uri, hostPort);
}

/** Escapes are printed in capitals, and only where the grammar needs them: equal URIs are printed alike (RFC 3261 19.1.4). */
export function printUri(uri: Uri): string {
  let text = `${uri.scheme}:`;
  if (uri.user !== undefined) {
    text += uri.scheme === 'tel' ? uri.user : escapedUser(uri.user);
    if (uri.password !== undefined) text += `:${escaped(uri.password, /[^-A-Za-z0-9_.!~*'()&=+$,]/gu)}`;
    if (uri.scheme !== 'tel') text += '@';
  }
  text += printHostPort(uri);
  for (const [name, value] of uri.params)
    text += value === undefined ? `;${escapeParam(name)}` : `;${escapeParam(name)}=${escapeParam(value)}`;
  return uri.headers === undefined ? text : `${text}?${uri.headers}`;
}

/** `host`, `host:port`, `[v6]`, `[v6]:port`. */
export function parseHostPort(text: string): { host: string; port?: number } | undefined {
  let host = text;
  let port = '';
  if (text.startsWith('[')) {
    const close = text.indexOf(']');
    host = text.slice(1, close);
    port = text.slice(close + 1);
    if (close < 0 || !isIPv6(host)) return undefined;
  } else {
    const colon = text.indexOf(':');
    if (colon >= 0) {
      host = text.slice(0, colon);
      port = text.slice(colon);
    }
    if (host.length > 255 || !HOST_NAME.test(host)) return undefined;
  }
  if (port === '') return { host };
  const number = portOf(port.slice(1));
  return port.startsWith(':') && number !== undefined ? { host, port: number } : undefined;
}

/**
 * Whether two contacts are the same (RFC 3261 19.1.4): user and password with their case, host without, port as written,
 * and `user`, `ttl`, `method`, `maddr`, `transport` equal or absent in both; other parameters only where both have them.
 */
export function sameUri(a: Uri, b: Uri): boolean {
  if (a.scheme !== b.scheme || a.user !== b.user || a.password !== b.password || a.port !== b.port) return false;
  if (canonicalHost(a.host) !== canonicalHost(b.host) || !sameHeaders(a.headers, b.headers)) return false;
  if (DECISIVE.some((name) => a.params.has(name) !== b.params.has(name))) return false;
  for (const [name, value] of a.params)
    if (b.params.has(name) && value?.toLowerCase() !== b.params.get(name)?.toLowerCase()) return false;
  return true;
}

const DECISIVE = ['user', 'ttl', 'method', 'maddr', 'transport'];

/** In any order, names without case. */
function sameHeaders(a = '', b = ''): boolean {
  if (a === b) return true;
  const sorted = (headers: string): string =>
    headers
      .split('&')
      .map((header) => header.replace(/^[^=]*/, (name) => name.toLowerCase()))
      .sort()
      .join('&');
  return sorted(a) === sorted(b);
}

/** In lower case, without the dot of the root, IPv6 addresses in their shortest form (RFC 5954 4). */
export function canonicalHost(host: string): string {
  if (isIPv6(host)) return new URL(`http://[${host}]`).hostname.slice(1, -1);
  return host.toLowerCase().replace(/\.$/, '');
}

function portOf(digits: string): number | undefined {
  if (!/^\d{1,5}$/.test(digits)) return undefined;
  const port = Number(digits);
  return port <= 65_535 ? port : undefined;
}

function parseTel(rest: string): Uri | undefined {
  const [number = '', ...params] = rest.split(';');
  const uri: Uri = { scheme: 'tel', user: number, host: '', params: new Map() };
  if (!/^\+?[-0-9A-Fa-f*#.()]+$/.test(number)) return undefined;
  return params.length === 0 || takeParams(uri.params, params.join(';')) ? uri : undefined;
}

function takeUser(uri: Uri, text: string): boolean {
  const colon = text.indexOf(':');
  const user = unescaped(colon < 0 ? text : text.slice(0, colon));
  if (user === undefined || user === '') return false;
  uri.user = user;
  if (colon < 0) return true;
  const password = unescaped(text.slice(colon + 1));
  if (password === undefined) return false;
  uri.password = password;
  return true;
}

function takeParams(params: Uri['params'], text: string): boolean {
  for (const param of text.split(';')) {
    const equals = param.indexOf('=');
    const name = unescaped(equals < 0 ? param : param.slice(0, equals))?.toLowerCase();
    const value = equals < 0 ? undefined : unescaped(param.slice(equals + 1));
    if (name === undefined || (equals >= 0 && value === undefined)) return false;
    if (name !== '' && !params.has(name)) params.set(name, value);
  }
  return true;
}

const ESCAPE = /%[0-9A-Fa-f]{2}/g;
/** Escapes that may be one character of UTF-8, else one byte. */
const ESCAPED_CHARACTER =
  /%[CD][0-9A-F]%[89AB][0-9A-F]|%E[0-9A-F](?:%[89AB][0-9A-F]){2}|%F[0-7](?:%[89AB][0-9A-F]){3}|%[0-9A-F]{2}/gi;
/** Where bytes that are no UTF-8 are kept: as halves of surrogate pairs, which no text has. */
const BYTES = 0xdc00;

/**
 * What the escapes stand for. Bytes that are no UTF-8, as old phones have them, become lone surrogates (U+DC80 to U+DCFF), so
 * that printing gives them back.
 * @returns undefined where a `%` begins no escape
 */
function unescaped(text: string): string | undefined {
  if (!text.includes('%')) return text;
  if (text.replace(ESCAPE, '').includes('%')) return undefined;
  return text.replace(ESCAPED_CHARACTER, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      return escapes.replace(ESCAPE, (one) => String.fromCharCode(BYTES + Number.parseInt(one.slice(1), 16)));
    }
  });
}

/** user-unreserved of RFC 3261 25.1. */
export const escapedUser = (text: string): string => escaped(text, /[^-A-Za-z0-9_.!~*'()&=+$,;?/]/gu);
const escapeParam = (text: string): string => escaped(text, /[^-A-Za-z0-9_.!~*'()[\]/:&+$]/gu);

function escaped(text: string, characters: RegExp): string {
  return text.replace(characters, (character) => {
    const code = character.charCodeAt(0);
    const bytes =
      character.length === 1 && code > BYTES + 0x7f && code <= BYTES + 0xff ? [code - BYTES] : Buffer.from(character);
    return Array.from(bytes, (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
  });
}
