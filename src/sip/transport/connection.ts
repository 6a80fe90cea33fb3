/** Common part of TCP, TLS and WebSocket connections: sending, idle timeout, close listeners. */
import type { Guarded, InternalErrors } from '../../support/internal-errors';
import type { Logger } from '../../support/logger';
import type { SipMessage } from '../message';
import { printMessage } from '../print';
import { FlowError } from './errors';
import type { TransportLimits } from './limits';
import type { Address, Flow, TransportName } from './transport';

/** The transport-specific part of a connection. */
export interface Wire {
  /** Number of bytes in the send buffer. */
  waiting(): number;
  /** May throw. */
  write(data: Buffer, done: Guarded<[error?: Error | null]>): void;
  /** Closes at once and discards the send buffer. */
  destroy(): void;
}

export interface ConnectionOptions {
  transport: TransportName;
  local: Address;
  remote: Address;
  wire: Wire;
  limits: TransportLimits;
  internalErrors: InternalErrors;
  log: Logger;
}

export class Connection implements Flow {
  readonly transport: TransportName;
  readonly reliable = true;
  readonly local: Address;
  readonly remote: Address;
  readonly id: string;
  readonly #wire: Wire;
  readonly #limits: TransportLimits;
  readonly #log: Logger;
  readonly #internalErrors: InternalErrors;
  readonly #guardedExpire: Guarded<[]>;
  readonly #listeners = new Set<() => void>();
  #open = true;
  #idle: NodeJS.Timeout;
  #used = false;

  constructor({ transport, local, remote, wire, limits, internalErrors, log }: ConnectionOptions) {
    this.transport = transport;
    this.local = local;
    this.remote = remote;
    this.id = flowId({ transport, ...remote });
    this.#wire = wire;
    this.#limits = limits;
    this.#log = log.child({ flow: this.id });
    this.#internalErrors = internalErrors;
    this.#guardedExpire = internalErrors.guard('sip connection', () => this.#expire());
    this.#idle = setTimeout(this.#guardedExpire, limits.firstMessageMs);
  }

  get open(): boolean {
    return this.#open;
  }

  send(message: SipMessage, onFailure?: (error: Error) => void): void {
    this.write(printMessage(message), onFailure);
  }

  write(data: Buffer, onFailure: (error: Error) => void = () => undefined): void {
    const failed = this.#internalErrors.guard('sip send', onFailure);
    if (!this.#open) {
      process.nextTick(failed, new FlowError(`The connection to ${this.id} is closed`));
      return;
    }
    if (this.#wire.waiting() + data.length > this.#limits.writeBuffer) {
      process.nextTick(failed, new FlowError(`${this.id} does not read what is sent to it`));
      this.destroy('it does not read');
      return;
    }
    const unsent = (cause: unknown): void => failed(new FlowError(`Sending to ${this.id} failed`, { cause }));
    const done = this.#internalErrors.guard('sip send', (error?: Error | null) => error && unsent(error));
    try {
      this.#wire.write(data, done);
    } catch (thrown) {
      process.nextTick(unsent, thrown);
    }
  }

  onClose(listener: () => void): () => void {
    if (!this.#open) {
      process.nextTick(this.#internalErrors.guard('sip connection', listener));
      return () => undefined;
    }
    // A separate function each time: the same listener may be added twice.
    const own = (): void => listener();
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  /** Called for each received message and keep-alive. Restarts the idle timer. */
  touch(): void {
    if (this.#used) {
      this.#idle.refresh();
      return;
    }
    this.#used = true;
    clearTimeout(this.#idle);
    if (this.#open) this.#idle = setTimeout(this.#guardedExpire, this.#limits.idleMs);
  }

  destroy(reason: string): void {
    if (!this.#open) return;
    this.#log.debug({ event: 'sip-connection-ended', reason }, 'SIP connection ended');
    this.closed();
    this.#wire.destroy();
  }

  /** Called when the socket has closed. Notifies the listeners once. */
  closed(): void {
    if (!this.#open) return;
    this.#open = false;
    clearTimeout(this.#idle);
    for (const listener of [...this.#listeners]) this.#internalErrors.guard('sip connection', listener)();
    this.#listeners.clear();
  }

  /** Registrations and calls keep an idle connection open. TCP keep-alives detect a dead peer. */
  #expire(): void {
    if (this.#listeners.size > 0) this.#idle.refresh();
    else this.destroy('idle');
  }
}

export function flowId({ transport, host, port }: Address & { transport: TransportName }): string {
  return `${transport}:${host}:${port}`;
}
