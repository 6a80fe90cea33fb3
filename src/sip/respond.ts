/** Responses as a UAS makes them (RFC 3261 8.2.6). */
import { pooledRandomBytes } from '../support/random';
import { withTag } from './header-values';
import { Headers, NO_BODY, type SipRequest, type SipResponse } from './message';
import { reasonOf } from './reasons';

export interface ResponseOptions {
  /** In place of the usual phrase. */
  reason?: string;
  /** Of `To`, where the request has none; a new one unless given. Never put on a 100. */
  toTag?: string;
  /** Put after those that are copied; `Record-Route` of a dialog is one of them: the caller's business. */
  headers?: Iterable<readonly [name: string, value: string]>;
  body?: Buffer;
}

/** With `Via`, `From`, `To`, `Call-ID` and `CSeq` of the request, as far as it has them. `Content-Length` is the printer's. */
export function responseTo(request: SipRequest, status: number, options: ResponseOptions = {}): SipResponse {
  const headers = new Headers();
  for (const via of request.headers.all('via')) headers.add('via', via);
  for (const name of ['from', 'to', 'call-id', 'cseq']) {
    const value = request.headers.get(name);
    if (value === undefined) continue;
    headers.add(name, name === 'to' && status > 100 ? withTag(value, options.toTag ?? newTag()) : value);
  }
  const timestamp = status === 100 ? request.headers.get('timestamp') : undefined;
  if (timestamp !== undefined) headers.add('timestamp', timestamp);
  for (const [name, value] of options.headers ?? []) headers.add(name, value);
  return {
    kind: 'response',
    status,
    reason: options.reason ?? reasonOf(status),
    headers,
    body: options.body ?? NO_BODY,
  };
}

/** Of a 503 (RFC 3261 21.5.4): what is lacking may be there again in a few seconds. */
export const RETRY_LATER: readonly (readonly [name: string, value: string])[] = [['Retry-After', '5']];

/** A tag for `From` or `To`: 64 random bits (RFC 3261 19.3). */
export function newTag(): string {
  return pooledRandomBytes(8).toString('hex');
}
