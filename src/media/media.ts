/** Interfaces between signalling and the media of SIP calls. `index.ts` implements them. */
import type { InternalErrors } from '../support/internal-errors';
import type { Party } from './audio';

export interface MediaLegListener {
  /** Called once per key press of the far end (RFC 4733): `0`-`9`, `*`, `#`, `A`-`D`. */
  dtmf(digit: string): void;
  /** Called once if the far end should send, but nothing was received for `silenceSeconds`. */
  silent(): void;
}

/**
 * The RTP port and SDP of one call. `offer` and `takeAnswer`, or `answer`, negotiate the session description, as often
 * as needed (RFC 3264). The port stays the same.
 */
export interface MediaLeg {
  /** The far end. Packets to it are dropped until its address is known, and while it does not receive (hold). */
  readonly party: Party;
  /** Whether the far end has put the call on hold (`sendonly`, `inactive`, `c=0.0.0.0`). */
  readonly held: boolean;
  /** Creates an offer, for an INVITE or for the response to an INVITE without an offer. */
  offer(): string;
  /** Applies the far end's answer to `offer`. @throws SdpError if it is unreadable, or there is no common codec */
  takeAnswer(sdp: string): void;
  /**
   * Creates the answer to the far end's offer. @throws SdpError with status 488 (no common codec) or 400 (unreadable)
   */
  answer(sdp: string): string;
  /** Queues keys to send (RFC 4733): `[A-D0-9#*]`; `,` and `w` are pauses of half a second, `W` of one second. */
  sendDtmf(digits: string): void;
  /** Closes the leg and releases its port. Idempotent. */
  close(): void;
}

export interface Media {
  /**
   * Opens a port. Never calls the listener synchronously.
   * @param peer IP address of the far end's signalling. It determines the address of this machine in session
   * descriptions.
   *   If undefined, the address in the far end's session description does.
   * @param internalErrors internal errors of the call. An exception in a callback of the leg ends the call.
   * @throws (rejects) PortsExhaustedError (respond with 503)
   */
  open(listener: MediaLegListener, peer?: string, internalErrors?: InternalErrors): Promise<MediaLeg>;
  /** Number of ports in use; for limits and tests. */
  readonly size: number;
  /** Number of free ports; undefined if the system chooses the ports. */
  readonly free: number | undefined;
  close(): Promise<void>;
}
