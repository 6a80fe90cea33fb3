/**
 * The interface between a call and its far end. The call commands a `Line`, which reports to a `LineListener`. The call
 * does not know whether the far end is simulated, a SIP phone or a trunk.
 *
 * Rules for every kind of line:
 * - Commands return nothing. A command that the state does not allow has no effect, as the line may end at any time.
 * - Notifications are asynchronous, never from within a command.
 * - `ended` is the last notification. It comes once, and not after `hangUp`.
 */
import type { HangupCause, HangupDetail } from '../../v1-wire/events';
import type { Party } from '../../media/audio';
import type { Playback } from '../../media/playback';

export interface Line {
  /** Incoming only: reports ringing to the caller. */
  ring(): void;
  /** Incoming only: answers the call. `answered` follows. */
  answer(): void;
  /**
   * Ends the leg in any state: cancels an outgoing call, rejects an incoming one, hangs up an active one.
   * @param elsewhere another phone has answered, so that the phone shows no missed call
   */
  hangUp(cause: HangupCause, elsewhere?: 'elsewhere'): void;
  /** Plays to the far end, and stops a current playback. `playStarted` and `playDone` follow, or `playFailed`. */
  play(playback: Playback): void;
  /** Stops the current playback. Its `playDone` follows. */
  stopPlay(): void;
  /** @param digits of `[A-D0-9#*]`, and `,` `w` (half a second) and `W` (a second) for pauses */
  sendDtmf(digits: string): void;
  /** Connects the sound of both far ends; undefined: disconnects it. The caller does this for both lines. */
  connect(other: Line | undefined): void;
  /** The sound of the far end; undefined while there is none. */
  readonly party: Party | undefined;
}

export interface LineListener {
  /** Outgoing only: the far end rings. */
  ringing(): void;
  /** Outgoing: the far end has answered. Incoming: the command `answer` has taken effect. */
  answered(): void;
  /**
   * The far end or the network ended the leg.
   * @param forwardedTo URIs to which a phone forwards the call, the best first
   */
  ended(cause: HangupCause, detail?: HangupDetail, forwardedTo?: readonly string[]): void;
  playStarted(playback: Playback): void;
  playDone(playback: Playback): void;
  /** The playback failed. Replaces `playStarted` and `playDone`. */
  playFailed(playback: Playback, reason: string): void;
  /** The far end pressed a key. */
  dtmf(digit: string): void;
}

/** An outgoing leg. */
export interface DialRequest {
  callId: string;
  from: string;
  /** E.164 number or SIP URI. */
  to: string;
  sipHeaders?: Record<string, string> | undefined;
  /** Hides `from` from the far end (RFC 3323). */
  privacy?: boolean | undefined;
  /** SIP URIs of the endpoints whose phones forwarded the call, in order. */
  forwardedBy?: readonly string[] | undefined;
}

/** Sets up an outgoing leg. Reports success and failure to the listener. */
export type Dial = (request: DialRequest, listener: LineListener) => Line;

/** An incoming leg. */
export interface Offer {
  from: string;
  /** The dialled number or SIP URI. */
  to: string;
  /** The endpoint of the calling phone; undefined: not from a phone. */
  endpointId?: string | undefined;
  /** `X-` headers of the calling phone. */
  sipHeaders?: Record<string, string> | undefined;
  /** The caller withholds its identity (RFC 3323). */
  privacy?: boolean | undefined;
}

export interface AcceptedOffer {
  callId: string;
  listener: LineListener;
}

/** Hands an incoming leg to the calls. Returns undefined if it was refused, and its line hung up. */
export type Receive = (offer: Offer, line: Line) => AcceptedOffer | undefined;
