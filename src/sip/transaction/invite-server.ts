/**
 * The INVITE server transaction: RFC 3261 17.2.1, with the accepted state of RFC 6026 7.1.
 *
 *                        INVITE: to the user
 *                               v                        300-699: completed, without G
 *                            trying                      2xx: accepted
 *                               |
 *                               | 1xx of the user; or the user does not respond at once: 100
 *                               v
 *      INVITE: last 1xx    proceeding    1xx of the user
 *                          |    |    |
 *                 300-699  |    |    | 2xx
 *                          v    |    v
 *  G, INVITE: last  completed   |  accepted   2xx of the user; ACK: to the user; INVITE: nothing
 *           H: no ACK |    |    |    |
 *                     |    |ACK +----|---> failed   transport error: sends and reports nothing more
 *                     |    v         |        |
 *                     | confirmed    |        | L
 *                     |    | I       | L      |
 *                     +--> terminated <-------+
 *
 * An immediate rejection is not retransmitted by timer G: a client that misses it repeats the INVITE and gets the
 * response again. So a forged address gets one 401 per INVITE, and no more (RFC 3261 26.3.2.4).
 *
 * After a transport error the machine enters `failed`, unlike RFC 6026 (stays in the state) and RFC 3261 (terminates):
 * it ignores further responses of the user, and a retransmitted INVITE does not create a new call.
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

type State = 'trying' | 'proceeding' | 'completed' | 'confirmed' | 'accepted' | 'failed';
type Signal = 'unanswered' | 'ack' | 'timerG' | 'timerH' | 'timerI' | 'timerL';
type Action =
  | 'send'
  | 'sendTrying'
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
  trying: {
    unanswered: ['proceeding', ['sendTrying']],
    provisional: ['proceeding', ['send']],
    success: ['accepted', ['send', 'settle', 'forget', 'startL']],
    failure: ['completed', ['send', 'settle', 'startH']],
    transportError: LOST,
  },
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
  return new InviteServer('trying', options, deps);
}

class InviteServer extends ServerMachine<State, Signal, Action> {
  protected readonly table = TABLE;
  #interval = this.deps.durations.g;

  start(): void {
    // Nothing to do before the user responds.
  }

  /** Sends 100 at once, not after 200 ms, because the application's response time is unknown. */
  override announced(): void {
    this.apply('unanswered');
  }

  override receive(request: SipRequest): void {
    this.apply(request.method === 'ACK' ? 'ack' : 'request', request);
  }

  protected run(action: Action, message?: SipMessage): void {
    this[action](message);
  }

  protected sendTrying(): void {
    if (this.transaction) this.send(responseTo(this.transaction.request, 100));
  }

  protected noAck(): void {
    this.giveUp(new NoAckError('The final response to an INVITE was not acknowledged'));
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
