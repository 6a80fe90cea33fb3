/** A call with a dialog: handles requests of the far end until BYE (RFC 3261 14, 15; RFC 3311, 6086). */
import { randomInt } from 'node:crypto';
import { SdpError } from '../../support/sdp-error';
import { cseqOf, type Dialog } from '../dialog';
import { parseCSeq } from '../header-values';
import type { SipRequest, SipResponse } from '../message';
import { responseTo } from '../respond';
import type { ServerTransaction } from '../transaction/transaction';
import { sendUntilAcknowledged, type Accepted } from './accepted';
import { acceptsDescription, answerIn, descriptionIn } from './description';
import { DTMF_TYPES, dtmfOfInfo } from './info';
import { Refresher } from './refresher';
import {
  ALLOW,
  CAPABILITIES,
  NOOP_USER,
  SDP,
  type SessionDeps,
  type SessionListener,
  type SessionMedia,
} from './session';
import { answerTerms, MIN_SE } from './session-timer';

/** Handlers of requests within a dialog, by method. */
const HANDLERS: Readonly<Record<string, (call: Established, transaction: ServerTransaction) => void>> = {
  INVITE: (call, transaction) => call.handleReInvite(transaction),
  UPDATE: (call, transaction) => call.handleUpdate(transaction),
  BYE: (call, transaction) => call.handleBye(transaction),
  INFO: (call, transaction) => call.handleInfo(transaction),
  OPTIONS: (_call, transaction) => transaction.respond(responseTo(transaction.request, 200, { headers: CAPABILITIES })),
  // Only the application can transfer a call (`state: transferring`), not the phone.
  REFER: (_call, transaction) => transaction.respond(responseTo(transaction.request, 603)),
};

type Pairs = (readonly [name: string, value: string])[];

export class Established {
  #over = false;
  /** The 2xx to a re-INVITE of the far end, while its ACK is outstanding. */
  #accepted: { cseq: number; awaitsAnswer: boolean; sending: Accepted } | undefined;
  readonly #refresher: Refresher;
  /** False until the INVITE that created the call has been acknowledged. Until then, re-INVITEs are rejected. */
  confirmed = true;
  /** Called with the ACK of the INVITE that created the call. */
  onFirstAck: ((request: SipRequest) => void) | undefined;

  constructor(
    readonly dialog: Dialog,
    private readonly media: SessionMedia,
    private readonly listener: SessionListener,
    private readonly deps: SessionDeps,
    /** Whether this end made the call. After glare, the caller waits longer (RFC 3261 14.1). */
    isCaller: boolean,
  ) {
    this.#refresher = new Refresher(
      {
        dialog,
        isCaller,
        hasPendingReInvite: () => this.#accepted !== undefined,
        reconnect: () => this.#reconnect(),
        takeAnswer: (sdp) => this.#takeAnswer(sdp),
        endWith: (status) => this.#endWith(status),
      },
      media,
      deps,
    );
    deps.dialogs.set(dialog.id, this);
  }

  /** Applies the session timer terms that were agreed when the dialog was created or refreshed. */
  keepAlive(interval: number, refreshing: boolean): void {
    this.#refresher.keepAlive(interval, refreshing);
  }

  /** Reads from a message whether the far end supports UPDATE, and its shortest session interval. */
  learn(message: SipRequest | SipResponse): void {
    this.#refresher.learn(message);
  }

  hangUp(): void {
    if (this.#over) return;
    this.#reconnect();
    this.deps.layer.request(this.dialog.request('BYE'), this.dialog.flow, NOOP_USER);
    this.close();
  }

  /**
   * If the connection has closed and the phone has registered again, continues over the new connection. Otherwise the
   * phone would not receive a BYE and would stay in the call.
   */
  #reconnect(): void {
    const { flow, remote, remoteTarget } = this.dialog;
    const found = flow.open ? undefined : this.deps.reconnected?.(remote, remoteTarget);
    if (found) this.dialog.moveTo(found);
  }

  /** Ends the call locally. Sends nothing and calls no listener. */
  close(): void {
    this.#over = true;
    this.#refresher.stop();
    this.#accepted?.sending.stop();
    this.deps.dialogs.delete(this.dialog.id);
  }

  /** A request within the dialog. */
  request(transaction: ServerTransaction): void {
    try {
      this.#handle(transaction);
    } catch (error) {
      transaction.respond(responseTo(transaction.request, 500)); // ignored if a final response has been sent
      this.deps.internalErrors.report(error, { where: 'sip request' });
    }
  }

  #handle(transaction: ServerTransaction): void {
    const { request, flow } = transaction;
    if (!this.dialog.accept(request, flow)) return transaction.respond(responseTo(request, 500));
    const handler = Object.hasOwn(HANDLERS, request.method) ? HANDLERS[request.method] : undefined;
    if (!handler) return transaction.respond(responseTo(request, 405, { headers: [['Allow', ALLOW]] }));
    handler(this, transaction);
  }

  /** Handles the ACK of a 2xx: to a re-INVITE, or to the INVITE that created the call. */
  ack(request: SipRequest): void {
    this.deps.internalErrors.guard('sip ack', () => this.#acknowledged(request))();
  }

  #acknowledged(request: SipRequest): void {
    const accepted = this.#accepted;
    const cseq = parseCSeq(request.headers.get('cseq') ?? '')?.number;
    // An ACK with an unreadable CSeq counts as the outstanding one.
    if (!accepted || (cseq ?? accepted.cseq) !== accepted.cseq) return this.onFirstAck?.(request);
    accepted.sending.acknowledged();
    this.#accepted = undefined;
    const answer = accepted.awaitsAnswer ? answerIn(request) : '';
    // If the ACK lacks a required answer, the call continues as before.
    if (answer !== '') this.#takeAnswer(answer);
  }

  handleReInvite(transaction: ServerTransaction): void {
    const { request } = transaction;
    // 14.2: only one INVITE at a time, from either end.
    if (this.#accepted || !this.confirmed)
      return transaction.respond(responseTo(request, 500, { headers: [['Retry-After', String(randomInt(1, 10))]] }));
    if (this.#refresher.inviting) return transaction.respond(responseTo(request, 491));
    this.#agree(transaction, (response, awaitsAnswer) => {
      const sending = sendUntilAcknowledged(transaction, response, this.deps.timers, () => this.#endWith(408));
      this.#accepted = { cseq: cseqOf(request), awaitsAnswer, sending };
    });
  }

  handleUpdate(transaction: ServerTransaction): void {
    const { request } = transaction;
    // RFC 3311 5.2: an offer while another one is pending.
    if (!this.confirmed && request.body.length > 0)
      return transaction.respond(responseTo(request, 500, { headers: [['Retry-After', '1']] }));
    if (request.body.length > 0 && (this.#accepted?.awaitsAnswer ?? this.#refresher.inviting))
      return transaction.respond(responseTo(request, 491));
    this.#agree(transaction, (response) => transaction.respond(response));
  }

  handleBye(transaction: ServerTransaction): void {
    transaction.respond(responseTo(transaction.request, 200));
    this.close();
    this.listener.ended(undefined);
  }

  handleInfo(transaction: ServerTransaction): void {
    const { request } = transaction;
    if (request.body.length === 0) return transaction.respond(responseTo(request, 200)); // RFC 2976: a keep-alive
    const info = dtmfOfInfo(request);
    if ('digit' in info) {
      transaction.respond(responseTo(request, 200));
      this.listener.dtmf(info.digit);
    } else if (info.fault === 'type')
      transaction.respond(responseTo(request, 415, { headers: [['Accept', DTMF_TYPES]] }));
    else transaction.respond(responseTo(request, 400, { reason: 'Unknown DTMF Key' })); // RFC 3261 21.4.1
  }

  /** INVITE and UPDATE: session timer, offer and answer, target refresh. */
  #agree(transaction: ServerTransaction, accept: (response: SipResponse, awaitsAnswer: boolean) => void): void {
    const { request } = transaction;
    const agreed = answerTerms(request.headers);
    if (!agreed) return transaction.respond(responseTo(request, 422, { headers: [['Min-SE', String(MIN_SE)]] }));
    const isInvite = request.method === 'INVITE';
    const described = descriptionIn(request);
    if ('unsupported' in described)
      return transaction.respond(responseTo(request, 415, { headers: [described.unsupported] }));
    const { sdp: offer } = described;
    if ((isInvite || offer !== undefined) && !acceptsDescription(request.headers))
      return transaction.respond(responseTo(request, 406));
    let body: string | undefined;
    try {
      if (offer !== undefined) body = this.media.answer(offer);
      else if (isInvite) body = this.media.offer();
    } catch (error) {
      if (!(error instanceof SdpError)) throw error;
      return transaction.respond(responseTo(request, error.status));
    }
    this.dialog.refresh(request.headers);
    this.learn(request);
    // The session timer starts after the call has been answered.
    if (this.confirmed) this.keepAlive(agreed.terms.interval, agreed.terms.refresher === 'uas');
    accept(okOf(request, this.dialog, agreed.headers, body), isInvite && offer === undefined);
  }

  #takeAnswer(sdp: string): boolean {
    try {
      this.media.takeAnswer(sdp);
      return true;
    } catch (error) {
      if (!(error instanceof SdpError)) throw error;
      this.#endWith(error.status); // 14.1: no agreement is possible
      return false;
    }
  }

  /** Ends the call with BYE and notifies the listener. */
  #endWith(status: number): void {
    if (this.#over) return;
    this.hangUp();
    this.listener.ended(status);
  }
}

/** Creates the 200 to an INVITE or UPDATE. */
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
