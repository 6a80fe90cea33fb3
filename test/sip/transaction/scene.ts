/** Shared parts of the transaction tests: recording flows and users, and messages between RFC 3665's Alice and Bob. */
import { Headers, NO_BODY, type SipMessage, type SipRequest, type SipResponse } from '../../../src/sip/message';
import { responseTo } from '../../../src/sip/respond';
import {
  createTransactionLayer,
  type RunningTransactionLayer,
  type TransactionLayerOptions,
} from '../../../src/sip/transaction/layer';
import type { ClientUser, ServerTransaction } from '../../../src/sip/transaction/transaction';
import type { Address, Flow, TransportName } from '../../../src/sip/transport/transport';
import { silentLog } from '../../helpers/silent-log';

/** Records sent messages with their time. `broken` makes every send fail. */
export class FakeFlow implements Flow {
  readonly reliable: boolean;
  readonly local: Address = { host: '192.0.2.1', port: 5060 };
  readonly remote: Address = { host: '198.51.100.7', port: 40_000 };
  readonly id: string;
  open = true;
  broken: Error | undefined;
  readonly sent: { message: SipMessage; at: number }[] = [];
  readonly listeners = new Set<() => void>();
  #from = Date.now();

  constructor(readonly transport: TransportName = 'UDP') {
    this.reliable = transport !== 'UDP';
    this.id = `${transport} fake`;
  }

  send(message: SipMessage, onFailure?: (error: Error) => void): void {
    if (this.broken) onFailure?.(this.broken);
    else this.sent.push({ message, at: Date.now() - this.#from });
  }

  onClose(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Closes the connection. */
  drop(): void {
    this.open = false;
    for (const listener of [...this.listeners]) listener();
  }

  /** Times since the creation of the flow at which messages with this name (method or status) were sent. */
  times(name: string): number[] {
    return this.sent.filter(({ message }) => nameOf(message) === name).map(({ at }) => at);
  }

  /** Names of all sent messages. */
  get names(): string[] {
    return this.sent.map(({ message }) => nameOf(message));
  }

  request(method: string): SipRequest {
    for (const { message } of this.sent) if (message.kind === 'request' && message.method === method) return message;
    throw new Error(`no ${method} was sent`);
  }

  response(status: number): SipResponse {
    for (const { message } of this.sent) if (message.kind === 'response' && message.status === status) return message;
    throw new Error(`no ${status} was sent`);
  }
}

function nameOf(message: SipMessage): string {
  return message.kind === 'request' ? message.method : String(message.status);
}

/** Records the callbacks of a client transaction. */
export function recordingClient(): ClientUser & { told: string[]; responses: SipResponse[] } {
  const told: string[] = [];
  const responses: SipResponse[] = [];
  return {
    told,
    responses,
    response(response) {
      told.push(String(response.status));
      responses.push(response);
    },
    timeout: () => void told.push('timeout'),
    failed: (error) => void told.push(`failed: ${error.message}`),
  };
}

export interface Scene {
  layer: RunningTransactionLayer;
  flow: FakeFlow;
  /** Callbacks of the user: `request INVITE`, `ack`, `cancel`, `failed sip-no-ack`. */
  told: string[];
  transactions: ServerTransaction[];
  last: () => ServerTransaction;
}

export function scene(transport: TransportName = 'UDP', options: Partial<TransactionLayerOptions> = {}): Scene {
  const told: string[] = [];
  const transactions: ServerTransaction[] = [];
  const layer = createTransactionLayer({
    user: {
      request(transaction) {
        told.push(`request ${transaction.request.method}`);
        transactions.push(transaction);
      },
      ack: () => void told.push('ack'),
      cancel: () => void told.push('cancel'),
      failed: (_transaction, error) => void told.push(`failed ${'code' in error ? String(error.code) : error.message}`),
    },
    log: silentLog,
    ...options,
  });
  const last = (): ServerTransaction => {
    const transaction = transactions.at(-1);
    if (!transaction) throw new Error('no request was announced');
    return transaction;
  };
  return { layer, flow: new FakeFlow(transport), told, transactions, last };
}

/** A request from Alice to Bob, as received from a transport. */
export function incoming(
  method: string,
  changes: Record<string, string | undefined> = {},
  uri = 'sip:bob@biloxi.example.com',
): SipRequest {
  const request = outgoing(method, {}, uri);
  request.headers.prepend(
    'via',
    'SIP/2.0/UDP client.atlanta.example.com:5060;branch=z9hG4bK74bf9;received=198.51.100.7;rport=40000',
  );
  for (const [name, value] of Object.entries(changes)) request.headers.set(name, value);
  return request;
}

/** The same as passed to the layer by a user: without Via. */
export function outgoing(
  method: string,
  changes: Record<string, string | undefined> = {},
  uri = 'sip:bob@biloxi.example.com',
): SipRequest {
  const headers = new Headers([
    ['Max-Forwards', '70'],
    ['From', 'Alice <sip:alice@atlanta.example.com>;tag=9fxced76sl'],
    ['To', 'Bob <sip:bob@biloxi.example.com>'],
    ['Call-ID', '3848276298220188511@atlanta.example.com'],
    ['CSeq', `1 ${method}`],
  ]);
  for (const [name, value] of Object.entries(changes)) headers.set(name, value);
  return { kind: 'request', method, uri, headers, body: NO_BODY };
}

/** A response to a sent request, as received from a transport. */
export function answer(request: SipRequest, status: number, toTag = '314159'): SipResponse {
  return responseTo(request, status, { toTag });
}
