/** Keys that match messages to transactions (RFC 3261 17.1.3, 17.2.3). */
import { parseCSeq, parseVia, tagOf, type Via } from '../header-values';
import type { SipMessage, SipRequest } from '../message';
import { MAGIC_COOKIE } from './requests';

const DEFAULT_PORT = 5060;

/** Key of a client transaction. */
export function clientKey(method: string, branch: string): string {
  return `${method} ${branch}`;
}

/**
 * Key of the client transaction that a response answers, or that a request of this end begins. Undefined if the message
 * has no readable `Via` or `CSeq`. A CANCEL has the branch of its INVITE.
 */
export function clientKeyOf({ headers }: SipMessage): string | undefined {
  const branch = topVia(headers.get('via'))?.params.get('branch');
  const cseq = parseCSeq(headers.get('cseq') ?? '');
  return branch && cseq && clientKey(cseq.method, branch);
}

/**
 * Key of the server transaction to which a request belongs. Undefined if the request has no readable `Via`.
 * @param method method of the transaction: INVITE for an ACK, and to find the INVITE of a CANCEL
 */
export function serverKeyOf(request: SipRequest, method: string): string | undefined {
  const via = topVia(request.headers.get('via'));
  if (!via) return undefined;
  const branch = via.params.get('branch') ?? '';
  // The key includes the sender, so that a client cannot cancel another client's request by guessing its branch.
  const sentBy = `${via.host.toLowerCase()}:${via.port ?? DEFAULT_PORT}`;
  if (hasCookie(branch)) return `${method} ${branch} ${sentBy}`;

  // RFC 2543: the branch is not unique. The To tag is not part of the key: an ACK has that of the response (see
  // `ackFits`).
  const { headers } = request;
  const cseq = parseCSeq(headers.get('cseq') ?? '')?.number;
  const from = tagOf(headers.get('from') ?? '') ?? '';
  return `${method} ${branch} ${sentBy} ${cseq} ${headers.get('call-id')} ${from} ${request.uri}`;
}

/**
 * Whether an ACK found by `serverKeyOf` acknowledges the response with this tag, rather than a 2xx of the same dialog.
 */
export function ackFits({ headers }: SipRequest, toTag: string | undefined): boolean {
  const branch = topVia(headers.get('via'))?.params.get('branch') ?? '';
  return hasCookie(branch) || toTag === undefined || tagOf(headers.get('to') ?? '') === toTag;
}

/**
 * Key that is equal for all copies of an INVITE that a proxy has forked and that arrive here on several paths
 * (RFC 3261 8.2.2.2). Undefined for other requests, of which copies are harmless.
 */
export function mergeKeyOf(request: SipRequest): string | undefined {
  if (!beginsCall(request)) return undefined;
  const { headers } = request;
  return `${headers.get('cseq')} ${headers.get('call-id')} ${headers.get('from')}`;
}

/** Whether the request is an INVITE outside of a dialog. */
export function beginsCall({ method, headers }: SipRequest): boolean {
  return method === 'INVITE' && tagOf(headers.get('to') ?? '') === undefined;
}

function topVia(value: string | undefined): Via | undefined {
  return value === undefined ? undefined : parseVia(value);
}

function hasCookie(branch: string): boolean {
  return branch.length > MAGIC_COOKIE.length && branch.startsWith(MAGIC_COOKIE);
}
