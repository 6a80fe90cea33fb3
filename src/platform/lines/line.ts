/**
 * The seam between a call and what it runs over. The call core commands a `Line` and is told through a `LineListener`
 * what became of it; whether the far end is simulated, a SIP phone or a trunk, it does not know.
 *
 * Rules for every kind of line:
 * - commands are fire and forget, and harmless in a state in which they make no sense (a line may end while one is under way);
 * - notifications never come from within a command, always later;
 * - `ended` comes once, is the last one, and does not come after `hangUp`.
 */
import type { HangupCause, HangupDetail } from '../../v1-wire/events';
import type { Party } from '../../media/audio';
import type { Playback } from '../../media/playback';

export interface Line {
  /** Incoming only: the caller shall hear that it rings. */
  ring(): void;
  /** Incoming only: picks up; `answered` follows when that is done. */
  answer(): void;
  /**
   * Ends the leg in whatever state it is: cancels what rings out, rejects what rings in, clears what is up.
   * @param elsewhere another phone has taken the call that rings out: nobody missed it
   */
  hangUp(cause: HangupCause, elsewhere?: 'elsewhere'): void;
  /** Plays to the far end, in place of what is being played; `playStarted` and `playDone` follow, or `playFailed`. */
  play(playback: Playback): void;
  /** Ends what is being played; its `playDone` follows. */
  stopPlay(): void;
  /** @param digits of `[A-D0-9#*]`, and `,` `w` (half a second) and `W` (a second) for pauses */
  sendDtmf(digits: string): void;
  /** From now on the far ends of both lines hear each other; undefined: nobody. Said to both lines. */
  connect(other: Line | undefined): void;
  /** The far end as somebody who speaks and listens; undefined as long as, and where, there is no sound. */
  readonly party: Party | undefined;
}

export interface LineListener {
  /** Outgoing only: the far end rings. */
  ringing(): void;
  /** Outgoing: the far end picked up. Incoming: the pick-up asked for with `answer` is done. */
  answered(): void;
  /** The far end or the network ended the leg. */
  /** @param forwardedTo where a phone wants the call to go instead: URIs, the best first */
  ended(cause: HangupCause, detail?: HangupDetail, forwardedTo?: readonly string[]): void;
  playStarted(playback: Playback): void;
  playDone(playback: Playback): void;
  /** It could not be played at all; in place of `playStarted` and `playDone`. */
  playFailed(playback: Playback, reason: string): void;
  /** The far end pressed a key. */
  dtmf(digit: string): void;
}

/** A leg to be set up. */
export interface DialRequest {
  callId: string;
  from: string;
  /** E.164 number or SIP URI. */
  to: string;
  sipHeaders?: Record<string, string> | undefined;
  /** The far end is not to see `from` (RFC 3323). */
  privacy?: boolean | undefined;
  /** SIP URIs of the endpoints whose phones forwarded the call, the first one first. */
  forwardedBy?: readonly string[] | undefined;
}

/** Sets up an outgoing leg; its outcome, a failure too, is notified. */
export type Dial = (request: DialRequest, listener: LineListener) => Line;

/** A leg that came in. */
export interface Offer {
  from: string;
  /** As dialled. */
  to: string;
  /** The endpoint it comes from, where it comes from a phone. */
  endpointId?: string | undefined;
  /** `X-` headers of the caller's phone. */
  sipHeaders?: Record<string, string> | undefined;
  /** The caller withholds its identity (RFC 3323). */
  privacy?: boolean | undefined;
}

export interface AcceptedOffer {
  callId: string;
  listener: LineListener;
}

/** Hands an incoming leg to the call core; undefined where it was refused (its line is then hung up already). */
export type Receive = (offer: Offer, line: Line) => AcceptedOffer | undefined;
