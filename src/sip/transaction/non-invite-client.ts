/**
 * The non-INVITE client transaction: RFC 3261 17.1.2.
 *
 *              request
 *                 v
 *   E: request  trying ------ 1xx -----> proceeding  E: request
 *                 |                          |
 *                 +------- 200-699 ----------+
 *                 |            v             |
 *     F: timeout  |        completed         |  F: timeout
 *                 |            | K           |
 *                 +----> terminated <--------+
 */
import type { SipResponse } from '../message';
import {
  ClientMachine,
  type AnyClient,
  type ClientDeps,
  type ClientOptions,
  type ClientSignal,
} from './client-machine';
import type { Table } from './machine';

type State = 'trying' | 'proceeding' | 'completed';
type Timer = 'timerE' | 'timerF' | 'timerK';
type Action = 'resend' | 'resendSlowly' | 'stopTimers' | 'toUser' | 'timeOut' | 'fail' | 'forget' | 'startK';

const FINALS = {
  success: ['completed', ['stopTimers', 'forget', 'toUser', 'startK']],
  failure: ['completed', ['stopTimers', 'forget', 'toUser', 'startK']],
  timerF: ['terminated', ['timeOut']],
  transportError: ['terminated', ['fail']],
} as const;

const TABLE: Table<State, Timer | ClientSignal, Action> = {
  trying: {
    timerE: ['trying', ['resend']],
    provisional: ['proceeding', ['toUser']],
    ...FINALS,
  },
  proceeding: {
    timerE: ['proceeding', ['resendSlowly']],
    provisional: ['proceeding', ['toUser']],
    ...FINALS,
  },
  completed: {
    timerK: ['terminated'],
  },
  terminated: {},
};

export function createNonInviteClient(options: ClientOptions, deps: ClientDeps): AnyClient {
  return new NonInviteClient('trying', options, deps);
}

class NonInviteClient extends ClientMachine<State, Timer, Action> {
  protected readonly table = TABLE;

  start(): void {
    this.begin(this.deps.durations.e, 'timerE', this.deps.durations.f, 'timerF');
  }

  protected run(action: Action, response?: SipResponse): void {
    this[action](response);
  }

  protected resend(): void {
    this.sendAgain('timerE', this.deps.durations.t2);
  }

  protected resendSlowly(): void {
    this.send(this.request);
    this.again(this.deps.durations.t2, 'timerE');
  }

  protected startK(): void {
    this.user = undefined;
    this.limit(this.deps.durations.k, 'timerK');
  }
}
