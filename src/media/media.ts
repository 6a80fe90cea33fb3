/** The RTP side of SIP calls: the seam between signalling and media. `index.ts` makes it. */
import type { InternalErrors } from '../support/internal-errors';
import type { Party } from './audio';

export interface MediaLegListener {
  /** The far end pressed a key (RFC 4733): `0`-`9`, `*`, `#`, `A`-`D`; once a key press. */
  dtmf(digit: string): void;
  /** Nothing was received for `silenceSeconds`, though the far end should send. Once. */
  silent(): void;
}

/**
 * One call's RTP port and its SDP. The session description is negotiated with `offer` + `takeAnswer` or with
 * `answer`, as often as the call asks for it (RFC 3264); the port stays.
 */
export interface MediaLeg {
  /** The far end. `hear` is dropped until the far end's address is known and while it does not want to receive (hold). */
  readonly party: Party;
  /** Whether the far end has put the call on hold (`sendonly`, `inactive`, `c=0.0.0.0`). */
  readonly held: boolean;
  /** A session description of our own, for an INVITE or in answer to an INVITE without one; the same again with a new version. */
  offer(): string;
  /** The far end's answer to `offer`. @throws SdpError: no common codec, or unreadable */
  takeAnswer(sdp: string): void;
  /** Our answer to the far end's offer. @throws SdpError: to be refused with 488 (no common codec), or 400 (unreadable) */
  answer(sdp: string): string;
  /** RFC 4733; digits of `[A-D0-9#*]`, and `,` `w` (half a second) and `W` (a second) for pauses. Queued. */
  sendDtmf(digits: string): void;
  /** Ends it and gives the port back. Harmless when repeated. */
  close(): void;
}

export interface Media {
  /**
   * Opens a port; notifications never come from within.
   * @param peer IP address from which the far end's signalling comes, or to which it goes: decides which address of
   *   this machine it is told; undefined: what its session description says
   * @param internalErrors those of the call: what a callback of the leg throws ends it
   * @throws (rejects) PortsExhaustedError: to be told as 503
   */
  open(listener: MediaLegListener, peer?: string, internalErrors?: InternalErrors): Promise<MediaLeg>;
  /** Ports in use, for limits and tests. */
  readonly size: number;
  /** Ports that are left; undefined: the system chooses. */
  readonly free: number | undefined;
  close(): Promise<void>;
}
