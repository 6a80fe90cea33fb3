/** What carries SIP messages (RFC 3261 18, RFC 7118): the seam between the sockets and the transaction layer. */
import type { SipMessage } from '../message';

export type TransportName = 'UDP' | 'TCP' | 'TLS' | 'WS' | 'WSS';

export interface Address {
  /** IP address, without brackets. */
  host: string;
  port: number;
}

/**
 * One way to one peer: over UDP a pair of addresses, else a connection. Responses go over the flow that comes
 * with their request (RFC 3261 18.2.2, RFC 3581), requests to a phone behind a NAT over the flow on which it registered (RFC 5626).
 */
export interface Flow {
  readonly transport: TransportName;
  /** No retransmissions (RFC 3261 17): everything but UDP. */
  readonly reliable: boolean;
  /** What this end says of itself in `Via` and `Contact`: the public address where one is set. */
  readonly local: Address;
  /** The source address of what comes in over it. */
  readonly remote: Address;
  /** Same peer, same text: key of throttles and of registrations by flow. */
  readonly id: string;
  /** UDP only: the flow to another port of the same peer. */
  toPort?(port: number): Flow;
  /** False once a connection is gone; always true for UDP. */
  readonly open: boolean;
  /** Never throws; what cannot be sent is told to `onFailure`. */
  send(message: SipMessage, onFailure?: (error: Error) => void): void;
  /** Called once, when the connection is gone; never for UDP. @returns takes the listener away */
  onClose(listener: () => void): () => void;
}

export interface TransportUser {
  /** A message that `parse` could read. `Via` of a request has `received` and `rport` already (RFC 3261 18.2.1, RFC 3581). */
  message(message: SipMessage, flow: Flow): void;
}

/** Where to send a request that follows no flow. */
export interface Target extends Address {
  transport: TransportName;
}

export interface Transports {
  /** What is listened on. */
  readonly listening: readonly (Address & { transport: TransportName })[];
  /**
   * A flow to somebody: the connection that is there, or a new one.
   * @throws (rejects) FlowError where there is no such transport or nobody answers
   */
  flowTo(target: Target): Promise<Flow>;
  /** Whether somebody who writes to this host (name or IP address, without brackets) means this server. */
  isOwn(host: string): boolean;
  close(): Promise<void>;
}
