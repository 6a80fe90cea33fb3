/** Dialogs (RFC 3261 12): what two user agents remember of each other between INVITE and BYE. */
import { printHostPort } from '../addresses/host-port';
import { pooledRandomBytes } from '../support/random';
import { parseCSeq, parseNameAddr, tagOf, withTag } from './header-values';
import { Headers, NO_BODY, type SipRequest, type SipResponse } from './message';
import type { Flow } from './transport/transport';
import { parseUri, printUri, schemeOf } from '../addresses/uri';

/** 128 bits, globally unique (8.1.1.4). */
export function newCallId(): string {
  return pooledRandomBytes(16).toString('hex');
}

/** What a message needs to have to make a dialog is missing: Contact, Call-ID, From, To with tag. */
export class DialogError extends Error {}

interface DialogState {
  callId: string;
  localTag: string;
  remoteTag: string;
  /** `From` of what is sent here, with its tag. */
  local: string;
  /** `To` of what is sent here, with its tag. */
  remote: string;
  localSeq: number;
  remoteSeq: number | undefined;
  remoteTarget: string;
  routeSet: string[];
  /** What decides whether the far end wants SIPS. */
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

  /** The caller's side: of its INVITE and a response (12.1.2); one without a To tag has the null tag. @throws DialogError */
  static ofResponse(invite: SipRequest, response: SipResponse, flow: Flow): Dialog {
    const local = must(invite.headers.get('from'), 'From');
    const remote = must(response.headers.get('to') ?? invite.headers.get('to'), 'To');
    return new Dialog({
      callId: must(invite.headers.get('call-id'), 'Call-ID'),
      localTag: must(tagOf(local), 'tag of From'),
      remoteTag: tagOf(remote) ?? '',
      local,
      remote,
      localSeq: parseCSeq(must(invite.headers.get('cseq'), 'CSeq'))?.number ?? 0,
      remoteSeq: undefined,
      // A 2xx must have a Contact (13.3.1.4). Whoever sends none is not left alone in a call that nobody acknowledges.
      remoteTarget: contactOf(response.headers) ?? invite.uri,
      routeSet: response.headers.all('record-route').reverse(),
      asked: invite.uri,
      flow,
    });
  }

  /** The callee's side: of the INVITE that came in (12.1.1). @throws DialogError */
  static ofRequest(invite: SipRequest, localTag: string, flow: Flow): Dialog {
    const remote = must(invite.headers.get('from'), 'From');
    const remoteTarget = must(contactOf(invite.headers), 'Contact');
    const routeSet = invite.headers.all('record-route');
    const nearest = parseNameAddr(routeSet[0] ?? '')?.uri ?? remoteTarget;
    return new Dialog({
      callId: must(invite.headers.get('call-id'), 'Call-ID'),
      localTag,
      // RFC 2543 peers send no tag; an empty one stands for it (12.1.1).
      remoteTag: tagOf(remote) ?? '',
      local: withTag(must(invite.headers.get('to'), 'To'), localTag),
      remote,
      localSeq: 0,
      remoteSeq: parseCSeq(must(invite.headers.get('cseq'), 'CSeq'))?.number,
      remoteTarget,
      routeSet,
      asked: isSips(nearest) ? nearest : invite.uri,
      flow,
    });
  }

  /** Key under which requests of the other end are found: see `dialogIdOf`. */
  get id(): string {
    const { callId, localTag, remoteTag } = this.#state;
    return dialogId(callId, localTag, remoteTag);
  }

  get localTag(): string {
    return this.#state.localTag;
  }

  /** This end, as the far end reaches it: `Contact` of what is sent. */
  get contact(): string {
    return contactFor(this.#state.flow, this.#state.asked);
  }

  get flow(): Flow {
    return this.#state.flow;
  }

  /** The far end, as its own requests call it: a name-addr. */
  get remote(): string {
    return this.#state.remote;
  }

  /** Request-URI of what is sent to it. */
  get remoteTarget(): string {
    return this.#state.remoteTarget;
  }

  /** The connection that the dialog was on is gone, and the far end is known to be there now. */
  moveTo({ flow, uri }: { flow: Flow; uri: string }): void {
    this.#state.flow = flow;
    this.#state.remoteTarget = uri;
  }

  /** A request within the dialog (12.2.1.1), CSeq one higher than the last. Never ACK or CANCEL. */
  request(method: string, parts: RequestParts = {}): SipRequest {
    this.#state.localSeq++;
    return this.#build(method, this.#state.localSeq, parts);
  }

  /** The ACK for the 2xx of an INVITE with this CSeq number (13.2.2.4). */
  ack(cseq: number, body?: RequestParts['body']): SipRequest {
    return this.#build('ACK', cseq, { body });
  }

  /**
   * A request of the other end came within the dialog: is it in order (12.2.2)?
   * @returns false: an old one overtaken by a newer one, to be refused with 500
   */
  accept(request: SipRequest, flow: Flow): boolean {
    const seq = cseqOf(request);
    const { remoteSeq } = this.#state;
    if (remoteSeq !== undefined && seq <= remoteSeq) return false;
    this.#state.remoteSeq = seq;
    // The way by which it came works: a phone that has changed its network is reached there from now on.
    this.#state.flow = flow;
    return true;
  }

  /** Target refresh (12.2.1.2, 12.2.2): INVITE, UPDATE and their 2xx say where the other end is now. */
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
    // Not in BYE (RFC 3261 20, table 2): there is nothing more to be asked.
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
 * This end, as peers of that flow reach it.
 * @param asked Request-URI of the INVITE: whoever asks for SIPS is to get SIPS (8.1.1.8, 12.1.1), where there is TLS
 */
export function contactFor(flow: Flow, asked: string): string {
  if (flow.transport === 'TLS' && isSips(asked)) return `<sips:tandem@${printHostPort(flow.local)}>`;
  const transport = flow.transport === 'UDP' ? '' : `;transport=${flow.transport.toLowerCase()}`;
  return `<sip:tandem@${printHostPort(flow.local)}${transport}>`;
}

/** 12.2.1.1: a strict router (RFC 2543) that comes first wants to be the Request-URI, and the target to be the last route. */
function routed(target: string, routes: readonly string[]): { uri: string; routes: readonly string[] } {
  const [first, ...others] = routes;
  const router = parseUri(parseNameAddr(first ?? '')?.uri ?? '');
  if (!router || router.params.has('lr')) return { uri: target, routes };
  // 19.1.1: neither may stand in a Request-URI.
  router.params.delete('method');
  delete router.headers;
  return { uri: printUri(router), routes: [...others, `<${target}>`] };
}

/** The CSeq number; a request without a readable one does not get as far as a dialog. */
export function cseqOf(request: SipRequest): number {
  return parseCSeq(request.headers.get('cseq') ?? '')?.number ?? 0;
}

/** Under which dialog a request of the other end is to be found; undefined: it is outside of every dialog. */
export function dialogIdOf(request: SipRequest): string | undefined {
  const { headers } = request;
  const localTag = tagOf(headers.get('to') ?? '');
  if (localTag === undefined) return undefined;
  return dialogId(headers.get('call-id') ?? '', localTag, tagOf(headers.get('from') ?? '') ?? '');
}

/**
 * What was kept for the dialog of a request. A far end that answered without a tag may send one later: the local tag
 * alone, which is random, tells the dialog then.
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

/** The first that can be read. */
function contactOf(headers: Headers): string | undefined {
  for (const value of headers.all('contact')) {
    const uri = parseNameAddr(value)?.uri;
    if (uri !== undefined) return uri;
  }
  return undefined;
}

function must(value: string | undefined, what: string): string {
  if (value === undefined) throw new DialogError(`no ${what}`);
  return value;
}
