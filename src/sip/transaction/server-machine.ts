/** What both server machines share: a flow to answer over, the last response, a user to tell. */
import { tagOf } from '../header-values';
import type { SipMessage, SipRequest, SipResponse } from '../message';
import type { Flow } from '../transport/transport';
import { Machine } from './machine';
import type { TimerQueues } from './timer-queues';
import type { Durations } from './timing';
import type { ServerTransaction } from './transaction';

/** What both tables know: the request again, a response of the user by its class, one that could not be sent. */
export type ServerSignal = 'request' | 'provisional' | 'success' | 'failure' | 'transportError';

export interface ServerDeps {
  timers: TimerQueues;
  durations: Durations;
  /** It has a final response, or will never get one (undefined). Once, before `over`. */
  settled(server: AnyServer, status: number | undefined): void;
  /** The machine is terminated. */
  over(server: AnyServer): void;
  /** As `TransactionUser.failed`. */
  failed(transaction: ServerTransaction, error: Error): void;
  /** As `TransactionUser.ack`. */
  ack(request: SipRequest, flow: Flow): void;
}

export interface ServerOptions {
  /** By which requests are matched to it. */
  key: string;
  /** Of an INVITE: tells copies of it apart that came by other ways (RFC 3261 8.2.2.2). */
  mergeKey?: string | undefined;
  request: SipRequest;
  flow: Flow;
}

/** As the layer sees both. */
export interface AnyServer {
  /** Once, when the transaction can be found by what comes in. */
  start(): void;
  /** The user has it, and may have answered it already. */
  announced(): void;
  readonly key: string;
  readonly mergeKey: string | undefined;
  /** What the user holds; undefined once nothing is told of it any more. */
  readonly transaction: ServerTransaction | undefined;
  /** Of the last response, as long as that is kept. */
  readonly toTag: string | undefined;
  /** Whether neither a final response nor a failure has settled it. */
  readonly waiting: boolean;
  /** A retransmission, or the ACK. */
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
  /** Undefined once nothing is told of it any more: its request is large, and the machine lives on for half a minute. */
  #transaction: ServerTransaction | undefined;
  /** What a retransmitted request is answered with. */
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
    // Most wait for the answer without a word.
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

  /** Keeps the response alone. */
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

  /** Later, as it may happen while the user responds. */
  #sendFailed(error: Error, transaction: ServerTransaction | undefined): void {
    if (!transaction) return;
    this.#failure = { transaction, error };
    this.deps.timers.start(0, this, 'transportError');
  }
}
