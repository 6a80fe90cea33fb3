/** DTMF in INFO requests (RFC 6086). The body formats are not standardised but widely used. */
import { mediaTypeOf } from '../list-values';
import type { SipRequest } from '../message';

/** Accepted media types. The format is detected from the body, because phones mix up the types. */
const TYPES: ReadonlySet<string> = new Set([
  'application/dtmf-relay',
  'application/dtmf',
  'application/vnd.nortelnetworks.digits',
]);
/** `Accept` header of the 415 to other types. */
export const DTMF_TYPES = [...TYPES].join(', ');

/** @returns the key, or the defect: an unsupported media type, or a body without a key */
export function dtmfOfInfo(request: SipRequest): { digit: string } | { fault: 'type' | 'body' } {
  if (!TYPES.has(mediaTypeOf(request.headers))) return { fault: 'type' };
  const text = request.body.toString('latin1', 0, MAX_BODY);
  const digit = digitOf(SIGNAL.exec(text)?.[1] ?? text.trim());
  return digit === undefined ? { fault: 'body' } : { digit };
}

/** `Signal=5` on any line or in any field; `d=5` (Nortel). Otherwise the body is the digit itself. */
const SIGNAL = /(?:^|[\s;=])(?:Signal|d)[ \t]*[=:][ \t]*"?([^\s;"]{1,2})"?[ \t]*(?:;|\r|\n|$)/i;

/** Bytes of the body that are read. */
const MAX_BODY = 256;

/** Accepts a key or its event number (RFC 4733 3.2). */
function digitOf(signal: string | undefined): string | undefined {
  if (signal === undefined) return undefined;
  if (/^[0-9A-D*#]$/i.test(signal)) return signal.toUpperCase();
  return KEY_OF_EVENT.get(signal);
}

const KEY_OF_EVENT: ReadonlyMap<string, string> = new Map([
  ['10', '*'],
  ['11', '#'],
  ['12', 'A'],
  ['13', 'B'],
  ['14', 'C'],
  ['15', 'D'],
]);
