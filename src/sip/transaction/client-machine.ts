/** Base class of the client transactions: sends and retransmits the request over a flow, and notifies the user. */
import type { InternalErrors } from '../../support/internal-errors';
import type { Logger } from '../../support/logger';
import type { SipRequest, SipResponse } from '../message';
import type { Flow } from '../transport/transport';
import { ConnectionLostError } from './errors';
import { Machine } from './machine';
import type { TimerQueues } from './timer-queues';
import type { Durations } from './timing';
import type { ClientUser } from './transaction';

/** Signals of both client machines: a response by its class, a failed flow, a request for CANCEL. */
export type ClientSignal = 'provisional' | 'success' | 'failure' | 'transportError' | 'cancel';

export interface ClientDeps {
  timers: TimerQueues;
  durations: Durations;
  log: Logger;
  internalErrors: InternalErrors;
  /** Called when the machine has terminated. */
  over(key: string): void;
}

export interface ClientOptions {
  /** Key by which responses are matched. */
  key: string;
  /** The request with its `Via`. */
  request: SipRequest;
  flow: Flow;
  user: ClientUser;
}

/** A client transaction, as the layer uses it. */
export interface AnyClient {
  /** Sends the request. Called once, after the transaction has been registered under its key. */
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
  /** Released after the final response: requests are large, and the machine remains for half a minute. */
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
    // After the connection has closed, no response can arrive, at least not from behind a NAT. Do not wait for a timer.
    if (flow.reliable)
      this.#unwatch = flow.onClose(() => this.#fail(new ConnectionLostError(`The connection ${flow.id} was closed`)));
  }

  abstract start(): void;

  /**
   * Sends the request.
   * @param interval first retransmission interval (timers A, E; unreliable transports only), ms
   * @param timeout time until the transaction gives up (timers B, F), ms
   */
  protected begin(interval: number, again: Signal, timeout: number, giveUp: Signal): void {
    this.send(this.request);
    if (!this.flow.reliable) this.again((this.#interval = interval), again);
    this.limit(timeout, giveUp);
  }

  /** Retransmits the request and doubles the interval. @param most maximum interval, ms */
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

  /** Asynchronous, because it may be called before `TransactionLayer.request` has returned. */
  #fail(error: Error): void {
    this.#error = error;
    this.deps.timers.start(0, this, 'transportError');
  }

  /** An exception of the user must not reach the socket or the timer. */
  #tell(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.deps.internalErrors.report(error, { where: 'sip client transaction' });
    }
  }
}
