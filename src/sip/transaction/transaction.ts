/** The seam between the transaction layer (RFC 3261 17, RFC 6026) and its users: registrar, dialogs, sessions. */
import type { SipRequest, SipResponse } from '../message';
import type { Flow } from '../transport/transport';

/** Whoever sent a request. Exactly one final `response`, `timeout` or `failed` comes, but for INVITE: see there. */
export interface ClientUser {
  /**
   * Provisional ones, then a final one. For an INVITE every 2xx comes, retransmissions and those of other branches too
   * (RFC 6026 accepted state): the user acknowledges each. A non-2xx is acknowledged by the transaction.
   */
  response(response: SipResponse): void;
  /** No final response in time (timers B, F): to be treated as 408. */
  timeout(): void;
  /** It could not be sent (RFC 3261 17.1.4): to be treated as 503. */
  failed(error: Error): void;
}

export interface ClientTransaction {
  /** As sent, with its `Via`. */
  readonly request: SipRequest;
  /**
   * INVITE only: sends CANCEL, as soon as a provisional response allows it (RFC 3261 9.1); nothing once a final one came.
   * When no final response follows within 64*T1 the transaction counts as timed out.
   * @param reason `Reason` of the CANCEL (RFC 3326); none unless given
   */
  cancel(reason?: string): void;
}

export interface ServerTransaction {
  readonly request: SipRequest;
  readonly flow: Flow;
  /**
   * Sends a response made with `responseTo`; retransmissions of the request are answered with the last one.
   * After a final response others are ignored, except further 2xx of an INVITE (retransmitted by its user, RFC 3261 13.3.1.4).
   */
  respond(response: SipResponse): void;
}

/** Whoever gets the requests that come in. */
export interface TransactionUser {
  /** A new request, never an ACK or a CANCEL, once. */
  request(transaction: ServerTransaction): void;
  /** The ACK for a 2xx: it is a transaction of its own (RFC 3261 17.1.1.3). */
  ack(request: SipRequest, flow: Flow): void;
  /** CANCEL of an INVITE that has no final response yet; its own 200 is sent already. The user answers the INVITE with 487. */
  cancel(transaction: ServerTransaction): void;
  /** No ACK came for a non-2xx, or a response could not be sent: the user lets go. */
  failed?(transaction: ServerTransaction, error: Error): void;
}

export interface TransactionLayer {
  /**
   * Sends a request in a new transaction. `Via` (with a new branch) is put on top here; everything else is the user's.
   * Not for ACK.
   */
  request(request: SipRequest, flow: Flow, user: ClientUser): ClientTransaction;
  /** Sends the ACK for a 2xx, which is no transaction; `Via` with a new branch is put on top here. */
  ack(request: SipRequest, flow: Flow): void;
  /** Transactions that are not over; for limits and tests. */
  readonly size: number;
  /** Ends every timer, without a word to anybody. */
  close(): void;
}
