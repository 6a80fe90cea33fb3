/** Interfaces between the transports (RFC 3261 18, RFC 7118) and the transaction layer. */
import type { SipMessage } from '../message';

export type TransportName = 'UDP' | 'TCP' | 'TLS' | 'WS' | 'WSS';

export interface Address {
  /** IP address, without brackets. */
  host: string;
  port: number;
}

/**
 * A path to a peer: a pair of addresses for UDP, otherwise a connection. Responses use the flow of their request
 * (RFC 3261 18.2.2, RFC 3581). Requests to a phone behind a NAT use the flow of its registration (RFC 5626).
 */
export interface Flow {
  readonly transport: TransportName;
  /** Whether retransmissions are unnecessary (RFC 3261 17). False only for UDP. */
  readonly reliable: boolean;
  /** Address of this end for `Via` and `Contact`; the public address if it applies. */
  readonly local: Address;
  /** Source address of received messages. */
  readonly remote: Address;
  /** Identifies the flow: equal for the same transport and remote address. */
  readonly id: string;
  /** UDP only: returns the flow to another port of the same peer. */
  toPort?(port: number): Flow;
  /** False after the connection has closed. Always true for UDP. */
  readonly open: boolean;
  /** Sends a message. Never throws. Failures are passed to `onFailure`. */
  send(message: SipMessage, onFailure?: (error: Error) => void): void;
  /** Adds a listener that is called once, when the connection closes; never for UDP. @returns removes the listener */
  onClose(listener: () => void): () => void;
}

export interface TransportUser {
  /** Called for each valid message. In requests, `Via` has `received` and `rport` (RFC 3261 18.2.1, RFC 3581). */
  message(message: SipMessage, flow: Flow): void;
}

/** Destination of a request for which there is no flow yet. */
export interface Target extends Address {
  transport: TransportName;
}

export interface Transports {
  /** Addresses on which the server listens. */
  readonly listening: readonly (Address & { transport: TransportName })[];
  /**
   * Returns a flow to a target: an existing connection, or a new one.
   * @throws (rejects) FlowError if the transport is not enabled or the connection fails
   */
  flowTo(target: Target): Promise<Flow>;
  /** Whether a host (name or IP address, without brackets) is this server. */
  isOwn(host: string): boolean;
  close(): Promise<void>;
}
