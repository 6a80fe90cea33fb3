/** The caller's identity on a called phone, and callers that withhold it (RFC 3323). */
import { canonicalHost, parseUri, printUri } from '../../addresses/uri';
import { parseNameAddr } from '../../sip/header-values';
import type { Headers } from '../../sip/message';
import type { DialRequest } from './line';

/** `From` of an anonymous call (RFC 3323 4.1.1.3). */
const ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>';

/** Values of `Privacy` that do not concern the identity (RFC 3323 4.2). */
const NO_IDENTITY = new Set(['', 'none', 'session', 'critical']);

/** Whether a request withholds the caller's identity, by `Privacy`, `Remote-Party-ID` or an anonymous `From`. */
export function isWithheld(headers: Headers): boolean {
  const wanted = headers.all('privacy').flatMap((value) => value.split(/[;,]/));
  if (wanted.some((value) => !NO_IDENTITY.has(value.trim().toLowerCase()))) return true;
  if (headers.all('remote-party-id').some(isHidden)) return true;
  const from = parseUri(parseNameAddr(headers.get('from') ?? '')?.uri ?? '');
  // `anonymous.invalid`, `unknown.invalid` (3GPP TS 24.229): reserved names without hosts (RFC 2606 2).
  return from?.user?.toLowerCase() === 'anonymous' || /(?:^|\.)invalid$/.test(canonicalHost(from?.host ?? ''));
}

/** Parses `Remote-Party-ID`, which predates RFC 3323. Cisco phones still send `party=calling;privacy=full`. */
function isHidden(value: string): boolean {
  const params = parseNameAddr(value)?.params;
  return (
    (params?.get('party') ?? 'calling').toLowerCase() === 'calling' &&
    /\b(?:full|uri)\b/i.test(params?.get('privacy') ?? '')
  );
}

/** Returns `From` and the headers of an INVITE to a phone, including headers of the application. */
export function presented(
  { from, sipHeaders, privacy, forwardedBy = [] }: DialRequest,
  realm: string,
): { from: string; headers: Record<string, string> } {
  const forwarder = forwardedBy.at(-1);
  const headers = {
    ...sipHeaders,
    ...(privacy && { Privacy: 'id' }),
    ...(forwarder && { Diversion: `<${forwarder}>;reason=unknown;counter=${forwardedBy.length}` }), // RFC 5806
  };
  return { from: privacy ? ANONYMOUS : partyOf(from, realm), headers };
}

/** Returns `From` of an outgoing call. A number becomes a user of the callee's domain. */
function partyOf(from: string, realm: string): string {
  const uri = parseUri(from) ?? parseUri(parseNameAddr(from)?.uri ?? '');
  return `<${uri ? printUri(uri) : printUri({ scheme: 'sip', user: from, host: realm, params: new Map() })}>`;
}
