/** What the tests of the transaction layer share: a flow that records, users that record, messages of RFC 3665's cast. */
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

/** Records what is sent, with when; `broken` makes every sending fail. */
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

  /** The connection is lost. */
  drop(): void {
    this.open = false;
    for (const listener of [...this.listeners]) listener();
  }

  /** Times from the start of the flow at which messages of this name were sent: a method, or a status. */
  times(name: string): number[] {
    return this.sent.filter(({ message }) => nameOf(message) === name).map(({ at }) => at);
  }

  /** Everything that was sent, by name. */
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

/** Records what a client transaction tells. */
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
  /** What the user was told: `request INVITE`, `ack`, `cancel`, `failed sip-no-ack`. */
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

/** A request of Alice's to Bob, as a transport hands it in. */
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

/** The same, as a user hands it to the layer: without Via. */
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

/** A response to what was sent, as the transport hands it in. */
export function answer(request: SipRequest, status: number, toTag = '314159'): SipResponse {
  return responseTo(request, status, { toTag });
}
