/**
 * The INVITE client transaction: RFC 3261 17.1.1, the accepted state of RFC 6026 7.2, CANCEL of RFC 3261 9.1.
 *
 *                     INVITE
 *                       v           cancel
 *           A: INVITE calling ----------------> cancelling A: INVITE
 *                       | 1xx                    | 1xx: CANCEL
 *                       v           cancel       v
 *                  proceeding ----------------> cancelled
 *                       |           CANCEL       |
 *        B: timeout <---+---------- 2xx ---------+--> B, no final after CANCEL: timeout
 *                       |            |
 *               300-699 | ACK        v
 *                       v         accepted  2xx: to the user
 *  300-699: ACK  completed           | M
 *                       | D          v
 *                       +------> terminated
 *
 * In each of the first four states, a 2xx, a 300-699 and a transport error lead to the same next state.
 */
import type { SipRequest, SipResponse } from '../message';
import type { Flow } from '../transport/transport';
import {
  ClientMachine,
  type AnyClient,
  type ClientDeps,
  type ClientOptions,
  type ClientSignal,
} from './client-machine';
import type { Table } from './machine';
import { ackFor, cancelFor } from './requests';

type State = 'calling' | 'cancelling' | 'proceeding' | 'cancelled' | 'accepted' | 'completed';
type Timer = 'timerA' | 'timerB' | 'timerD' | 'timerM' | 'cancelTimer';
type Action =
  | 'resend'
  | 'stopTimers'
  | 'toUser'
  | 'timeOut'
  | 'fail'
  | 'sendCancel'
  | 'acknowledge'
  | 'sendAck'
  | 'forget'
  | 'startD'
  | 'startM';

const FINALS = {
  success: ['accepted', ['stopTimers', 'forget', 'toUser', 'startM']],
  failure: ['completed', ['stopTimers', 'acknowledge', 'forget', 'toUser', 'startD']],
  transportError: ['terminated', ['fail']],
} as const;

const TABLE: Table<State, Timer | ClientSignal, Action> = {
  calling: {
    timerA: ['calling', ['resend']],
    timerB: ['terminated', ['timeOut']],
    provisional: ['proceeding', ['stopTimers', 'toUser']],
    cancel: ['cancelling'],
    ...FINALS,
  },
  // CANCEL waits for a provisional response, so that it cannot overtake the INVITE.
  cancelling: {
    timerA: ['cancelling', ['resend']],
    timerB: ['terminated', ['timeOut']],
    provisional: ['cancelled', ['stopTimers', 'sendCancel', 'toUser']],
    ...FINALS,
  },
  proceeding: {
    provisional: ['proceeding', ['toUser']],
    cancel: ['cancelled', ['sendCancel']],
    ...FINALS,
  },
  cancelled: {
    provisional: ['cancelled', ['toUser']],
    cancelTimer: ['terminated', ['timeOut']],
    ...FINALS,
  },
  accepted: {
    success: ['accepted', ['toUser']],
    timerM: ['terminated'],
  },
  completed: {
    failure: ['completed', ['sendAck']],
    timerD: ['terminated'],
  },
  terminated: {},
};

export interface InviteClientDeps extends ClientDeps {
  /** Sends a CANCEL in its own transaction. */
  readonly sendCancel: (cancel: SipRequest, flow: Flow) => void;
}

export function createInviteClient(options: ClientOptions, deps: InviteClientDeps): AnyClient {
  return new InviteClient(options, deps);
}

class InviteClient extends ClientMachine<State, Timer, Action> {
  protected readonly table = TABLE;
  readonly #sendCancel: InviteClientDeps['sendCancel'];
  #ack: SipRequest | undefined;
  #reason: string | undefined;

  constructor(options: ClientOptions, deps: InviteClientDeps) {
    super('calling', options, deps);
    this.#sendCancel = deps.sendCancel;
  }

  start(): void {
    this.begin(this.deps.durations.a, 'timerA', this.deps.durations.b, 'timerB');
  }

  override cancel(reason?: string): void {
    this.#reason ??= reason;
    super.cancel();
  }

  protected run(action: Action, response?: SipResponse): void {
    this[action](response);
  }

  protected resend(): void {
    this.sendAgain('timerA');
  }

  protected sendCancel(): void {
    if (this.request) {
      const cancel = cancelFor(this.request);
      if (this.#reason !== undefined) cancel.headers.add('reason', this.#reason);
      this.#sendCancel(cancel, this.flow);
    }
    this.limit(this.deps.durations.cancel, 'cancelTimer');
  }

  protected acknowledge(response?: SipResponse): void {
    if (this.request && response) this.#ack = ackFor(this.request, response);
    this.sendAck();
  }

  protected sendAck(): void {
    this.send(this.#ack);
  }

  protected startD(): void {
    this.user = undefined;
    this.limit(this.deps.durations.d, 'timerD');
  }

  protected startM(): void {
    this.limit(this.deps.durations.m, 'timerM');
  }
}
