/**
 * Keeps a confirmed session alive with the far end (RFC 4028): refreshes it where that is this end's part, and gives the
 * call up where nothing is heard any more.
 */
import { randomInt } from 'node:crypto';
import type { Cancel } from '../../support/timers';
import { cseqOf, type Dialog } from '../dialog';
import { hasToken } from '../list-values';
import type { SipRequest, SipResponse } from '../message';
import { answerIn } from './description';
import { CAPABILITIES, SDP, type SessionDeps, type SessionMedia } from './session';
import { createSessionTimer, MIN_SE, minSe, readTerms, SESSION_EXPIRES, type SessionTimer } from './session-timer';

/** The call that is kept alive. */
export interface RefreshedCall {
  readonly dialog: Dialog;
  /** Which of two glaring ends waits longer (RFC 3261 14.1). */
  readonly isCaller: boolean;
  /** A 2xx of the far end's own re-INVITE waits for its ACK: no other INVITE may be sent (RFC 3261 14.1). */
  isReinvited(): boolean;
  /** To be done before something is sent: the far end may have registered anew. */
  reconnect(): void;
  /** Of a 2xx. @returns false: no session could be agreed on, and the call is over */
  takeAnswer(sdp: string): boolean;
  /** It cannot go on. @param status that says why */
  endWith(status: number): void;
}

/** After a refusal there is time for another try before the session expires, in the shortest one too (RFC 4028 10); ms. */
const AGAIN_MS = 10_000;
/** Wait of a refresh that shall ask for a longer interval: a far end that wants ever more gets no flood; ms. */
const LONGER_AGAIN_MS = 1_000;
/** Until the far end's re-INVITE is through; ms. */
const REINVITED_AGAIN_MS = 2_000;

export class Refresher {
  #stopped = false;
  #inviting = false;
  /** The last refresh was refused. */
  #refused = false;
  #cancelRetry: Cancel | undefined;
  #peerUpdates = false;
  /** s */
  #interval = SESSION_EXPIRES;
  /** The most that the far end has asked for as the shortest interval; s. */
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

  /** An INVITE of this end is under way: the far end's own is to be refused with 491 (RFC 3261 14.2). */
  get inviting(): boolean {
    return this.#inviting;
  }

  /**
   * Terms agreed in the transaction that made the dialog, or refreshed it.
   * @param interval s; one below what this end asked for at least (RFC 4028 9) counts as that: no flood of refreshes
   * @param refreshing whether that is this end's part
   */
  keepAlive(interval: number, refreshing: boolean): void {
    this.#interval = Math.max(interval, MIN_SE);
    this.#timer.start(this.#interval, refreshing);
  }

  /** Whether the far end takes UPDATE, from the Allow of its last message; its shortest interval (RFC 4028 7.1). */
  learn(message: SipRequest | SipResponse): void {
    this.#minSe = Math.max(this.#minSe, minSe(message.headers));
    if (message.headers.has('allow')) this.#peerUpdates = hasToken(message.headers, 'allow', 'UPDATE');
  }

  stop(): void {
    this.#stopped = true;
    this.#timer.stop();
    this.#cancelRetry?.();
  }

  /** This end's turn to say that it is still there: UPDATE where the far end knows it, else an INVITE that changes nothing. */
  #refresh(): void {
    if (this.call.isReinvited()) return this.#retry(REINVITED_AGAIN_MS);
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
    if (this.#stopped || (isInvite && !this.#inviting)) return; // a 2xx that came again
    this.#inviting = false;
    if (status < 300) {
      this.#refused = false;
      dialog.refresh(response.headers);
      const answer = answerIn(response);
      if (isInvite && answer !== '' && !this.call.takeAnswer(answer)) return;
      const terms = readTerms(response.headers);
      // The far end does not do timers: this end goes on by itself.
      this.keepAlive(terms?.interval ?? this.#interval, terms?.refresher !== 'uas');
    } else if (status === 491) {
      // RFC 3261 14.1: who made the call waits longer, so that the next attempts do not meet.
      this.#retry(this.call.isCaller ? randomInt(2_100, 4_000) : randomInt(0, 2_000));
    } else if (status === 422 && minSe(response.headers) > this.#interval) {
      this.#interval = this.#minSe = minSe(response.headers);
      this.#retry(LONGER_AGAIN_MS);
    } else if (status === 408 || status === 481) {
      this.call.endWith(status); // RFC 3261 12.2.1.2: the far end has no such call
    } else if (!isInvite) {
      this.#peerUpdates = false; // then by INVITE
      this.#retry(0);
    } else if (!this.#refused) {
      this.#refused = true; // a 500 (RFC 3261 14.2), for one, passes
      this.#retry(AGAIN_MS);
    } else {
      this.#refused = false;
      this.keepAlive(this.#interval, true);
    }
  }

  #retry(ms: number): void {
    this.#cancelRetry = this.deps.timers.after(ms, () => this.#refresh());
  }
}
