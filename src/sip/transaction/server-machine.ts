/** Base class of the server transactions: sends and retransmits responses over a flow, and notifies the user. */
import { tagOf } from '../header-values';
import type { SipMessage, SipRequest, SipResponse } from '../message';
import type { Flow } from '../transport/transport';
import { Machine } from './machine';
import type { TimerQueues } from './timer-queues';
import type { Durations } from './timing';
import type { ServerTransaction } from './transaction';

/** Signals of both server machines: a retransmitted request, a response of the user by its class, a failed response. */
export type ServerSignal = 'request' | 'provisional' | 'success' | 'failure' | 'transportError';

export interface ServerDeps {
  timers: TimerQueues;
  durations: Durations;
  /** Called once, before `over`. `status` is the final response; undefined if the transaction ended without one. */
  settled(server: AnyServer, status: number | undefined): void;
  /** Called when the machine has terminated. */
  over(server: AnyServer): void;
  /** See `TransactionUser.failed`. */
  failed(transaction: ServerTransaction, error: Error): void;
  /** See `TransactionUser.ack`. */
  ack(request: SipRequest, flow: Flow): void;
}

export interface ServerOptions {
  /** Key by which requests are matched. */
  key: string;
  /** INVITE only: key that is equal for copies of the request on other paths (RFC 3261 8.2.2.2). */
  mergeKey?: string | undefined;
  request: SipRequest;
  flow: Flow;
}

/** A server transaction, as the layer uses it. */
export interface AnyServer {
  /** Called once, after the transaction has been registered under its key. */
  start(): void;
  /** Called after the request has been passed to the user, which may have responded already. */
  announced(): void;
  readonly key: string;
  readonly mergeKey: string | undefined;
  /** The user's handle; undefined once there are no more callbacks. */
  readonly transaction: ServerTransaction | undefined;
  /** The To tag of the last response, while the response is kept. */
  readonly toTag: string | undefined;
  /** Whether there has been neither a final response nor a failure. */
  readonly waiting: boolean;
  /** Handles a retransmission or the ACK. */
  receive(request: SipRequest): void;
  end(): void;
}

export abstract class ServerMachine<State extends string, Signal extends string, Action extends string>
  extends Machine<State, Signal | ServerSignal, Action, SipMessage>
  implements AnyServer
{
  readonly key: string;
  readonly mergeKey: string | undefined;
  protected readonly flow: Flow;
  /** Released once there are no more callbacks: requests are large, and the machine remains for half a minute. */
  #transaction: ServerTransaction | undefined;
  /** The response to retransmitted requests. */
  #last: SipResponse | undefined;
  #waiting = true;
  #failure: { transaction: ServerTransaction; error: Error } | undefined;

  constructor(
    initial: State,
    { key, mergeKey, request, flow }: ServerOptions,
    protected readonly deps: ServerDeps,
  ) {
    super(initial, deps.timers);
    this.key = key;
    this.mergeKey = mergeKey;
    this.flow = flow;
    this.#transaction = { request, flow, respond: (response) => this.#respond(response) };
  }

  get transaction(): ServerTransaction | undefined {
    return this.#transaction;
  }

  get waiting(): boolean {
    return this.#waiting;
  }

  get toTag(): string | undefined {
    const to = this.#last?.headers.get('to');
    return to === undefined ? undefined : tagOf(to);
  }

  abstract start(): void;

  announced(): void {
    // Nothing to do: only INVITE needs a 100 at once.
  }

  receive(request: SipRequest): void {
    this.apply('request', request);
  }

  // Actions

  protected send(message?: SipMessage): void {
    if (message?.kind !== 'response') return;
    this.#last = message;
    this.resend();
  }

  protected resend(): void {
    const { transaction } = this;
    if (this.#last) this.flow.send(this.#last, (error) => this.#sendFailed(error, transaction));
  }

  protected settle(message?: SipMessage): void {
    if (!this.#waiting) return;
    this.#waiting = false;
    this.deps.settled(this, message?.kind === 'response' ? message.status : undefined);
  }

  protected fail(): void {
    if (this.#failure) this.deps.failed(this.#failure.transaction, this.#failure.error);
    this.#failure = undefined;
  }

  /** Releases the request. The response is kept for retransmissions. */
  protected forgetRequest(): void {
    this.#transaction = undefined;
  }

  protected forget(): void {
    this.#transaction = this.#last = undefined;
  }

  protected giveUp(error: Error): void {
    if (this.#transaction) this.deps.failed(this.#transaction, error);
  }

  protected release(): void {
    this.forget();
  }

  protected over(): void {
    this.settle();
    this.forget();
    this.deps.over(this);
  }

  #respond(response: SipResponse): void {
    const { status } = response;
    this.apply(status < 200 ? 'provisional' : status < 300 ? 'success' : 'failure', response);
  }

  /** Asynchronous, because it may be called while the user responds. */
  #sendFailed(error: Error, transaction: ServerTransaction | undefined): void {
    if (!transaction) return;
    this.#failure = { transaction, error };
    this.deps.timers.start(0, this, 'transportError');
  }
}
