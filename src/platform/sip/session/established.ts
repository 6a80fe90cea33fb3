/** A call whose dialog is confirmed: what either end may ask of the other until BYE (RFC 3261 14, 15; RFC 3311, 4028, 6086). */
import { randomInt } from 'node:crypto';
import { SdpError } from '../../media/sdp';
import type { Cancel } from '../../timers';
import type { Dialog } from '../dialog';
import { parseCSeq } from '../header-values';
import { hasToken, mediaTypeOf } from '../list-values';
import type { SipRequest, SipResponse } from '../message';
import { responseTo } from '../respond';
import type { ServerTransaction } from '../transaction/transaction';
import { sendUntilAcknowledged, type Accepted } from './accepted';
import { dtmfOfInfo } from './info';
import { ALLOW, CAPABILITIES, NOBODY, SDP, type SessionDeps, type SessionListener, type SessionMedia } from './session';
import {
  answerTerms,
  createSessionTimer,
  MIN_SE,
  minSe,
  readTerms,
  SESSION_EXPIRES,
  type SessionTimer,
} from './session-timer';

/** What each method within a dialog comes to. */
const HANDLERS: Readonly<Record<string, (call: Established, transaction: ServerTransaction) => void>> = {
  INVITE: (call, transaction) => call.reinvited(transaction),
  UPDATE: (call, transaction) => call.updated(transaction),
  BYE: (call, transaction) => call.byed(transaction),
  INFO: (call, transaction) => call.informed(transaction),
  OPTIONS: (_call, transaction) => transaction.respond(responseTo(transaction.request, 200, { headers: CAPABILITIES })),
  // Transfers are the application's (`state: transferring`), never the phone's.
  REFER: (_call, transaction) => transaction.respond(responseTo(transaction.request, 603)),
};

/** The CSeq number; a request without a readable one does not get here. */
export function cseqOf(request: SipRequest): number {
  return parseCSeq(request.headers.get('cseq') ?? '')?.number ?? 0;
}

type Pairs = (readonly [name: string, value: string])[];

/** After a refusal there is time for another try before the session expires, in the shortest one too (RFC 4028 10); ms. */
const REFRESH_AGAIN_MS = 10_000;
/** Wait of a refresh that shall ask for a longer interval: a far end that wants ever more gets no flood; ms. */
const LONGER_AGAIN_MS = 1_000;

export class Established {
  #over = false;
  /** The 2xx of the far end's re-INVITE that waits for its ACK. */
  #accepted: { cseq: number; awaitsAnswer: boolean; sending: Accepted } | undefined;
  /** A refresh of our own is under way. */
  #refreshing = false;
  /** The last refresh was refused. */
  #refused = false;
  #cancelRetry: Cancel | undefined;
  #peerUpdates = false;
  /** Of the session timer; s. */
  #interval = SESSION_EXPIRES;
  readonly #timer: SessionTimer;
  /** Before that there is nothing that a re-INVITE could change. */
  confirmed = true;
  /** Whoever waits for the ACK of the INVITE that made the call. */
  onFirstAck: ((request: SipRequest) => void) | undefined;

  constructor(
    readonly dialog: Dialog,
    private readonly media: SessionMedia,
    private readonly listener: SessionListener,
    private readonly deps: SessionDeps,
    /** Whether this end made the call: which of two glaring ends waits longer (RFC 3261 14.1). */
    private readonly isCaller: boolean,
  ) {
    this.#timer = createSessionTimer(deps.timers, {
      refresh: () => this.#refresh(),
      expire: () => {
        this.hangUp();
        this.listener.ended(408);
      },
    });
    deps.dialogs.set(dialog.id, this);
  }

  /** Terms agreed in the transaction that made the dialog, or refreshed it. */
  keepAlive(interval: number, refreshing: boolean): void {
    this.#interval = interval;
    this.#timer.start(interval, refreshing);
  }

  /** Whether the far end takes UPDATE: from the Allow of its last message. */
  learn(message: SipRequest | SipResponse): void {
    if (message.headers.has('allow')) this.#peerUpdates = hasToken(message.headers, 'allow', 'UPDATE');
  }

  hangUp(): void {
    if (this.#over) return;
    this.#reconnect();
    this.deps.layer.request(this.dialog.request('BYE'), this.dialog.flow, NOBODY);
    this.close();
  }

  /** A phone whose connection broke and that registered anew is reached there: a BYE into nothing would leave it in the call. */
  #reconnect(): void {
    const { flow, remote, remoteTarget } = this.dialog;
    const found = flow.open ? undefined : this.deps.reconnected?.(remote, remoteTarget);
    if (found) this.dialog.moveTo(found);
  }

  /** Lets go without a word. */
  close(): void {
    this.#over = true;
    this.#timer.stop();
    this.#accepted?.sending.stop();
    this.#cancelRetry?.();
    this.deps.dialogs.delete(this.dialog.id);
  }

  /** A request within the dialog. */
  request(transaction: ServerTransaction): void {
    const { request, flow } = transaction;
    if (!this.dialog.accept(request, flow)) return transaction.respond(responseTo(request, 500));
    const handler = Object.hasOwn(HANDLERS, request.method) ? HANDLERS[request.method] : undefined;
    if (!handler) return transaction.respond(responseTo(request, 405, { headers: [['Allow', ALLOW]] }));
    handler(this, transaction);
  }

  /** The ACK of a 2xx: of a re-INVITE, else of the INVITE that made the call. */
  ack(request: SipRequest): void {
    const accepted = this.#accepted;
    if (!accepted || cseqOf(request) !== accepted.cseq) return this.onFirstAck?.(request);
    accepted.sending.acknowledged();
    this.#accepted = undefined;
    if (!accepted.awaitsAnswer) return;
    try {
      this.media.takeAnswer(request.body.toString());
    } catch (error) {
      if (!(error instanceof SdpError)) throw error;
      this.#endWith(error.status); // 14.1: no session can be agreed on
    }
  }

  reinvited(transaction: ServerTransaction): void {
    const { request } = transaction;
    // 14.2: one at a time, whosesoever it is.
    if (this.#accepted || !this.confirmed)
      return transaction.respond(responseTo(request, 500, { headers: [['Retry-After', String(randomInt(1, 10))]] }));
    if (this.#refreshing) return transaction.respond(responseTo(request, 491));
    this.#agree(transaction, (response, awaitsAnswer) => {
      const sending = sendUntilAcknowledged(transaction, response, this.deps.timers, () => this.#endWith(408));
      this.#accepted = { cseq: cseqOf(request), awaitsAnswer, sending };
    });
  }

  updated(transaction: ServerTransaction): void {
    const { request } = transaction;
    // RFC 3311 5.2: an offer while another one is open.
    if (!this.confirmed && request.body.length > 0)
      return transaction.respond(responseTo(request, 500, { headers: [['Retry-After', '1']] }));
    if (request.body.length > 0 && (this.#accepted?.awaitsAnswer ?? this.#refreshing))
      return transaction.respond(responseTo(request, 491));
    this.#agree(transaction, (response) => transaction.respond(response));
  }

  byed(transaction: ServerTransaction): void {
    transaction.respond(responseTo(transaction.request, 200));
    this.close();
    this.listener.ended(undefined);
  }

  informed(transaction: ServerTransaction): void {
    const { request } = transaction;
    if (request.body.length === 0) return transaction.respond(responseTo(request, 200)); // RFC 2976: a keep-alive
    const digit = dtmfOfInfo(request);
    if (digit === undefined)
      return transaction.respond(
        responseTo(request, 415, { headers: [['Accept', 'application/dtmf-relay, application/dtmf']] }),
      );
    transaction.respond(responseTo(request, 200));
    this.listener.dtmf(digit);
  }

  /** INVITE and UPDATE: session timer, offer and answer, target refresh. */
  #agree(transaction: ServerTransaction, accept: (response: SipResponse, awaitsAnswer: boolean) => void): void {
    const { request } = transaction;
    const agreed = answerTerms(request.headers);
    if (!agreed) return transaction.respond(responseTo(request, 422, { headers: [['Min-SE', String(MIN_SE)]] }));
    const isInvite = request.method === 'INVITE';
    const offered = request.body.length > 0;
    if (offered && mediaTypeOf(request.headers) !== SDP)
      return transaction.respond(responseTo(request, 415, { headers: [['Accept', SDP]] }));
    let body: string | undefined;
    try {
      if (offered) body = this.media.answer(request.body.toString());
      else if (isInvite) body = this.media.offer();
    } catch (error) {
      if (!(error instanceof SdpError)) throw error;
      return transaction.respond(responseTo(request, error.status));
    }
    this.dialog.refresh(request.headers);
    this.learn(request);
    // While it rings there is nothing to keep alive.
    if (this.confirmed) this.keepAlive(agreed.terms.interval, agreed.terms.refresher === 'uas');
    accept(okOf(request, this.dialog, agreed.headers, body), isInvite && !offered);
  }

  /** This end's turn to say that it is still there: UPDATE where the far end knows it, else an INVITE that changes nothing. */
  #refresh(): void {
    if (this.#accepted) return this.#retry(2_000);
    const headers: Pairs = [
      ...CAPABILITIES,
      ['Session-Expires', `${this.#interval};refresher=uac`],
      ['Min-SE', String(MIN_SE)],
    ];
    this.#reconnect();
    const withInvite = !this.#peerUpdates;
    const method = withInvite ? 'INVITE' : 'UPDATE';
    const body = withInvite ? { type: SDP, content: this.media.offer() } : undefined;
    const request = this.dialog.request(method, { headers, body });
    this.#refreshing = withInvite;
    this.deps.layer.request(request, this.dialog.flow, {
      response: (response) => this.#refreshed(request, response),
      timeout: () => this.#endWith(408),
      failed: () => this.#endWith(503),
    });
  }

  #refreshed(request: SipRequest, response: SipResponse): void {
    const { status } = response;
    if (status < 200) return;
    const isInvite = request.method === 'INVITE';
    if (isInvite && status < 300) {
      const cseq = cseqOf(request);
      this.deps.layer.ack(this.dialog.ack(cseq), this.dialog.flow);
    }
    if (this.#over || (isInvite && !this.#refreshing)) return; // a 2xx that came again
    this.#refreshing = false;
    if (status < 300) {
      this.#refused = false;
      this.dialog.refresh(response.headers);
      if (isInvite && !this.#take(response)) return;
      const terms = readTerms(response.headers);
      // The far end does not do timers: this end goes on by itself.
      this.keepAlive(terms?.interval ?? this.#interval, terms?.refresher !== 'uas');
    } else if (status === 491) {
      // 14.1: who made the call waits longer, so that the next attempts do not meet.
      this.#retry(this.isCaller ? randomInt(2_100, 4_000) : randomInt(0, 2_000));
    } else if (status === 422 && minSe(response.headers) > this.#interval) {
      this.#interval = minSe(response.headers);
      this.#retry(LONGER_AGAIN_MS);
    } else if (status === 408 || status === 481) {
      this.#endWith(status); // 12.2.1.2: the far end has no such call
    } else if (!isInvite) {
      this.#peerUpdates = false; // then by INVITE
      this.#retry(0);
    } else if (!this.#refused) {
      this.#refused = true; // a 500 (14.2), for one, passes
      this.#retry(REFRESH_AGAIN_MS);
    } else {
      this.#refused = false;
      this.keepAlive(this.#interval, true);
    }
  }

  #take(response: SipResponse): boolean {
    if (response.body.length === 0) return true;
    try {
      this.media.takeAnswer(response.body.toString());
      return true;
    } catch (error) {
      if (!(error instanceof SdpError)) throw error;
      this.#endWith(error.status);
      return false;
    }
  }

  #retry(ms: number): void {
    this.#cancelRetry = this.deps.timers.after(ms, () => this.#refresh());
  }

  /** It cannot go on: BYE, and the listener is told. */
  #endWith(status: number): void {
    if (this.#over) return;
    this.hangUp();
    this.listener.ended(status);
  }
}

/** The 2xx of an INVITE or UPDATE that makes or refreshes a session. */
export function okOf(request: SipRequest, dialog: Dialog, terms: Pairs, sdp: string | undefined): SipResponse {
  const headers: Pairs = [
    ...request.headers.all('record-route').map((route) => ['Record-Route', route] as const),
    ['Contact', dialog.contact],
    ...CAPABILITIES,
    ...terms,
    ...(sdp === undefined ? [] : [['Content-Type', SDP] as const]),
  ];
  return responseTo(request, 200, {
    headers,
    toTag: dialog.localTag,
    ...(sdp !== undefined && { body: Buffer.from(sdp) }),
  });
}
