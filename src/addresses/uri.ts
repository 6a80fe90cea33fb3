/** Parses, prints and compares SIP, SIPS and tel URIs (RFC 3261 19.1, RFC 3966). Other schemes are treated as text. */
import { isIPv6 } from 'node:net';
import { printHostPort } from './host-port';

export interface Uri {
  /** `sip`, `sips` or `tel` */
  scheme: string;
  /** Unescaped (see `unescaped` for bytes that are not UTF-8). For `tel`: the number. */
  user?: string;
  /** Unescaped. */
  password?: string;
  /** As written, but IPv6 addresses have no brackets. Empty for `tel`. */
  host: string;
  port?: number;
  /** Unescaped; names in lower case. */
  params: Map<string, string | undefined>;
  /** The raw text after `?`. */
  headers?: string;
}

const SCHEME = /^([A-Za-z][-A-Za-z0-9+.]*):/;
/** Characters that are invalid in every scheme. */
const FORBIDDEN = /[\s<>"\p{Cc}]/u;
const HOST_NAME = /^[A-Za-z0-9_]([-A-Za-z0-9_.]*[A-Za-z0-9_.])?$/;

/** @returns the scheme in lower case; undefined if the text is not a URI (RFC 3986 3.1) */
export function schemeOf(text: string): string | undefined {
  return SCHEME.exec(text)?.[1]?.toLowerCase();
}

/** Whether the text is plausible as a URI of any scheme. */
export function looksLikeUri(text: string): boolean {
  const scheme = SCHEME.exec(text)?.[0];
  return scheme !== undefined && text.length > scheme.length && !FORBIDDEN.test(text);
}

/** Parses a URI. Empty parameters are ignored. @returns undefined if it is malformed or has another scheme */
export function parseUri(text: string): Uri | undefined {
  const scheme = schemeOf(text);
  if (scheme === undefined || FORBIDDEN.test(text)) return undefined;
  const rest = text.slice(scheme.length + 1);
  if (scheme === 'tel') return parseTel(rest);
  if (scheme !== 'sip' && scheme !== 'sips') return undefined;

  const uri: Uri = { scheme, host: '', params: new Map() };
  // The first @ ends the user part: elsewhere it must be escaped. Semicolons and question marks may occur in the user
  // part.
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

/**
 * Prints a URI. Escapes are in upper case and only where required, so that equal URIs have equal text (RFC 3261
 * 19.1.4).
 */
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

/** Parses `host`, `host:port`, `[v6]` or `[v6]:port`. @returns undefined if it is malformed */
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
 * Whether two URIs are equal (RFC 3261 19.1.4). User and password are case-sensitive, the host is not. An explicit
 * default port differs from a missing one. `user`, `ttl`, `method`, `maddr` and `transport` must be equal or absent in
 * both; other parameters are compared only if both URIs have them.
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

/** Ignores the order of headers and the case of their names. */
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

/** Lower case, without the trailing dot of the root; IPv6 addresses in their shortest form (RFC 5954 4). */
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
/** Escapes of one UTF-8 character, or of a single byte. */
const ESCAPED_CHARACTER =
  /%[CD][0-9A-F]%[89AB][0-9A-F]|%E[0-9A-F](?:%[89AB][0-9A-F]){2}|%F[0-7](?:%[89AB][0-9A-F]){3}|%[0-9A-F]{2}/gi;
/** Base of the lone surrogates that represent bytes that are not UTF-8. Valid text never contains them. */
const BYTES = 0xdc00;

/**
 * Decodes escapes. Bytes that are not UTF-8, which old phones send, become lone surrogates (U+DC80 to U+DCFF), so that
 * `escaped` restores them.
 * @returns undefined if a `%` does not begin an escape
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

/** Escapes a user part (user-unreserved, RFC 3261 25.1). */
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
