/** What both client machines share: a flow to send over, a request to send again and to let go of, a user to tell. */
import type { InternalErrors } from '../../support/internal-errors';
import type { Logger } from '../../support/logger';
import type { SipRequest, SipResponse } from '../message';
import type { Flow } from '../transport/transport';
import { ConnectionLostError } from './errors';
import { Machine } from './machine';
import type { TimerQueues } from './timer-queues';
import type { Durations } from './timing';
import type { ClientUser } from './transaction';

/** What both tables know: a response by its class, the flow gone, CANCEL asked for. */
export type ClientSignal = 'provisional' | 'success' | 'failure' | 'transportError' | 'cancel';

export interface ClientDeps {
  timers: TimerQueues;
  durations: Durations;
  log: Logger;
  internalErrors: InternalErrors;
  /** The machine is terminated. */
  over(key: string): void;
}

export interface ClientOptions {
  /** By which responses are matched to it. */
  key: string;
  /** With its `Via`. */
  request: SipRequest;
  flow: Flow;
  user: ClientUser;
}

/** As the layer sees both. */
export interface AnyClient {
  /** Sends the request; once, and when the transaction can be found by its responses. */
  start(): void;
  receive(response: SipResponse): void;
  /** @param reason `Reason` of the CANCEL */
  cancel(reason?: string): void;
  end(): void;
}

export abstract class ClientMachine<State extends string, Signal extends string, Action extends string>
  extends Machine<State, Signal | ClientSignal, Action, SipResponse>
  implements AnyClient
{
  protected readonly flow: Flow;
  /** Undefined once there is a final response: requests are large, and the machine lives on for half a minute. */
  protected request: SipRequest | undefined;
  protected user: ClientUser | undefined;
  readonly #key: string;
  #unwatch: (() => void) | undefined;
  #error: Error | undefined;
  #interval = 0;

  constructor(
    initial: State,
    { key, request, flow, user }: ClientOptions,
    protected readonly deps: ClientDeps,
  ) {
    super(initial, deps.timers);
    this.#key = key;
    this.flow = flow;
    this.request = request;
    this.user = user;
    // No answer can come over a connection that is gone, at least not from behind a NAT: better now than by a timer.
    if (flow.reliable)
      this.#unwatch = flow.onClose(() => this.#fail(new ConnectionLostError(`The connection ${flow.id} was closed`)));
  }

  abstract start(): void;

  /** Sends the request: again after `interval` (timers A, E; unreliable only), given up after `timeout` (B, F); ms. */
  protected begin(interval: number, again: Signal, timeout: number, giveUp: Signal): void {
    this.send(this.request);
    if (!this.flow.reliable) this.again((this.#interval = interval), again);
    this.limit(timeout, giveUp);
  }

  /** Once more, and next after twice the time. @param most ms */
  protected sendAgain(again: Signal, most = Infinity): void {
    this.send(this.request);
    this.again((this.#interval = Math.min(2 * this.#interval, most)), again);
  }

  receive(response: SipResponse): void {
    const { status } = response;
    this.apply(status < 200 ? 'provisional' : status < 300 ? 'success' : 'failure', response);
  }

  cancel(_reason?: string): void {
    this.apply('cancel');
  }

  // Actions

  protected toUser(response?: SipResponse): void {
    if (response) this.#tell(() => this.user?.response(response));
  }

  protected timeOut(): void {
    this.#tell(() => this.user?.timeout());
  }

  protected fail(): void {
    const error = this.#error;
    if (error) this.#tell(() => this.user?.failed(error));
  }

  protected forget(): void {
    this.request = undefined;
    this.#unwatch?.();
    this.#unwatch = undefined;
  }

  protected send(message: SipRequest | undefined): void {
    if (message) this.flow.send(message, (error) => this.#fail(error));
  }

  protected release(): void {
    this.forget();
    this.user = undefined;
  }

  protected over(): void {
    this.release();
    this.deps.over(this.#key);
  }

  /** Later, as it may happen while `request` has not yet returned to its caller. */
  #fail(error: Error): void {
    this.#error = error;
    this.deps.timers.start(0, this, 'transportError');
  }

  /** A user that throws must not take the socket or the timer with it. */
  #tell(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.deps.internalErrors.report(error, { where: 'sip client transaction' });
    }
  }
}
