/**
 * The INVITE server transaction: RFC 3261 17.2.1, with the accepted state of RFC 6026 7.1.
 *
 *                           INVITE: 100
 *                               v
 *      INVITE: last 1xx    proceeding    1xx of the user
 *                          |    |    |
 *                 300-699  |    |    | 2xx
 *                          v    |    v
 *  G, INVITE: last  completed   |  accepted   2xx of the user; ACK: to the user; INVITE: nothing
 *           H: no ACK |    |    |    |
 *                     |    |ACK +----|---> failed   transport error: nothing more is sent or said
 *                     |    v         |        |
 *                     | confirmed    |        | L
 *                     |    | I       | L      |
 *                     +--> terminated <-------+
 *
 * After a transport error RFC 6026 stays in the state, as RFC 3261 does not; here neither the user, who has let go, nor
 * a retransmitted INVITE, which would be a new call, brings it back to life.
 */
import { responseTo } from '../respond';
import type { SipMessage, SipRequest } from '../message';
import { NoAckError } from './errors';
import type { Table } from './machine';
import {
  ServerMachine,
  type AnyServer,
  type ServerDeps,
  type ServerOptions,
  type ServerSignal,
} from './server-machine';

type State = 'proceeding' | 'completed' | 'confirmed' | 'accepted' | 'failed';
type Signal = 'ack' | 'timerG' | 'timerH' | 'timerI' | 'timerL';
type Action =
  | 'send'
  | 'resend'
  | 'settle'
  | 'forget'
  | 'fail'
  | 'noAck'
  | 'ackToUser'
  | 'stopTimers'
  | 'startG'
  | 'startH'
  | 'startI'
  | 'startL';

const LOST = ['failed', ['stopTimers', 'settle', 'fail', 'forget', 'startL']] as const;

const TABLE: Table<State, Signal | ServerSignal, Action> = {
  proceeding: {
    request: ['proceeding', ['resend']],
    provisional: ['proceeding', ['send']],
    success: ['accepted', ['send', 'settle', 'forget', 'startL']],
    failure: ['completed', ['send', 'settle', 'startG', 'startH']],
    transportError: LOST,
  },
  completed: {
    request: ['completed', ['resend']],
    timerG: ['completed', ['resend', 'startG']],
    ack: ['confirmed', ['stopTimers', 'forget', 'startI']],
    timerH: ['terminated', ['noAck']],
    transportError: LOST,
  },
  confirmed: {
    timerI: ['terminated'],
  },
  accepted: {
    success: ['accepted', ['send', 'forget']],
    ack: ['accepted', ['ackToUser']],
    transportError: ['accepted', ['fail']],
    timerL: ['terminated'],
  },
  failed: {
    timerL: ['terminated'],
  },
  terminated: {},
};

export function createInviteServer(options: ServerOptions, deps: ServerDeps): AnyServer {
  return new InviteServer('proceeding', options, deps);
}

class InviteServer extends ServerMachine<State, Signal, Action> {
  protected readonly table = TABLE;
  #interval = this.deps.durations.g;

  /** Says 100 at once, and not after 200 ms: how long the application takes to answer is not known. */
  start(): void {
    if (this.transaction) this.apply('provisional', responseTo(this.transaction.request, 100));
  }

  override receive(request: SipRequest): void {
    this.apply(request.method === 'ACK' ? 'ack' : 'request', request);
  }

  protected run(action: Action, message?: SipMessage): void {
    this[action](message);
  }

  protected noAck(): void {
    this.giveUp(new NoAckError('The final response of an INVITE was not acknowledged'));
  }

  protected ackToUser(message?: SipMessage): void {
    if (message?.kind === 'request') this.deps.ack(message, this.flow);
  }

  protected startG(): void {
    if (this.flow.reliable) return;
    this.again(this.#interval, 'timerG');
    this.#interval = Math.min(this.#interval * 2, this.deps.durations.t2);
  }

  protected startH(): void {
    this.limit(this.deps.durations.h, 'timerH');
  }

  protected startI(): void {
    this.limit(this.deps.durations.i, 'timerI');
  }

  protected startL(): void {
    this.limit(this.deps.durations.l, 'timerL');
  }
}
