/** Creates the requests of a client transaction: adds its `Via`, derives ACK and CANCEL from an INVITE. */
import { printHostPort } from '../../addresses/host-port';
import { pooledRandomBytes } from '../../support/random';
import { parseCSeq } from '../header-values';
import { Headers, NO_BODY, type SipRequest, type SipResponse } from '../message';
import type { Flow } from '../transport/transport';

/** Prefix of all RFC 3261 branches (8.1.1.7). */
export const MAGIC_COOKIE = 'z9hG4bK';

/** A branch with 96 random bits. */
export function newBranch(): string {
  return MAGIC_COOKIE + pooledRandomBytes(12).toString('hex');
}

/** Copies the request and adds a `Via` with `branch` and `rport` (RFC 3581), because peers may be behind a NAT. */
export function withVia(request: SipRequest, { transport, local }: Flow, branch: string): SipRequest {
  const via = `SIP/2.0/${transport} ${printHostPort(local)};branch=${branch};rport`;
  return { ...request, headers: request.headers.clone().prepend('via', via) };
}

/** Creates the ACK for a 300-699 response (RFC 3261 17.1.1.3): headers of the INVITE, `To` of the response. */
export function ackFor(invite: SipRequest, response: SipResponse): SipRequest {
  return sibling(invite, 'ACK', response.headers.get('to') ?? invite.headers.get('to'));
}

/** Creates a CANCEL (RFC 3261 9.1): headers of the INVITE, including its `To` without the tag of a response. */
export function cancelFor(invite: SipRequest): SipRequest {
  return sibling(invite, 'CANCEL', invite.headers.get('to'));
}

/** Creates a request with the same branch, Request-URI and route. */
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
