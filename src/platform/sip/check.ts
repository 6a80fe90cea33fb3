/** What makes a message that could be read unacceptable all the same (RFC 3261 8.1.1, 8.2, 20; RFC 4475 3.1.2, 3.3). */
import { parseCSeq, parseNameAddr, parseScalar, parseVia } from './header-values';
import type { Headers, SipMessage, SipRequest } from './message';
import type { Fault } from './parse';
import { looksLikeUri, parseUri, schemeOf } from './uri';

/** Headers that stand once at most: of two nobody could say which counts. */
const SINGLE = new Set([
  ...[
    'call-id',
    'content-length',
    'content-type',
    'cseq',
    'date',
    'event',
    'expires',
    'from',
    'max-forwards',
    'min-expires',
  ],
  ...['min-se', 'rack', 'refer-to', 'replaces', 'retry-after', 'rseq', 'session-expires', 'timestamp', 'to'],
]);

/** RFC 3261 20.22 */
const MAX_FORWARDS = 255;
/** The branch of RFC 3261 8.1.1.7 without anything that makes it one's own. */
const EMPTY_BRANCH = 'z9hG4bK';

/** @returns undefined: nothing is wrong */
export function faultOf(message: SipMessage): Fault | undefined {
  const reason = headersFault(message.headers) ?? (message.kind === 'request' ? requestFault(message) : undefined);
  return reason === undefined ? undefined : { status: 400, reason };
}

function headersFault(headers: Headers): string | undefined {
  let cseq = '';
  let callId = '';
  let vias = 0;
  const seen = new Set<string>();
  for (const { name, value } of headers.entries) {
    if (SINGLE.has(name)) {
      if (seen.has(name)) return `More Than One ${name}`;
      seen.add(name);
    }
    switch (name) {
      case 'via': {
        const via = parseVia(value);
        if (!via || (vias === 0 && via.params.get('branch') === EMPTY_BRANCH)) return 'Malformed Via';
        vias++;
        break;
      }
      case 'from':
      case 'to':
        if (!parseNameAddr(value)) return `Malformed ${name}`;
        break;
      case 'contact':
        if (value !== '*' && !parseNameAddr(value)) return 'Malformed Contact';
        break;
      case 'cseq':
        cseq = value;
        if (!parseCSeq(value)) return 'Malformed CSeq';
        break;
      case 'call-id':
        callId = value;
        break;
      case 'max-forwards':
        if (parseScalar(value, MAX_FORWARDS) === undefined) return 'Malformed Max-Forwards';
        break;
      case 'date':
        // RFC 3261 20.17: always GMT.
        if (!value.endsWith('GMT')) return 'Malformed Date';
        break;
    }
  }
  if (vias === 0) return 'Missing Via';
  if (!seen.has('from')) return 'Missing From';
  if (!seen.has('to')) return 'Missing To';
  if (cseq === '') return 'Missing CSeq';
  return callId === '' ? 'Missing Call-ID' : undefined;
}

function requestFault({ method, uri, headers }: SipRequest): string | undefined {
  if (parseCSeq(headers.get('cseq') ?? '')?.method !== method) return 'CSeq Method Mismatch';
  const scheme = schemeOf(uri);
  if (!looksLikeUri(uri)) return 'Malformed Request-URI';
  if (scheme !== 'sip' && scheme !== 'sips') return undefined;
  const parsed = parseUri(uri);
  // RFC 3261 19.1.1: no headers in a Request-URI.
  return parsed && parsed.headers === undefined ? undefined : 'Malformed Request-URI';
}
