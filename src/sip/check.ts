/**
 * What makes a message that could be read unacceptable all the same (RFC 3261 8.1.1, 8.2, 20; RFC 4475 3.1.2, 3.3). Only
 * what is used is judged (8.2.2): a fault in any other header, as in `Date`, costs nothing. A response, an ACK and a
 * CANCEL need no more than what finds their transaction or dialog.
 */
import { isWildcard, looksLikeVia, parseCSeq, parseNameAddr, parseVia, tagOf } from './header-values';
import type { Fault, Headers, SipMessage, SipRequest } from './message';
import { looksLikeUri, parseUri, schemeOf } from '../addresses/uri';

/** Headers of which two that differ contradict each other, in every request. Two that say the same are one. */
const SINGLE: ReadonlySet<string> = new Set(['call-id', 'cseq', 'from', 'max-forwards', 'to']);
/** As above, where the method uses them. Session timers are optional: the first value counts, and nonsense is none. */
const SINGLE_OF = new Map<string, ReadonlySet<string>>([
  ['REGISTER', new Set([...SINGLE, 'expires'])],
  ['INVITE', new Set([...SINGLE, 'content-type', 'expires'])],
  ['UPDATE', new Set([...SINGLE, 'content-type'])],
  ['INFO', new Set([...SINGLE, 'content-type'])],
]);

/** The branch of RFC 3261 8.1.1.7 without anything that makes it one's own. */
const EMPTY_BRANCH = 'z9hG4bK';

/** @returns undefined: nothing is wrong */
export function faultOf(message: SipMessage): Fault | undefined {
  const reason = message.kind === 'response' ? responseFault(message.headers) : requestFault(message);
  return reason === undefined ? undefined : { status: 400, reason };
}

function responseFault(headers: Headers): string | undefined {
  const via = headers.get('via');
  if (via === undefined) return 'Missing Via';
  if (!parseVia(via)) return 'Malformed Via';
  return parseCSeq(headers.get('cseq') ?? '') ? undefined : 'Malformed CSeq';
}

function requestFault(request: SipRequest): string | undefined {
  const { method, headers } = request;
  const fault = viaFault(headers);
  if (fault !== undefined || method === 'ACK') return fault;
  // Within a dialog nothing but the tags of both ends is used, and a CANCEL is found by its branch.
  const isFound = method === 'CANCEL' || tagOf(headers.get('to') ?? '') !== undefined;
  return (
    contradiction(headers, SINGLE_OF.get(method) ?? SINGLE) ??
    identityFault(request, isFound) ??
    (isFound ? undefined : contactFault(request)) ??
    uriFault(request.uri)
  );
}

/** The first one is used. The others go into the responses as they are. */
function viaFault(headers: Headers): string | undefined {
  const [first, ...others] = headers.all('via');
  if (first === undefined) return 'Missing Via';
  const via = parseVia(first);
  if (!via || via.params.get('branch') === EMPTY_BRANCH || !others.every(looksLikeVia)) return 'Malformed Via';
  return undefined;
}

function contradiction(headers: Headers, single: ReadonlySet<string>): string | undefined {
  const seen = new Map<string, string>();
  for (const { name, value } of headers.entries) {
    if (!single.has(name)) continue;
    if ((seen.get(name) ?? value) !== value) return `More Than One ${name}`;
    seen.set(name, value);
  }
  return undefined;
}

/** Whose request it is, and of which call. */
function identityFault({ method, headers }: SipRequest, isFound: boolean): string | undefined {
  const from = headers.get('from');
  const to = headers.get('to');
  if (from === undefined) return 'Missing From';
  if (to === undefined) return 'Missing To';
  const cseqHeader = headers.get('cseq');
  if (cseqHeader === undefined) return 'Missing CSeq';
  const cseq = parseCSeq(cseqHeader);
  if (!cseq) return 'Malformed CSeq';
  if (cseq.method !== method) return 'CSeq Method Mismatch';
  if (!headers.get('call-id')) return 'Missing Call-ID';
  // A call is of whose credentials it has, and goes where the Request-URI says. Only a REGISTER is about its To.
  if (isFound || method !== 'REGISTER') return undefined;
  return parseNameAddr(to) ? undefined : 'Malformed to';
}

/** Used where a phone registers and where a call begins. One that can be read is enough. */
function contactFault({ method, headers }: SipRequest): string | undefined {
  if (method !== 'REGISTER' && method !== 'INVITE') return undefined;
  let contacts = 0;
  for (const { name, value } of headers.entries) {
    if (name !== 'contact') continue;
    if (value === '' || isWildcard(value) || parseNameAddr(value)) return undefined;
    contacts++;
  }
  return contacts === 0 ? undefined : 'Malformed Contact';
}

function uriFault(uri: string): string | undefined {
  const scheme = schemeOf(uri);
  if (!looksLikeUri(uri)) return 'Malformed Request-URI';
  if (scheme !== 'sip' && scheme !== 'sips') return undefined;
  const parsed = parseUri(uri);
  // RFC 3261 19.1.1: no headers in a Request-URI.
  return parsed && parsed.headers === undefined ? undefined : 'Malformed Request-URI';
}
