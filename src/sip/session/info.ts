/** Keys sent with INFO (RFC 6086; no RFC names these two bodies, but phones send them). */
import { mediaTypeOf } from '../list-values';
import type { SipRequest } from '../message';

/** The body decides which form it is: phones mix them up. */
const TYPES: ReadonlySet<string> = new Set([
  'application/dtmf-relay',
  'application/dtmf',
  'application/vnd.nortelnetworks.digits',
]);
/** `Accept` of the response to an INFO of another type. */
export const DTMF_TYPES = [...TYPES].join(', ');

/** The key; else what is wrong: the type of the body, or the body itself, which has no key. */
export function dtmfOfInfo(request: SipRequest): { digit: string } | { fault: 'type' | 'body' } {
  if (!TYPES.has(mediaTypeOf(request.headers))) return { fault: 'type' };
  const text = request.body.toString('latin1', 0, MAX_BODY);
  const digit = digitOf(SIGNAL.exec(text)?.[1] ?? text.trim());
  return digit === undefined ? { fault: 'body' } : { digit };
}

/** `Signal=5`, as one of several lines or fields; `d=5` of Nortel; else the body is the digit. */
const SIGNAL = /(?:^|[\s;=])(?:Signal|d)[ \t]*[=:][ \t]*"?([^\s;"]{1,2})"?[ \t]*(?:;|\r|\n|$)/i;

/** More than any phone says. */
const MAX_BODY = 256;

/** As the key, or as its event number (RFC 4733 3.2). */
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
