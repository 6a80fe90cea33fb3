/** The parts of a SIP URI that name an endpoint (RFC 3261 19.1.1). Its grammar, and comparison in full, is in uri.ts. */
import { subscriberNumber } from './e164';
import { canonicalHost, parseUri, printUri, type Uri } from './uri';

export interface SipUri {
  /** Without escapes: the user part is case-sensitive. */
  user: string;
  /** In lower case, without port, IPv6 addresses in brackets. */
  host: string;
}

/** name-addr (RFC 3261 25.1): what stands in angle brackets is the URI. */
const NAME_ADDR = /^[^<>]{0,256}<([^<>]+)>[^<>]*$/;
/** user = 1*( unreserved / escaped / user-unreserved ) (RFC 3261 25.1) */
const SIP_USER = /^(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/]|%[0-9A-Fa-f]{2})+$/;
/** A user that is a telephone-subscriber: a global number, or one with a context (RFC 3261 19.1.6). */
const TELEPHONE = /^(?:\+[-.()\d]+(?:;|$)|[-.()\d*#]+;(?:.*;)?phone-context=\+)/i;
/** In this form already, as most are that are compared. */
const NORMAL = /^sip:(?:[A-Za-z_][\w.-]{0,100}|\+\d{1,20})@[a-z][a-z0-9-]{0,60}(?:\.[a-z0-9-]{1,60}){0,10}(?<!-)$/;
const SCHEME = /^sips?:/i;

/**
 * Reads a SIP URI, with or without its scheme (both are in the wild), bare or as a name-addr (`"Jo" <sip:jo@host>`).
 * @returns undefined where it is none, or names no user
 */
export function parseSipUri(text: string): SipUri | undefined {
  const uri = parse(text);
  if (uri?.user === undefined) return undefined;
  const host = canonicalHost(uri.host);
  return { user: uri.user, host: host.includes(':') ? `[${host}]` : host };
}

/** Whether the text may stand as the user part of a SIP URI. */
export function isSipUser(text: string): boolean {
  return SIP_USER.test(text);
}

/**
 * The one form in which SIP URIs are compared and stored: `sip:user@host`, escapes only where they are needed. Idempotent.
 * @returns undefined where the text is no SIP URI, or names no user
 */
export function normaliseSipUri(text: string): string | undefined {
  if (NORMAL.test(text)) return text;
  const uri = parse(text);
  if (uri?.user === undefined) return undefined;
  const user = TELEPHONE.test(uri.user) ? (subscriberNumber(uri.user) ?? uri.user) : uri.user;
  return printUri({ scheme: 'sip', user, host: canonicalHost(uri.host), params: new Map() });
}

function parse(text: string): Uri | undefined {
  const bare = (NAME_ADDR.exec(text)?.[1] ?? text).trim();
  return parseUri(SCHEME.test(bare) ? bare : `sip:${bare}`);
}
