/** Creates responses to requests (RFC 3261 8.2.6). */
import { pooledRandomBytes } from '../support/random';
import { withTag } from './header-values';
import { Headers, NO_BODY, type SipRequest, type SipResponse } from './message';
import { reasonOf } from './reasons';

export interface ResponseOptions {
  /** Default: the usual phrase of the status. */
  reason?: string;
  /** Tag for a `To` without one. Default: a new tag. A 100 never gets a tag. */
  toTag?: string;
  /** Added after the copied headers. A response that creates a dialog must include `Record-Route` here. */
  headers?: Iterable<readonly [name: string, value: string]>;
  body?: Buffer;
}

/**
 * Creates a response with `Via`, `From`, `To`, `Call-ID` and `CSeq` of the request. `print.ts` adds `Content-Length`.
 */
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

/** Header of a 503 (RFC 3261 21.5.4) for a shortage that may pass in a few seconds. */
export const RETRY_LATER: readonly (readonly [name: string, value: string])[] = [['Retry-After', '5']];

/** Creates a tag for `From` or `To` with 64 random bits (RFC 3261 19.3). */
export function newTag(): string {
  return pooledRandomBytes(8).toString('hex');
}
