/** Parses and prints structured header values (RFC 3261 20, 25.1). Parsers return undefined for malformed values. */
import {
  closingQuote,
  isToken,
  parseParams,
  printParams,
  quote,
  readParam,
  skipSpaces,
  unquoted,
  type Params,
} from './grammar';
import { looksLikeUri, parseHostPort } from '../addresses/uri';

/** `From`, `To`, `Contact`, `Route`, `Record-Route`, `Refer-To`, … */
export interface NameAddr {
  /** Unquoted. */
  displayName?: string;
  /** As written; see `parseUri`. */
  uri: string;
  /** Header parameters, not URI parameters. */
  params: Params;
}

/** Characters that make an unquoted display name ambiguous. Other characters outside of tokens are accepted. */
const NO_DISPLAY_NAME = /["<>,;:@\\]/;

/**
 * Parses `"Name" <uri>;params`, `Name <uri>;params` or `uri;params`. A name with unescaped quotes or commas is accepted
 * if there is only one URI in angle brackets. Without angle brackets, parameters belong to the header, and the URI must
 * not contain `?` or a comma (RFC 3261 20.10). `*` is not a name-addr: see `isWildcard`.
 */
export function parseNameAddr(value: string): NameAddr | undefined {
  return parseStrictly(value) ?? parseLoosely(value);
}

function parseStrictly(value: string): NameAddr | undefined {
  const start = skipSpaces(value, 0);
  if (value[start] === '"') {
    const close = closingQuote(value, start);
    if (close < 0) return undefined;
    return bracketed(value, skipSpaces(value, close + 1), unquoted(value.slice(start, close + 1)));
  }
  const bracket = value.indexOf('<', start);
  const before = bracket < 0 ? value : value.slice(start, bracket).trim();
  if (bracket >= 0 && !NO_DISPLAY_NAME.test(before)) return bracketed(value, bracket, before);

  let semicolon = value.indexOf(';', start);
  if (semicolon < 0) semicolon = value.length;
  const uri = value.slice(start, semicolon).trim();
  if (uri.includes('?') || uri.includes(',') || !looksLikeUri(uri)) return undefined;
  const params = parseParams(value, semicolon);
  return params && { uri, params };
}

function parseLoosely(value: string): NameAddr | undefined {
  const bracket = value.indexOf('<');
  if (bracket <= 0 || bracket !== value.lastIndexOf('<')) return undefined;
  const name = value.slice(0, bracket).trim();
  // The angle bracket may be part of a parameter value: `sip:a@b;x=<c>`.
  if (looksLikeUri(name)) return undefined;
  return bracketed(value, bracket, name.replace(/^"|"$/g, '').replace(/\\([^])/g, '$1'));
}

function bracketed(value: string, bracket: number, displayName: string): NameAddr | undefined {
  if (value[bracket] !== '<') return undefined;
  const close = value.indexOf('>', bracket);
  if (close < 0) return undefined;
  const uri = value.slice(bracket + 1, close).trim();
  if (!looksLikeUri(uri)) return undefined;
  const params = parseParams(value, close + 1);
  return params && (displayName === '' ? { uri, params } : { displayName, uri, params });
}

/** Whether a `Contact` is `*`. Parameters, which are not allowed, are ignored. */
export function isWildcard(contact: string): boolean {
  return /^\*[ \t]*(?:;|$)/.test(contact);
}

/** Prints a name-addr, always with angle brackets. */
export function printNameAddr({ displayName, uri, params }: NameAddr): string {
  return `${displayName === undefined ? '' : `${quote(displayName)} `}<${uri}>${printParams(params)}`;
}

/** Finds the tag in a header that is otherwise malformed. */
const LOOSE_TAG = /;[ \t]*tag[ \t]*=[ \t]*([^\s;,"<>]+)/i;

/** The tag of a `From` or `To`, even if the rest is malformed; undefined if it is missing or empty. */
export function tagOf(value: string): string | undefined {
  const address = parseNameAddr(value);
  const tag = address ? address.params.get('tag') : LOOSE_TAG.exec(value.slice(value.lastIndexOf('>') + 1))?.[1];
  return tag === '' ? undefined : tag;
}

/** Adds a tag to a `From` or `To` that has none. The rest is not changed. */
export function withTag(value: string, tag: string): string {
  if (tagOf(value) !== undefined) return value;
  return `${value.replace(/[;\s]+$/, '')};tag=${tag}`;
}

export interface Via {
  /** Upper case: `UDP`, `TCP`, … */
  transport: string;
  /** Without brackets. */
  host: string;
  port?: number;
  params: Params;
}

const VIA = /^SIP[ \t]*\/[ \t]*2\.0[ \t]*\/[ \t]*([-.!%*_+`'~A-Za-z0-9]+)[ \t]+([^ \t;,]+)/i;

/** Whether the text begins like a `Via`. The parameters are not checked. */
export function looksLikeVia(value: string): boolean {
  return VIA.test(value);
}

/** RFC 3261 20.42 */
export function parseVia(value: string): Via | undefined {
  const match = VIA.exec(value);
  if (!match) return undefined;
  const [start, transport = '', sentBy = ''] = match;
  let address = sentBy;
  let params = skipSpaces(value, start.length);
  // Spaces around the colon are allowed.
  if (params < value.length && value[params] !== ';') {
    let end = value.indexOf(';', params);
    if (end < 0) end = value.length;
    address += value.slice(params, end).replace(/[ \t]/g, '');
    if (!/^\[?[^\]]*\]?:\d+$/.test(address)) return undefined;
    params = end;
  }
  const hostPort = parseHostPort(address);
  const parsed = hostPort && parseParams(value, params);
  return parsed && { transport: transport.toUpperCase(), ...hostPort, params: parsed };
}

export interface CSeq {
  /** Below 2^31. */
  number: number;
  method: string;
}

const CSEQ = /^(\d{1,20})[ \t]+([-.!%*_+`'~A-Za-z0-9]+)$/;

/** RFC 3261 8.1.1.5 */
export function parseCSeq(value: string): CSeq | undefined {
  const match = CSEQ.exec(value);
  const number = Number(match?.[1]);
  return match && number < 2 ** 31 ? { number, method: match[2] ?? '' } : undefined;
}

/** Parses a non-negative integer of at most `max`. Default: 2^32 - 1. */
export function parseScalar(value: string, max = 2 ** 32 - 1): number | undefined {
  if (!/^\d{1,20}$/.test(value)) return undefined;
  const number = Number(value);
  return number <= max ? number : undefined;
}

/** Parses a value with parameters, such as `Session-Expires: 1800;refresher=uac`, `Content-Type` or `Retry-After`. */
export function parseParamsValue(text: string): { value: string; params: Params } | undefined {
  let semicolon = text.indexOf(';');
  if (semicolon < 0) semicolon = text.length;
  const value = text.slice(0, semicolon).trim();
  const params = parseParams(text, semicolon);
  return params && value !== '' ? { value, params } : undefined;
}

export interface AuthParams {
  /** As written; compare case-insensitively. */
  scheme: string;
  /** Names in lower case, values unquoted. */
  params: Map<string, string>;
}

/**
 * Parses credentials and challenges: `Authorization`, `WWW-Authenticate` (RFC 3261 20.7, 20.44). Not for
 * `Authentication-Info`, which has no scheme. Parameters without a value are skipped.
 * @returns undefined if the value is malformed, or a parameter occurs twice with different values
 */
export function parseAuthParams(value: string): AuthParams | undefined {
  const space = value.search(/[ \t]/);
  const scheme = space < 0 ? value : value.slice(0, space);
  if (!isToken(scheme)) return undefined;
  const params = new Map<string, string>();
  let at = space < 0 ? value.length : skipSpaces(value, space);
  while (at < value.length) {
    const { name, value: text, end } = readParam(value, at, ',');
    if (name !== undefined && text !== undefined) {
      if ((params.get(name) ?? text) !== text) return undefined;
      params.set(name, text);
    }
    at = end + 1;
  }
  return { scheme, params };
}

/** @param params `quoted` is true for `realm` and `nonce`, for example, and false for `algorithm` and `nc` */
export function printAuthParams(
  scheme: string,
  params: Iterable<readonly [name: string, value: string, quoted: boolean]>,
): string {
  const printed = Array.from(params, ([name, value, quoted]) => `${name}=${quoted ? quote(value) : value}`);
  return `${scheme} ${printed.join(', ')}`;
}
