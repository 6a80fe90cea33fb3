/**
 * An outgoing call (RFC 3261 13.2), from the INVITE until it is answered, rejected or cancelled.
 *
 *   calling ──1xx──▶ proceeding ──2xx──▶ confirmed ──BYE──▶ ended
 *      └──────hangUp──────┴──▶ cancelling ──final──▶ ended
 */
import { SdpError } from '../../support/sdp-error';
import { contactFor, cseqOf, Dialog, DialogError, MAX_FORWARDS, newCallId } from '../dialog';
import { parseNameAddr, tagOf, type NameAddr } from '../header-values';
import { newTag } from '../respond';
import { Headers, type SipRequest, type SipResponse } from '../message';
import type { ClientTransaction } from '../transaction/transaction';
import type { Flow } from '../transport/transport';
import { answerIn } from './description';
import { Established } from './established';
import {
  CAPABILITIES,
  NOOP_USER,
  SDP,
  SOFTWARE,
  type SessionDeps,
  type SessionListener,
  type SessionMedia,
} from './session';
import { minSe, MIN_SE, readTerms, SESSION_EXPIRES } from './session-timer';

export interface Invitation {
  /** Request-URI: a registered contact or an external URI. */
  target: string;
  /** `From` and `To`, without tags. */
  from: string;
  to: string;
  flow: Flow;
  /** `Route`: the proxies on the way to the target (RFC 3327). */
  routes?: readonly string[] | undefined;
  /** `X-` headers of the application. */
  headers?: Readonly<Record<string, string>> | undefined;
}

/** Maximum number of INVITEs, because each 422 causes another one. */
const MAX_INVITES = 4;
/** Maximum number of forked branches whose early descriptions are kept. */
const MAX_EARLY_DESCRIPTIONS = 8;
/** 3xx responses whose contacts are alternative destinations (RFC 3261 21.3). 305 and 380 are not. */
const FORWARDS: ReadonlySet<number> = new Set([300, 301, 302]);
/** `Reason` of a CANCEL (RFC 3326 2). */
const COMPLETED_ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"';

type State = 'calling' | 'proceeding' | 'confirmed' | 'cancelling' | 'ended';
type Signal = 'provisional' | 'success' | 'failure' | 'hangUp' | 'bye';

const TRANSITIONS: Readonly<Record<State, Partial<Record<Signal, State>>>> = {
  calling: { provisional: 'proceeding', success: 'confirmed', failure: 'ended', hangUp: 'cancelling' },
  proceeding: { success: 'confirmed', failure: 'ended', hangUp: 'cancelling' },
  // A 2xx that crosses the CANCEL is acknowledged, then ended with BYE (9.1).
  cancelling: { success: 'ended', failure: 'ended' },
  confirmed: { hangUp: 'ended', bye: 'ended' },
  ended: {},
};

export class OutgoingCall {
  #state: State = 'calling';
  #transaction: ClientTransaction | undefined;
  #call: Established | undefined;
  #rang = false;
  /** Ids of the dialogs created by 2xx responses. A forking proxy may cause several (13.2.2.4). */
  readonly #answers = new Set<string>();
  /** Descriptions in provisional responses, by To tag. */
  readonly #early = new Map<string, string>();
  #expires = SESSION_EXPIRES;
  #minSe = MIN_SE;
  readonly #callId = newCallId();
  readonly #localTag = newTag();
  #cseq = 0;

  constructor(
    private readonly invitation: Invitation,
    private readonly media: SessionMedia,
    private readonly listener: SessionListener,
    private readonly deps: SessionDeps,
  ) {}

  /** Sends the INVITE. */
  start(): void {
    const request = this.#invite();
    this.#transaction = this.deps.layer.request(request, this.invitation.flow, {
      response: (response) => this.#responded(request, response),
      timeout: () => this.#failed(408),
      failed: (error) => {
        this.deps.log.info(
          { event: 'invite-not-sent', callId: this.#callId, err: error.message },
          'INVITE could not be sent',
        );
        this.#failed(503);
      },
    });
  }

  /** @param elsewhere another phone answered, so that this one does not show a missed call */
  hangUp(elsewhere = false): void {
    const wasConfirmed = this.#state === 'confirmed';
    if (!this.#move('hangUp')) return;
    if (wasConfirmed) this.#call?.hangUp();
    else this.#transaction?.cancel(elsewhere ? COMPLETED_ELSEWHERE : undefined);
  }

  #invite(): SipRequest {
    const { target, from, to, flow, routes = [], headers = {} } = this.invitation;
    this.#cseq++;
    const all = new Headers([
      ['Max-Forwards', String(MAX_FORWARDS)],
      ...routes.map((route) => ['Route', route] as const),
      ['From', `${from};tag=${this.#localTag}`],
      ['To', to],
      ['Call-ID', this.#callId],
      ['CSeq', `${this.#cseq} INVITE`],
      ['Contact', contactFor(flow, target)],
      ['User-Agent', SOFTWARE],
      ...CAPABILITIES,
      ['Session-Expires', String(this.#expires)],
      ['Min-SE', String(this.#minSe)],
      ...Object.entries(headers),
      ['Content-Type', SDP],
    ]);
    return { kind: 'request', method: 'INVITE', uri: target, headers: all, body: Buffer.from(this.media.offer()) };
  }

  #responded(request: SipRequest, response: SipResponse): void {
    const { status } = response;
    if (status < 200) this.#progress(response);
    else if (status < 300) this.#answered(request, response);
    else if (status === 422 && this.#mayRetryLonger(response)) {
      // RFC 4028 7.1, 7.3: retry with the interval that the far end requires.
      this.#expires = this.#minSe = minSe(response.headers);
      this.start();
    } else this.#failed(status, FORWARDS.has(status) ? contactsOf(response) : undefined);
  }

  /** Limits the retries: a far end might require a longer interval each time. */
  #mayRetryLonger({ headers }: SipResponse): boolean {
    return this.#state !== 'cancelling' && this.#cseq < MAX_INVITES && this.#expires < minSe(headers);
  }

  #progress(response: SipResponse): void {
    const { status } = response;
    this.#move('provisional');
    const sdp = answerIn(response);
    if (sdp !== '' && this.#early.size < MAX_EARLY_DESCRIPTIONS) this.#early.set(toTagOf(response), sdp);
    if (status === 100 || this.#rang || this.#state !== 'proceeding') return;
    this.#rang = true;
    this.listener.ringing();
  }

  #answered(request: SipRequest, response: SipResponse): void {
    const cseq = cseqOf(request);
    const dialog = this.#dialogOf(request, response);
    if (!dialog) return this.#failed(502); // without a dialog, no ACK can be sent
    this.deps.layer.ack(dialog.ack(cseq), dialog.flow);
    if (this.#answers.has(dialog.id)) return; // a retransmitted 2xx: the ACK was lost
    this.#answers.add(dialog.id);
    // End the new dialog if the call was cancelled, or if another branch of a fork has answered.
    const wanted = this.#state === 'calling' || this.#state === 'proceeding';
    this.#move('success');
    if (!wanted) return this.#decline(dialog);
    const call = new Established(dialog, this.media, this.#establishedListener(), this.deps, true);
    this.#call = call;
    call.learn(response);
    const terms = readTerms(response.headers);
    call.keepAlive(terms?.interval ?? this.#expires, terms?.refresher !== 'uas');
    try {
      // 13.2.1: the first description is the answer. A gateway may send it with 183 and omit it from the 2xx.
      this.media.takeAnswer(answerIn(response) || (this.#early.get(toTagOf(response)) ?? ''));
    } catch (error) {
      if (!(error instanceof SdpError)) throw error;
      call.hangUp();
      this.#move('bye');
      return this.listener.ended(error.status);
    }
    this.listener.answered();
  }

  #decline(dialog: Dialog): void {
    this.deps.layer.request(dialog.request('BYE'), dialog.flow, NOOP_USER);
  }

  #dialogOf(request: SipRequest, response: SipResponse): Dialog | undefined {
    try {
      return Dialog.ofResponse(request, response, this.invitation.flow);
    } catch (error) {
      if (!(error instanceof DialogError)) throw error;
      this.deps.log.warn(
        { event: 'dialog-missing', callId: this.#callId, err: error.message },
        'A 2xx response lacks headers that a dialog needs',
      );
      return undefined;
    }
  }

  #establishedListener(): SessionListener {
    return {
      ringing: () => undefined,
      answered: () => undefined,
      dtmf: (digit) => this.listener.dtmf(digit),
      ended: (status) => {
        if (this.#move('bye')) this.listener.ended(status);
      },
    };
  }

  #failed(status: number, forwardedTo?: readonly string[]): void {
    const unwanted = this.#state === 'cancelling';
    if (this.#move('failure') && !unwanted) this.listener.ended(status, forwardedTo);
  }

  /** @returns false if this state ignores the signal */
  #move(signal: Signal): boolean {
    const next = TRANSITIONS[this.#state][signal];
    if (next === undefined) return false;
    this.#state = next;
    return true;
  }
}

function toTagOf({ headers }: SipResponse): string {
  return tagOf(headers.get('to') ?? '') ?? '';
}

/** The readable contacts of a response, highest `q` first. */
function contactsOf({ headers }: SipResponse): string[] {
  const contacts = headers.all('contact').flatMap((value) => parseNameAddr(value) ?? []);
  const q = ({ params }: NameAddr): number => Number(params.get('q') ?? 1) || 0;
  return contacts.sort((a, b) => q(b) - q(a)).map(({ uri }) => uri);
}
