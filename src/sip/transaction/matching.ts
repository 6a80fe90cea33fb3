/** Which transaction a message belongs to (RFC 3261 17.1.3, 17.2.3), as keys of maps. */
import { parseCSeq, parseVia, tagOf, type Via } from '../header-values';
import type { SipMessage, SipRequest } from '../message';
import { MAGIC_COOKIE } from './requests';

const DEFAULT_PORT = 5060;

/** Of a transaction that this end began. */
export function clientKey(method: string, branch: string): string {
  return `${method} ${branch}`;
}

/**
 * Which client transaction a response answers, or a request of this end begins; undefined: none at all.
 * A CANCEL has the branch of its INVITE.
 */
export function clientKeyOf({ headers }: SipMessage): string | undefined {
  const branch = topVia(headers.get('via'))?.params.get('branch');
  const cseq = parseCSeq(headers.get('cseq') ?? '');
  return branch && cseq && clientKey(cseq.method, branch);
}

/**
 * Which server transaction a request belongs to; undefined where it has no readable `Via`.
 * @param method of the transaction: INVITE for its ACK, and for the request that a CANCEL means
 */
export function serverKeyOf(request: SipRequest, method: string): string | undefined {
  const via = topVia(request.headers.get('via'));
  if (!via) return undefined;
  const branch = via.params.get('branch') ?? '';
  // The sender counts too: nobody is to answer, or to cancel, another's request by having guessed its branch.
  const sentBy = `${via.host.toLowerCase()}:${via.port ?? DEFAULT_PORT}`;
  if (hasCookie(branch)) return `${method} ${branch} ${sentBy}`;

  // RFC 2543: the branch says nothing. The To tag is not part of it, as an ACK has that of the response (see `ackFits`).
  const { headers } = request;
  const cseq = parseCSeq(headers.get('cseq') ?? '')?.number;
  const from = tagOf(headers.get('from') ?? '') ?? '';
  return `${method} ${branch} ${sentBy} ${cseq} ${headers.get('call-id')} ${from} ${request.uri}`;
}

/** Whether an ACK found by `serverKeyOf` acknowledges the response with this tag, and not a 2xx of the same dialog. */
export function ackFits({ headers }: SipRequest, toTag: string | undefined): boolean {
  const branch = topVia(headers.get('via'))?.params.get('branch') ?? '';
  return hasCookie(branch) || toTag === undefined || tagOf(headers.get('to') ?? '') === toTag;
}

/**
 * The same for all copies of an INVITE that a proxy forked and that met again here (RFC 3261 8.2.2.2); undefined for
 * what cannot be such a copy. Only INVITE: of other requests a copy does no harm.
 */
export function mergeKeyOf(request: SipRequest): string | undefined {
  if (!beginsCall(request)) return undefined;
  const { headers } = request;
  return `${headers.get('cseq')} ${headers.get('call-id')} ${headers.get('from')}`;
}

/** An INVITE outside of every dialog. */
export function beginsCall({ method, headers }: SipRequest): boolean {
  return method === 'INVITE' && tagOf(headers.get('to') ?? '') === undefined;
}

function topVia(value: string | undefined): Via | undefined {
  return value === undefined ? undefined : parseVia(value);
}

function hasCookie(branch: string): boolean {
  return branch.length > MAGIC_COOKIE.length && branch.startsWith(MAGIC_COOKIE);
}
