/** Dialogs (RFC 3261 12): the state that two user agents share between INVITE and BYE. */
import { printHostPort } from '../addresses/host-port';
import { pooledRandomBytes } from '../support/random';
import { parseCSeq, parseNameAddr, tagOf, withTag } from './header-values';
import { Headers, NO_BODY, type SipRequest, type SipResponse } from './message';
import type { Flow } from './transport/transport';
import { parseUri, printUri, schemeOf } from '../addresses/uri';

/** A globally unique Call-ID with 128 random bits (8.1.1.4). */
export function newCallId(): string {
  return pooledRandomBytes(16).toString('hex');
}

/** A message lacks a header that a dialog needs: Contact, Call-ID, From, To with a tag. */
export class DialogError extends Error {}

interface DialogState {
  callId: string;
  localTag: string;
  remoteTag: string;
  /** `From` of requests from this end, with its tag. */
  local: string;
  /** `To` of requests from this end, with the remote tag. */
  remote: string;
  localSeq: number;
  remoteSeq: number | undefined;
  remoteTarget: string;
  routeSet: string[];
  /** The URI whose scheme decides whether `Contact` must be a SIPS URI. */
  asked: string;
  flow: Flow;
}

export interface RequestParts {
  headers?: Iterable<readonly [name: string, value: string]> | undefined;
  body?: { type: string; content: string } | undefined;
}

export class Dialog {
  readonly #state: DialogState;

  private constructor(state: DialogState) {
    this.#state = state;
  }

  /**
   * Creates the caller's side from its INVITE and a response (12.1.2). A missing To tag counts as the empty tag.
   * @throws DialogError
   */
  static ofResponse(invite: SipRequest, response: SipResponse, flow: Flow): Dialog {
    const local = required(invite.headers.get('from'), 'From');
    const remote = required(response.headers.get('to') ?? invite.headers.get('to'), 'To');
    return new Dialog({
      callId: required(invite.headers.get('call-id'), 'Call-ID'),
      localTag: required(tagOf(local), 'tag of From'),
      remoteTag: tagOf(remote) ?? '',
      local,
      remote,
      localSeq: parseCSeq(required(invite.headers.get('cseq'), 'CSeq'))?.number ?? 0,
      remoteSeq: undefined,
      // A 2xx must have a Contact (13.3.1.4). If it has none, the Request-URI is used, so that the call gets its ACK.
      remoteTarget: contactOf(response.headers) ?? invite.uri,
      routeSet: response.headers.all('record-route').reverse(),
      asked: invite.uri,
      flow,
    });
  }

  /** Creates the callee's side from a received INVITE (12.1.1). @throws DialogError */
  static ofRequest(invite: SipRequest, localTag: string, flow: Flow): Dialog {
    const remote = required(invite.headers.get('from'), 'From');
    const remoteTarget = required(contactOf(invite.headers), 'Contact');
    const routeSet = invite.headers.all('record-route');
    const nearest = parseNameAddr(routeSet[0] ?? '')?.uri ?? remoteTarget;
    return new Dialog({
      callId: required(invite.headers.get('call-id'), 'Call-ID'),
      localTag,
      // RFC 2543 peers send no tag. It counts as the empty tag (12.1.1).
      remoteTag: tagOf(remote) ?? '',
      local: withTag(required(invite.headers.get('to'), 'To'), localTag),
      remote,
      localSeq: 0,
      remoteSeq: parseCSeq(required(invite.headers.get('cseq'), 'CSeq'))?.number,
      remoteTarget,
      routeSet,
      asked: isSips(nearest) ? nearest : invite.uri,
      flow,
    });
  }

  /** Key by which requests from the other end are matched: see `dialogIdOf`. */
  get id(): string {
    const { callId, localTag, remoteTag } = this.#state;
    return dialogId(callId, localTag, remoteTag);
  }

  get localTag(): string {
    return this.#state.localTag;
  }

  /** `Contact` of messages from this end. */
  get contact(): string {
    return contactFor(this.#state.flow, this.#state.asked);
  }

  get flow(): Flow {
    return this.#state.flow;
  }

  /** The far end's address: a name-addr with its tag. */
  get remote(): string {
    return this.#state.remote;
  }

  /** Request-URI of requests to the far end. */
  get remoteTarget(): string {
    return this.#state.remoteTarget;
  }

  /** Continues the dialog over another flow and contact, after its connection has closed. */
  moveTo({ flow, uri }: { flow: Flow; uri: string }): void {
    this.#state.flow = flow;
    this.#state.remoteTarget = uri;
  }

  /** Creates a request within the dialog (12.2.1.1) with the next CSeq number. Not for ACK and CANCEL. */
  request(method: string, parts: RequestParts = {}): SipRequest {
    this.#state.localSeq++;
    return this.#build(method, this.#state.localSeq, parts);
  }

  /** Creates the ACK for the 2xx of the INVITE with this CSeq number (13.2.2.4). */
  ack(cseq: number, body?: RequestParts['body']): SipRequest {
    return this.#build('ACK', cseq, { body });
  }

  /**
   * Records a request from the other end (12.2.2).
   * @returns false if its CSeq is not higher than the last one: the request must be rejected with 500
   */
  accept(request: SipRequest, flow: Flow): boolean {
    const seq = cseqOf(request);
    const { remoteSeq } = this.#state;
    if (remoteSeq !== undefined && seq <= remoteSeq) return false;
    this.#state.remoteSeq = seq;
    // The flow of the latest request works. It may be new, because a phone has changed its network.
    this.#state.flow = flow;
    return true;
  }

  /** Target refresh (12.2.1.2, 12.2.2): updates the remote target from an INVITE, an UPDATE or their 2xx. */
  refresh(headers: Headers): void {
    this.#state.remoteTarget = contactOf(headers) ?? this.#state.remoteTarget;
  }

  #build(method: string, cseq: number, { headers = [], body }: RequestParts): SipRequest {
    const { local, remote, callId, remoteTarget, routeSet } = this.#state;
    const { uri, routes } = routed(remoteTarget, routeSet);
    const all = new Headers([
      ['Max-Forwards', String(MAX_FORWARDS)],
      ...routes.map((route) => ['Route', route] as const),
      ['From', local],
      ['To', remote],
      ['Call-ID', callId],
      ['CSeq', `${cseq} ${method}`],
      ...headers,
    ]);
    // BYE has no Contact (RFC 3261 20, table 2).
    if (method !== 'BYE') all.add('Contact', this.contact);
    if (body) all.add('Content-Type', body.type);
    return {
      kind: 'request',
      method,
      uri,
      headers: all,
      body: body ? Buffer.from(body.content) : NO_BODY,
    };
  }
}

export const MAX_FORWARDS = 70;

/**
 * `Contact` of this end for the peer of a flow.
 * @param asked Request-URI of the INVITE. If it is a SIPS URI and the flow uses TLS, the contact is a SIPS URI
 * (8.1.1.8, 12.1.1).
 */
export function contactFor(flow: Flow, asked: string): string {
  if (flow.transport === 'TLS' && isSips(asked)) return `<sips:tandem@${printHostPort(flow.local)}>`;
  const transport = flow.transport === 'UDP' ? '' : `;transport=${flow.transport.toLowerCase()}`;
  return `<sip:tandem@${printHostPort(flow.local)}${transport}>`;
}

/**
 * 12.2.1.1: if the first route is a strict router (RFC 2543), it becomes the Request-URI and the target the last route.
 */
function routed(target: string, routes: readonly string[]): { uri: string; routes: readonly string[] } {
  const [first, ...others] = routes;
  const router = parseUri(parseNameAddr(first ?? '')?.uri ?? '');
  if (!router || router.params.has('lr')) return { uri: target, routes };
  // 19.1.1: a method parameter and headers are not allowed in a Request-URI.
  router.params.delete('method');
  delete router.headers;
  return { uri: printUri(router), routes: [...others, `<${target}>`] };
}

/** The CSeq number. Requests with an unreadable CSeq are rejected before they reach a dialog. */
export function cseqOf(request: SipRequest): number {
  return parseCSeq(request.headers.get('cseq') ?? '')?.number ?? 0;
}

/** The id of the dialog to which a received request belongs; undefined if it is outside of a dialog. */
export function dialogIdOf(request: SipRequest): string | undefined {
  const { headers } = request;
  const localTag = tagOf(headers.get('to') ?? '');
  if (localTag === undefined) return undefined;
  return dialogId(headers.get('call-id') ?? '', localTag, tagOf(headers.get('from') ?? '') ?? '');
}

/**
 * Finds the entry for the dialog of a request. A far end that answered without a tag may send one later. Then the
 * dialog is found by the local tag alone, which is random.
 */
export function findByDialog<Kept>(kept: ReadonlyMap<string, Kept>, { headers }: SipRequest): Kept | undefined {
  const localTag = tagOf(headers.get('to') ?? '');
  if (localTag === undefined) return undefined;
  const callId = headers.get('call-id') ?? '';
  const remoteTag = tagOf(headers.get('from') ?? '') ?? '';
  return kept.get(dialogId(callId, localTag, remoteTag)) ?? kept.get(dialogId(callId, localTag, ''));
}

function dialogId(callId: string, localTag: string, remoteTag: string): string {
  return `${callId};${localTag};${remoteTag}`;
}

function isSips(uri: string): boolean {
  return schemeOf(uri) === 'sips';
}

/** The URI of the first readable `Contact`. */
function contactOf(headers: Headers): string | undefined {
  for (const value of headers.all('contact')) {
    const uri = parseNameAddr(value)?.uri;
    if (uri !== undefined) return uri;
  }
  return undefined;
}

function required(value: string | undefined, what: string): string {
  if (value === undefined) throw new DialogError(`the message has no ${what}`);
  return value;
}
