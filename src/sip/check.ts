/**
 * Validates parsed messages (RFC 3261 8.1.1, 8.2, 20; RFC 4475 3.1.2, 3.3). Only headers that are used are checked
 * (8.2.2): a malformed `Date`, for example, is ignored. For a response, an ACK and a CANCEL, only the headers that
 * identify their transaction or dialog are checked.
 */
import { isWildcard, looksLikeVia, parseCSeq, parseNameAddr, parseVia, tagOf } from './header-values';
import type { Fault, Headers, SipMessage, SipRequest } from './message';
import { looksLikeUri, parseUri, schemeOf } from '../addresses/uri';

/** Headers that must not have two different values in any request. Identical values count as one. */
const SINGLE: ReadonlySet<string> = new Set(['call-id', 'cseq', 'from', 'max-forwards', 'to']);
/** The same by method. Session timers are optional: the first value counts, and a malformed value counts as missing. */
const SINGLE_OF = new Map<string, ReadonlySet<string>>([
  ['REGISTER', new Set([...SINGLE, 'expires'])],
  ['INVITE', new Set([...SINGLE, 'content-type', 'expires'])],
  ['UPDATE', new Set([...SINGLE, 'content-type'])],
  ['INFO', new Set([...SINGLE, 'content-type'])],
]);

/** The magic cookie of RFC 3261 8.1.1.7 without a unique part. */
const EMPTY_BRANCH = 'z9hG4bK';

/** @returns undefined if the message is valid */
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
  // Within a dialog only the tags of both ends are used. A CANCEL is matched by its branch.
  const isMatched = method === 'CANCEL' || tagOf(headers.get('to') ?? '') !== undefined;
  return (
    contradiction(headers, SINGLE_OF.get(method) ?? SINGLE) ??
    identityFault(request, isMatched) ??
    (isMatched ? undefined : contactFault(request)) ??
    uriFault(request.uri)
  );
}

/** The first `Via` is used. The others are copied to responses unchanged. */
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

/** Checks the headers that identify the sender and the call. */
function identityFault({ method, headers }: SipRequest, isMatched: boolean): string | undefined {
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
  // The credentials identify the caller and the Request-URI the destination. Only REGISTER uses To.
  if (isMatched || method !== 'REGISTER') return undefined;
  return parseNameAddr(to) ? undefined : 'Malformed to';
}

/** `Contact` is used by REGISTER and by an initial INVITE. One readable value is enough. */
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
  // RFC 3261 19.1.1: headers are not allowed in a Request-URI.
  return parsed && parsed.headers === undefined ? undefined : 'Malformed Request-URI';
}
