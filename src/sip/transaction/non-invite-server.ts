/**
 * The server transaction of everything but INVITE: RFC 3261 17.2.2, with RFC 4320: no provisional response but a 100,
 * and that only when the client sends its request no more often than every T2 seconds.
 *
 *                request
 *                   v
 *                trying -- client has come to T2: 100 --> proceeding   request: 100
 *                   |                                         |
 *                   +---------- 200-699 of the user ----------+
 *                   |                   v                     |
 *                   |               completed  request: last  |
 *       F: give up  |                   | J                   |  F: give up
 *                   +-------------> terminated <--------------+
 *
 * F is the client's: after that nobody waits for the answer, and a user that forgets to give one leaves nothing behind.
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
    this.giveUp(new NoResponseError('A request had no response within the time in which its client waits for one'));
  }

  protected startJ(): void {
    this.limit(this.deps.durations.j, 'timerJ');
  }
}
