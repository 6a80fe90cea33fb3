/**
 * An incoming call (RFC 3261 13.3). It rings until it is answered, rejected or cancelled.
 *
 *   ringing ──accept──▶ accepted ──ACK──▶ confirmed ──BYE──▶ ended
 *      │                    └──hangUp──▶ leaving ──ACK or none in 64*T1──▶ ended
 *      └──reject, CANCEL──▶ ended
 */
import { SdpError } from '../../support/sdp-error';
import type { Cancel } from '../../support/timers';
import { Dialog } from '../dialog';
import { parseScalar } from '../header-values';
import { newTag, responseTo, RETRY_LATER } from '../respond';
import type { SipRequest } from '../message';
import type { ServerTransaction } from '../transaction/transaction';
import { sendUntilAcknowledged, type Accepted } from './accepted';
import { answerIn, offerIn } from './description';
import { Established, okOf } from './established';
import type { SessionDeps, SessionListener, SessionMedia } from './session';
import { answerTerms } from './session-timer';

type State = 'ringing' | 'accepted' | 'leaving' | 'confirmed' | 'ended';
type Signal = 'accept' | 'ack' | 'no-ack' | 'hangUp' | 'cancel' | 'bye';

const TRANSITIONS: Readonly<Record<State, Partial<Record<Signal, State>>>> = {
  ringing: { accept: 'accepted', hangUp: 'ended', cancel: 'ended', bye: 'ended' },
  accepted: { ack: 'confirmed', 'no-ack': 'ended', hangUp: 'leaving', bye: 'ended' },
  // The callee must not send BYE before the ACK (15).
  leaving: { ack: 'ended', 'no-ack': 'ended', bye: 'ended' },
  confirmed: { hangUp: 'ended', bye: 'ended' },
  ended: {},
};

/** Interval of 180 responses (13.3.1.1): one may be lost, and proxies give up an INVITE without responses; ms. */
const RING_INTERVAL_MS = 60_000;
/** Larger values of `Expires` are ignored; s. */
const MAX_EXPIRES_SECONDS = 86_400;

export class IncomingCall {
  #state: State = 'ringing';
  #accepted: Accepted | undefined;
  readonly #call: Established;
  readonly #offered: boolean;
  readonly #stopWatching: () => void;
  #cancelRing: Cancel | undefined;
  #cancelExpiry: Cancel | undefined;

  /**
   * @param media the media of the call, which already have the offer of the INVITE, if there is one
   * @throws DialogError if the INVITE lacks a header that a dialog needs
   */
  constructor(
    private readonly transaction: ServerTransaction,
    private readonly media: SessionMedia,
    private readonly listener: SessionListener,
    private readonly deps: SessionDeps,
  ) {
    const { request, flow } = transaction;
    this.#offered = offerIn(request) !== undefined;
    const dialog = Dialog.ofRequest(request, newTag(), flow);
    const ended = (status: number | undefined): void => {
      const rang = this.#state === 'ringing';
      if (this.#state === 'leaving') this.#move('bye');
      else if (this.#move('bye')) {
        this.#accepted?.stop();
        // BYE within the early dialog (15): reject the INVITE as after a CANCEL.
        if (rang) this.#refuse(487);
        this.listener.ended(rang ? 487 : status);
      }
    };
    const establishedListener: SessionListener = {
      ringing: () => undefined,
      answered: () => undefined,
      dtmf: (digit) => listener.dtmf(digit),
      ended,
    };
    this.#call = new Established(dialog, media, establishedListener, deps, false);
    this.#call.confirmed = false;
    this.#call.onFirstAck = (ack) => this.#acknowledged(ack);
    this.#call.learn(request);
    // Without the connection, neither a 200 can be sent nor a CANCEL received.
    this.#stopWatching = flow.onClose(deps.internalErrors.guard('sip flow', () => this.cancelled()));
    const seconds = parseScalar(request.headers.get('expires') ?? '', MAX_EXPIRES_SECONDS);
    // 13.3.1: the INVITE expires.
    if (seconds !== undefined) this.#cancelExpiry = deps.timers.after(seconds * 1000, () => this.cancelled());
  }

  ring(): void {
    if (this.#state !== 'ringing') return;
    const { request } = this.transaction;
    const { dialog } = this.#call;
    const routes = request.headers.all('record-route').map((route) => ['Record-Route', route] as const);
    this.transaction.respond(
      responseTo(request, 180, { toTag: dialog.localTag, headers: [...routes, ['Contact', dialog.contact]] }),
    );
    this.#cancelRing?.();
    this.#cancelRing = this.deps.timers.after(RING_INTERVAL_MS, () => this.ring());
  }

  /**
   * Answers the call. `answered` is called when the ACK arrives.
   * @param sdp answer to the INVITE's offer; an offer if the INVITE had none
   */
  accept(sdp: string): void {
    const { request } = this.transaction;
    const agreed = answerTerms(request.headers);
    if (!agreed || !this.#move('accept')) return;
    this.#call.keepAlive(agreed.terms.interval, agreed.terms.refresher === 'uas');
    const response = okOf(request, this.#call.dialog, agreed.headers, sdp);
    this.#accepted = sendUntilAcknowledged(this.transaction, response, this.deps.timers, () => this.#unacknowledged());
  }

  /** @param status status of the response if the call has not been answered */
  hangUp(status: number): void {
    const before = this.#state;
    if (!this.#move('hangUp')) return;
    if (before === 'ringing') {
      this.#refuse(status);
      this.#call.close();
    } else if (before === 'confirmed') this.#call.hangUp();
  }

  /** The caller has sent CANCEL, or can no longer be reached. */
  cancelled(): void {
    if (!this.#move('cancel')) return;
    this.#refuse(487);
    this.#call.close();
    this.listener.ended(487);
  }

  #acknowledged(ack: SipRequest): void {
    this.#accepted?.acknowledged();
    const before = this.#state;
    if (!this.#move('ack')) return;
    this.#call.confirmed = true;
    if (before === 'leaving') return this.#call.hangUp();
    if (!this.#offered) {
      try {
        this.media.takeAnswer(answerIn(ack));
      } catch (error) {
        if (!(error instanceof SdpError)) throw error;
        this.#move('hangUp');
        this.#call.hangUp();
        return this.listener.ended(error.status);
      }
    }
    this.listener.answered();
  }

  #unacknowledged(): void {
    const before = this.#state;
    if (!this.#move('no-ack')) return;
    this.#call.hangUp(); // 13.3.1.4
    if (before === 'accepted') this.listener.ended(408);
  }

  #refuse(status: number): void {
    const { request } = this.transaction;
    const headers = status === 503 ? RETRY_LATER : [];
    this.transaction.respond(responseTo(request, status, { toTag: this.#call.dialog.localTag, headers }));
  }

  /** @returns false if this state ignores the signal */
  #move(signal: Signal): boolean {
    const next = TRANSITIONS[this.#state][signal];
    if (next === undefined) return false;
    this.#state = next;
    if (next !== 'ringing') {
      this.#stopWatching();
      this.#cancelRing?.();
      this.#cancelExpiry?.();
    }
    return true;
  }
}
