/**
 * The non-INVITE server transaction: RFC 3261 17.2.2, with RFC 4320. The only provisional response is 100, and it is
 * sent only after the client's retransmission interval has reached T2.
 *
 *                request
 *                   v
 *                trying -- client has reached T2: 100 --> proceeding   request: 100
 *                   |                                         |
 *                   +---------- 200-699 of the user ----------+
 *                   |                   v                     |
 *                   |               completed  request: last  |
 *       F: give up  |                   | J                   |  F: give up
 *                   +-------------> terminated <--------------+
 *
 * F is the client's timer: after it, the client ignores the response. It also frees the transaction if the user never
 * responds.
 */
import { responseTo } from '../respond';
import type { SipMessage } from '../message';
import { NoResponseError } from './errors';
import type { Table } from './machine';
import {
  ServerMachine,
  type AnyServer,
  type ServerDeps,
  type ServerOptions,
  type ServerSignal,
} from './server-machine';

type State = 'trying' | 'proceeding' | 'completed';
type Signal = 'timerTrying' | 'timerF' | 'timerJ';
type Action =
  'send' | 'sendTrying' | 'resend' | 'settle' | 'forgetRequest' | 'fail' | 'noResponse' | 'stopTimers' | 'startJ';

const FINALS = {
  success: ['completed', ['stopTimers', 'send', 'settle', 'forgetRequest', 'startJ']],
  failure: ['completed', ['stopTimers', 'send', 'settle', 'forgetRequest', 'startJ']],
  timerF: ['terminated', ['noResponse']],
} as const;

const TABLE: Table<State, Signal | ServerSignal, Action> = {
  trying: {
    timerTrying: ['proceeding', ['sendTrying']],
    ...FINALS,
  },
  proceeding: {
    request: ['proceeding', ['resend']],
    transportError: ['terminated', ['fail']],
    ...FINALS,
  },
  completed: {
    request: ['completed', ['resend']],
    transportError: ['completed', ['fail']],
    timerJ: ['terminated'],
  },
  terminated: {},
};

export function createNonInviteServer(options: ServerOptions, deps: ServerDeps): AnyServer {
  return new NonInviteServer('trying', options, deps);
}

class NonInviteServer extends ServerMachine<State, Signal, Action> {
  protected readonly table = TABLE;

  start(): void {
    this.again(this.deps.durations.trying, 'timerTrying');
    this.limit(this.deps.durations.f, 'timerF');
  }

  protected run(action: Action, message?: SipMessage): void {
    this[action](message);
  }

  protected sendTrying(): void {
    if (this.transaction) this.send(responseTo(this.transaction.request, 100));
  }

  protected noResponse(): void {
    this.giveUp(new NoResponseError('A request was not answered before its client gave up'));
  }

  protected startJ(): void {
    this.limit(this.deps.durations.j, 'timerJ');
  }
}
