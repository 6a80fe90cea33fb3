/** Interfaces between the transaction layer (RFC 3261 17, RFC 6026) and its users: registrar, dialogs, sessions. */
import type { SipRequest, SipResponse } from '../message';
import type { Flow } from '../transport/transport';

/**
 * Callbacks for the sender of a request. The last callback is a final `response`, `timeout` or `failed`, exactly once.
 * Only an INVITE may get several 2xx responses.
 */
export interface ClientUser {
  /**
   * Called for provisional responses, then for the final one. For an INVITE, it is called for every 2xx, including
   * retransmissions and those of other branches (RFC 6026, accepted state). The user must acknowledge each 2xx. The
   * transaction acknowledges other final responses.
   */
  response(response: SipResponse): void;
  /** No final response has arrived in time (timers B, F). Treat it as 408. */
  timeout(): void;
  /** The request could not be sent (RFC 3261 17.1.4). Treat it as 503. */
  failed(error: Error): void;
}

export interface ClientTransaction {
  /** The request as sent, with its `Via`. */
  readonly request: SipRequest;
  /**
   * INVITE only: sends CANCEL after the first provisional response (RFC 3261 9.1). Has no effect after a final
   * response. If no final response arrives within 64*T1, the transaction times out.
   * @param reason `Reason` header of the CANCEL (RFC 3326). Default: none
   */
  cancel(reason?: string): void;
}

export interface ServerTransaction {
  readonly request: SipRequest;
  readonly flow: Flow;
  /**
   * Sends a response made with `responseTo`. Retransmissions of the request get the last response again. After a final
   * response, further responses are ignored, except a 2xx to an INVITE, which the user must retransmit (RFC 3261
   * 13.3.1.4).
   */
  respond(response: SipResponse): void;
}

/** Callbacks for received requests. */
export interface TransactionUser {
  /** Called once for each new request except ACK and CANCEL. */
  request(transaction: ServerTransaction): void;
  /** Called for the ACK of a 2xx, which is outside of the INVITE's transaction (RFC 3261 17.1.1.3). */
  ack(request: SipRequest, flow: Flow): void;
  /**
   * Called for the CANCEL of an INVITE without a final response. The CANCEL has been answered with 200. The user must
   * answer the INVITE with 487.
   */
  cancel(transaction: ServerTransaction): void;
  /** A final response was not acknowledged or could not be sent, or the user has not answered in time. */
  failed?(transaction: ServerTransaction, error: Error): void;
}

export interface TransactionLayer {
  /**
   * Sends a request in a new transaction. The layer adds only `Via`, with a new branch. Not for ACK.
   */
  request(request: SipRequest, flow: Flow, user: ClientUser): ClientTransaction;
  /** Sends the ACK for a 2xx, without a transaction. The layer adds `Via` with a new branch. */
  ack(request: SipRequest, flow: Flow): void;
  /** Number of transactions; for limits and tests. */
  readonly size: number;
  /** Ends every timer. Calls no users. */
  close(): void;
}
