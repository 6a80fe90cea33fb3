/**
 * Keeps a confirmed session alive (RFC 4028). Refreshes it if this end is the refresher, and ends the call if refreshes
 * fail or stop.
 */
import { randomInt } from 'node:crypto';
import type { Cancel } from '../../support/timers';
import { cseqOf, type Dialog } from '../dialog';
import { hasToken } from '../list-values';
import type { SipRequest, SipResponse } from '../message';
import { answerIn } from './description';
import { CAPABILITIES, SDP, type SessionDeps, type SessionMedia } from './session';
import { createSessionTimer, MIN_SE, minSe, readTerms, SESSION_EXPIRES, type SessionTimer } from './session-timer';

/** The call whose session is refreshed. */
export interface RefreshedCall {
  readonly dialog: Dialog;
  /** Whether this end made the call. After glare, the caller waits longer (RFC 3261 14.1). */
  readonly isCaller: boolean;
  /** Whether a re-INVITE of the far end waits for its ACK. Until then, no INVITE may be sent (RFC 3261 14.1). */
  hasPendingReInvite(): boolean;
  /** Called before a request is sent, because the far end may have registered again. */
  reconnect(): void;
  /** Applies the answer of a 2xx. @returns false if there was no agreement, so that the call has ended */
  takeAnswer(sdp: string): boolean;
  /** Ends the call. @param status status that gives the reason */
  endWith(status: number): void;
}

/** Delay of the retry after a rejection. Even the shortest session does not expire before it (RFC 4028 10); ms. */
const RETRY_MS = 10_000;
/** Delay of the retry with a longer interval. It limits the rate if the far end always requires more; ms. */
const LONGER_RETRY_MS = 1_000;
/** Delay while a re-INVITE of the far end is pending; ms. */
const PENDING_RETRY_MS = 2_000;

export class Refresher {
  #stopped = false;
  #inviting = false;
  /** The last refresh was rejected. */
  #refused = false;
  #cancelRetry: Cancel | undefined;
  #peerUpdates = false;
  /** s */
  #interval = SESSION_EXPIRES;
  /** The largest `Min-SE` that the far end has sent; s. */
  #minSe = MIN_SE;
  readonly #timer: SessionTimer;

  constructor(
    private readonly call: RefreshedCall,
    private readonly media: Pick<SessionMedia, 'offer'>,
    private readonly deps: Pick<SessionDeps, 'layer' | 'timers'>,
  ) {
    this.#timer = createSessionTimer(deps.timers, {
      refresh: () => this.#refresh(),
      expire: () => call.endWith(408),
    });
  }

  /** Whether an INVITE of this end is pending. An INVITE of the far end must be rejected with 491 (RFC 3261 14.2). */
  get inviting(): boolean {
    return this.#inviting;
  }

  /**
   * Applies the terms that were agreed when the dialog was created or refreshed.
   * @param interval s; raised to this end's minimum (RFC 4028 9), which limits the rate of refreshes
   * @param refreshing whether this end refreshes
   */
  keepAlive(interval: number, refreshing: boolean): void {
    this.#interval = Math.max(interval, MIN_SE);
    this.#timer.start(this.#interval, refreshing);
  }

  /** Reads from a message whether the far end supports UPDATE, and its shortest interval (RFC 4028 7.1). */
  learn(message: SipRequest | SipResponse): void {
    this.#minSe = Math.max(this.#minSe, minSe(message.headers));
    if (message.headers.has('allow')) this.#peerUpdates = hasToken(message.headers, 'allow', 'UPDATE');
  }

  stop(): void {
    this.#stopped = true;
    this.#timer.stop();
    this.#cancelRetry?.();
  }

  /** Sends a refresh: UPDATE if the far end supports it, otherwise an INVITE with an unchanged offer. */
  #refresh(): void {
    if (this.call.hasPendingReInvite()) return this.#retry(PENDING_RETRY_MS);
    this.call.reconnect();
    const { dialog } = this.call;
    const withInvite = !this.#peerUpdates;
    const request = dialog.request(withInvite ? 'INVITE' : 'UPDATE', {
      headers: [
        ...CAPABILITIES,
        ['Session-Expires', `${this.#interval};refresher=uac`],
        ['Min-SE', String(this.#minSe)],
      ],
      body: withInvite ? { type: SDP, content: this.media.offer() } : undefined,
    });
    this.#inviting = withInvite;
    this.deps.layer.request(request, dialog.flow, {
      response: (response) => this.#refreshed(request, response),
      timeout: () => this.call.endWith(408),
      failed: () => this.call.endWith(503),
    });
  }

  #refreshed(request: SipRequest, response: SipResponse): void {
    const { status } = response;
    if (status < 200) return;
    const { dialog } = this.call;
    const isInvite = request.method === 'INVITE';
    if (isInvite && status < 300) this.deps.layer.ack(dialog.ack(cseqOf(request)), dialog.flow);
    if (this.#stopped || (isInvite && !this.#inviting)) return; // a retransmitted 2xx
    this.#inviting = false;
    if (status < 300) {
      this.#refused = false;
      dialog.refresh(response.headers);
      const answer = answerIn(response);
      if (isInvite && answer !== '' && !this.call.takeAnswer(answer)) return;
      const terms = readTerms(response.headers);
      // If the far end does not support session timers, this end refreshes.
      this.keepAlive(terms?.interval ?? this.#interval, terms?.refresher !== 'uas');
    } else if (status === 491) {
      // RFC 3261 14.1: the caller waits longer, so that the next attempts do not collide.
      this.#retry(this.call.isCaller ? randomInt(2_100, 4_000) : randomInt(0, 2_000));
    } else if (status === 422 && minSe(response.headers) > this.#interval) {
      this.#interval = this.#minSe = minSe(response.headers);
      this.#retry(LONGER_RETRY_MS);
    } else if (status === 408 || status === 481) {
      this.call.endWith(status); // RFC 3261 12.2.1.2: the far end does not know the call
    } else if (!isInvite) {
      this.#peerUpdates = false; // retry with INVITE
      this.#retry(0);
    } else if (!this.#refused) {
      this.#refused = true; // may be temporary, such as a 500 (RFC 3261 14.2)
      this.#retry(RETRY_MS);
    } else {
      this.#refused = false;
      this.keepAlive(this.#interval, true);
    }
  }

  #retry(ms: number): void {
    this.#cancelRetry = this.deps.timers.after(ms, () => this.#refresh());
  }
}
