/** SIP URIs of endpoints (RFC 3261 19.1.1): user and host only. See uri.ts for the grammar and the full comparison. */
import { subscriberNumber } from './e164';
import { canonicalHost, parseUri, printUri, type Uri } from './uri';

export interface SipUri {
  /** Unescaped. Case-sensitive. */
  user: string;
  /** Lower case, without port; IPv6 addresses in brackets. */
  host: string;
}

/** name-addr (RFC 3261 25.1): the URI is in angle brackets. */
const NAME_ADDR = /^[^<>]{0,256}<([^<>]+)>[^<>]*$/;
/** user = 1*( unreserved / escaped / user-unreserved ) (RFC 3261 25.1) */
const SIP_USER = /^(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/]|%[0-9A-Fa-f]{2})+$/;
/** A user part that is a telephone-subscriber: a global number, or a number with a context (RFC 3261 19.1.6). */
const TELEPHONE = /^(?:\+[-.()\d]+(?:;|$)|[-.()\d*#]+;(?:.*;)?phone-context=\+)/i;
/** Fast path: most URIs are already normalised. */
const NORMAL = /^sip:(?:[A-Za-z_][\w.-]{0,100}|\+\d{1,20})@[a-z][a-z0-9-]{0,60}(?:\.[a-z0-9-]{1,60}){0,10}(?<!-)$/;
const SCHEME = /^sips?:/i;

/**
 * Parses a SIP URI with or without its scheme, bare or as a name-addr (`"Jo" <sip:jo@host>`).
 * @returns undefined if the text is not a SIP URI, or has no user
 */
export function parseSipUri(text: string): SipUri | undefined {
  const uri = parse(text);
  if (uri?.user === undefined) return undefined;
  const host = canonicalHost(uri.host);
  return { user: uri.user, host: host.includes(':') ? `[${host}]` : host };
}

/** Whether the text is valid as the user part of a SIP URI. */
export function isSipUser(text: string): boolean {
  return SIP_USER.test(text);
}

/**
 * The form in which SIP URIs are stored and compared: `sip:user@host`, with escapes only where required. Idempotent.
 * @returns undefined if the text is not a SIP URI, or has no user
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
