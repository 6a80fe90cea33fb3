/** Keys sent with INFO (RFC 6086; no RFC names these two bodies, but phones send them). */
import { mediaTypeOf } from '../list-values';
import type { SipRequest } from '../message';

/** The key; undefined where the body says none. */
export function dtmfOfInfo(request: SipRequest): string | undefined {
  const type = mediaTypeOf(request.headers);
  const text = request.body.toString('latin1', 0, MAX_BODY);
  if (type === 'application/dtmf-relay') return digitOf(/^\s*Signal\s*=\s*(\S{1,2})\s*$/im.exec(text)?.[1]);
  if (type === 'application/dtmf') return digitOf(text.trim());
  return undefined;
}

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
