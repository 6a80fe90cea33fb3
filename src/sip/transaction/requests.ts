/** Requests as a client transaction sends them: its `Via`, and the ACK and CANCEL made from an INVITE. */
import { printHostPort } from '../../addresses/host-port';
import { pooledRandomBytes } from '../../support/random';
import { parseCSeq } from '../header-values';
import { Headers, NO_BODY, type SipRequest, type SipResponse } from '../message';
import type { Flow } from '../transport/transport';

/** What branches of RFC 3261 begin with (8.1.1.7). */
export const MAGIC_COOKIE = 'z9hG4bK';

/** 96 random bits. */
export function newBranch(): string {
  return MAGIC_COOKIE + pooledRandomBytes(12).toString('hex');
}

/** A copy with the `Via` of this transaction on top. `rport` is said always: phones and proxies sit behind NATs (RFC 3581). */
export function withVia(request: SipRequest, { transport, local }: Flow, branch: string): SipRequest {
  const via = `SIP/2.0/${transport} ${printHostPort(local)};branch=${branch};rport`;
  return { ...request, headers: request.headers.clone().prepend('via', via) };
}

/** For a final response other than 2xx (RFC 3261 17.1.1.3): the INVITE's headers, but the response's `To`. */
export function ackFor(invite: SipRequest, response: SipResponse): SipRequest {
  return sibling(invite, 'ACK', response.headers.get('to') ?? invite.headers.get('to'));
}

/** RFC 3261 9.1: the INVITE's headers, its `To` without a tag that a response brought. */
export function cancelFor(invite: SipRequest): SipRequest {
  return sibling(invite, 'CANCEL', invite.headers.get('to'));
}

/** Same transaction, that is the same branch, to the same place. */
function sibling({ uri, headers }: SipRequest, method: 'ACK' | 'CANCEL', to: string | undefined): SipRequest {
  const copied = new Headers();
  const copy = (name: string, value: string | undefined): void => {
    if (value !== undefined) copied.add(name, value);
  };
  copy('via', headers.get('via'));
  for (const route of headers.all('route')) copied.add('route', route);
  copied.add('max-forwards', '70');
  copy('from', headers.get('from'));
  copy('to', to);
  copy('call-id', headers.get('call-id'));
  const cseq = parseCSeq(headers.get('cseq') ?? '');
  copied.add('cseq', `${cseq?.number ?? 0} ${method}`);
  return { kind: 'request', method, uri, headers: copied, body: NO_BODY };
}
