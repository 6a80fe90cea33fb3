/** What the called phone sees of the caller, and callers who withhold their identity (RFC 3323). */
import { canonicalHost, parseUri, printUri } from '../../addresses/uri';
import { parseNameAddr } from '../../sip/header-values';
import type { Headers } from '../../sip/message';
import type { DialRequest } from './line';

/** `From` of a call whose caller is not shown (RFC 3323 4.1.1.3). */
const ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>';

/** Values of `Privacy` that ask for nothing here: no privacy at all, or that of sound and session (RFC 3323 4.2). */
const NO_IDENTITY = new Set(['', 'none', 'session', 'critical']);

/** Whether the request asks for it, with `Privacy`, with `Remote-Party-ID` or with an anonymous `From`. */
export function isWithheld(headers: Headers): boolean {
  const wanted = headers.all('privacy').flatMap((value) => value.split(/[;,]/));
  if (wanted.some((value) => !NO_IDENTITY.has(value.trim().toLowerCase()))) return true;
  if (headers.all('remote-party-id').some(isHidden)) return true;
  const from = parseUri(parseNameAddr(headers.get('from') ?? '')?.uri ?? '');
  // `anonymous.invalid`, `unknown.invalid` (3GPP TS 24.229): no host has such a name (RFC 2606 2).
  return from?.user?.toLowerCase() === 'anonymous' || /(?:^|\.)invalid$/.test(canonicalHost(from?.host ?? ''));
}

/** Before RFC 3323 there was `Remote-Party-ID`, which Cisco phones send still: `party=calling;privacy=full`. */
function isHidden(value: string): boolean {
  const params = parseNameAddr(value)?.params;
  return (
    (params?.get('party') ?? 'calling').toLowerCase() === 'calling' &&
    /\b(?:full|uri)\b/i.test(params?.get('privacy') ?? '')
  );
}

/** `From` of the INVITE to a phone, and the headers that say more of the caller, with those of the application. */
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

/** `From` of a call that the platform makes: a number is a user of the callee's own domain. */
function partyOf(from: string, realm: string): string {
  const uri = parseUri(from) ?? parseUri(parseNameAddr(from)?.uri ?? '');
  return `<${uri ? printUri(uri) : printUri({ scheme: 'sip', user: from, host: realm, params: new Map() })}>`;
}
