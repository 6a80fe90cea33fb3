/** The parts of a SIP URI that name somebody (RFC 3261 19.1.1); parameters and headers are dropped. */
export interface SipUri {
  /** As written: the user part is case-sensitive. */
  user: string;
  /** In lower case, without port: host names are case-insensitive. */
  host: string;
}

/** name-addr (RFC 3261 25.1): what stands in angle brackets is the URI. */
const NAME_ADDR = /^[^<>]{0,256}<([^<>]+)>[^<>]*$/;
const SIP_URI = /^([^@\s<>]+)@([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:[;?][^\s<>]*)?$/i;
/** user = 1*( unreserved / escaped / user-unreserved ) (RFC 3261 25.1) */
const SIP_USER = /^(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/]|%[0-9A-Fa-f]{2})+$/;

/**
 * Reads a SIP URI, with or without its scheme (both are in the wild), bare or as a name-addr (`"Jo" <sip:jo@host>`);
 * undefined where it is none.
 */
export function parseSipUri(text: string): SipUri | undefined {
  const bare = NAME_ADDR.exec(text)?.[1] ?? text;
  const match = SIP_URI.exec(bare.trim().replace(/^sips?:/i, ''));
  if (!match) return undefined;
  const [, userinfo = '', host = ''] = match;
  const user = userinfo.split(/[:;]/, 1)[0] ?? ''; // without password and without user parameters
  if (!isSipUser(user)) return undefined;
  return { user: unescapeUser(user), host: host.toLowerCase() };
}

/** Whether the text may stand as the user part of a SIP URI. */
export function isSipUser(text: string): boolean {
  return SIP_USER.test(text);
}

/** The one form in which Tandem compares and stores SIP URIs: `sip:user@host`. */
function formatSipUri(uri: SipUri): string {
  return `sip:${uri.user}@${uri.host}`;
}

/** `sip:user@host` of whatever spelling; undefined where the text is no SIP URI. */
export function normaliseSipUri(text: string): string | undefined {
  const uri = parseSipUri(text);
  return uri && formatSipUri(uri);
}

function unescapeUser(user: string): string {
  try {
    return decodeURIComponent(user);
  } catch {
    return user; // an escape that is no UTF-8: keep it as it was written
  }
}
