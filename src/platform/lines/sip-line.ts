/** A line to a SIP phone: joins a SIP session and a media leg. */
import { runAll, type InternalErrors } from '../../support/internal-errors';
import type { Logger } from '../../support/logger';
import type { HangupCause, HangupDetail } from '../../v1-wire/events';
import type { Party } from '../../media/audio';
import type { MediaLeg } from '../../media/media';
import type { CreatePlayer, Player } from '../../media/player';
import type { SessionListener, SessionMedia } from '../../sip/session/session';
import type { Playback } from '../../media/playback';
import type { Line, LineListener } from './line';
import { causeOf, lossOf, statusOf } from './sip-causes';

/** The SIP side of a line: an incoming or an outgoing INVITE. */
export interface Signalling {
  /** Incoming only. */
  ring?(): void;
  /** Incoming only. */
  accept?(): void;
  /**
   * @param status the final response to a caller that still waits
   * @param elsewhere whether a ringing phone learns that another phone has answered
   */
  hangUp(status: number, elsewhere?: boolean): void;
}

export interface SipLineDeps {
  createPlayer: CreatePlayer;
  log: Logger;
  internalErrors: InternalErrors;
  callId?: string | undefined;
  /** Called once at the end of the line. */
  onEnd(line: SipLine): void;
}

export class SipLine implements Line {
  #state: 'set-up' | 'up' | 'ended' = 'set-up';
  #signalling: Signalling | undefined;
  #listener: LineListener | undefined;
  #leg: MediaLeg | undefined;
  #player: Player | undefined;
  /** Set only while it is audible, not while it is fetched or synthesised. Until then the phone hears the partner. */
  #playing: Playback | undefined;
  #partner: Line | undefined;
  /** The status of a call that the platform refuses, instead of the status of its cause. */
  #refusal: number | undefined;

  readonly party: Party = {
    // A playback takes precedence over the sound of the partner.
    write: (packet) => {
      if (!this.#playing) this.#leg?.party.write(packet);
    },
    pipeTo: (sink) => this.#leg?.party.pipeTo(sink),
    tap: (tap) => this.#leg?.party.tap(tap),
  };

  /** The first exception ends the line. */
  readonly internalErrors: InternalErrors;

  constructor(private readonly deps: SipLineDeps) {
    const { internalErrors, callId } = deps;
    this.internalErrors = internalErrors.within({ callId }, () => this.#crash());
  }

  get ended(): boolean {
    return this.#state === 'ended';
  }

  /** The SDP of the media leg, for the session. Used only after `useLeg`. */
  readonly media: SessionMedia = {
    offer: () => this.#mustHaveLeg().offer(),
    takeAnswer: (sdp) => this.#mustHaveLeg().takeAnswer(sdp),
    answer: (sdp) => this.#mustHaveLeg().answer(sdp),
  };

  /** Notifications of the SIP session. */
  readonly session: SessionListener = {
    ringing: () => this.#listener?.ringing(),
    answered: () => {
      if (this.#state !== 'set-up') return;
      this.#state = 'up';
      this.#listener?.answered();
    },
    ended: (status, forwardedTo) =>
      this.#endFromFarEnd(causeOf(status), this.#state === 'up' ? lossOf(status) : undefined, forwardedTo),
    dtmf: (digit) => {
      if (this.#state !== 'up') return;
      this.#listener?.dtmf(digit);
      // The digit is not in the RTP, so the partner would not receive it.
      this.#partner?.sendDtmf(digit);
    },
  };

  /** Notifications of the media leg. */
  readonly mediaListener = {
    dtmf: (digit: string): void => {
      if (this.#state === 'up') this.#listener?.dtmf(digit);
    },
    silent: (): void => {
      if (this.#state !== 'up') return;
      this.deps.log.warn({ event: 'rtp-silent' }, 'no RTP for RTP_SILENCE_SECONDS; ending the call');
      this.#signalling?.hangUp(statusOf('NORMAL_TEMPORARY_FAILURE'));
      this.#endFromFarEnd('NORMAL_TEMPORARY_FAILURE', 'media-lost');
    },
  };

  /** Attaches the media leg. @returns false if the line has ended in the meantime; the leg is then closed */
  useLeg(leg: MediaLeg): boolean {
    if (this.#state === 'ended') {
      leg.close();
      return false;
    }
    this.#leg = leg;
    this.#player = this.deps.createPlayer(
      {
        playStarted: (playback) => {
          this.#playing = playback;
          this.#listener?.playStarted(playback);
        },
        playDone: (playback) => {
          this.#played(playback);
          if (this.#state === 'up') this.#listener?.playDone(playback);
        },
        playFailed: (playback, reason) => {
          this.#played(playback);
          if (this.#state === 'up') this.#listener?.playFailed(playback, reason);
        },
      },
      leg.party.write,
      this.internalErrors,
    );
    return true;
  }

  use(signalling: Signalling): void {
    this.#signalling = signalling;
  }

  /** Sets the listener of later notifications. */
  tell(listener: LineListener): void {
    this.#listener = listener;
  }

  /** Sets the status with which `hangUp` answers the caller; undefined: the status of the cause. */
  refuseWith(status: number | undefined): void {
    this.#refusal = status;
  }

  ring(): void {
    this.#signalling?.ring?.();
  }

  answer(): void {
    if (this.#state === 'set-up') this.#signalling?.accept?.();
  }

  hangUp(cause: HangupCause, elsewhere?: 'elsewhere'): void {
    if (this.#state === 'ended') return;
    this.#signalling?.hangUp(this.#refusal ?? statusOf(cause), elsewhere !== undefined);
    this.#end();
  }

  play(playback: Playback): void {
    if (this.#state === 'up') this.#player?.play(playback);
  }

  stopPlay(): void {
    this.#player?.stop();
  }

  sendDtmf(digits: string): void {
    if (this.#state === 'up') this.#leg?.sendDtmf(digits);
  }

  connect(other: Line | undefined): void {
    this.#partner = other;
    this.#leg?.party.pipeTo(other?.party?.write);
  }

  /** Ends a line that could not be set up. */
  fail(cause: HangupCause): void {
    this.#endFromFarEnd(cause);
  }

  #played(playback: Playback): void {
    if (this.#playing === playback) this.#playing = undefined;
  }

  /** Ends the line after an internal error: the phone gets BYE, CANCEL or 500, and the application a `hangup`. */
  #crash(): void {
    if (this.#state === 'ended') return;
    runAll(
      () => this.#signalling?.hangUp(500),
      () => this.#endFromFarEnd('NORMAL_TEMPORARY_FAILURE'),
    );
  }

  #endFromFarEnd(cause: HangupCause, detail?: HangupDetail, forwardedTo?: readonly string[]): void {
    if (this.#state === 'ended') return;
    runAll(
      () => this.#end(),
      () => this.#listener?.ended(cause, detail, forwardedTo),
    );
  }

  #end(): void {
    this.#state = 'ended';
    this.#partner = undefined;
    runAll(
      () => this.#player?.abandon(),
      () => this.#leg?.close(),
      () => this.deps.onEnd(this),
    );
  }

  #mustHaveLeg(): MediaLeg {
    if (!this.#leg) throw new Error('the session negotiates without a media leg');
    return this.#leg;
  }
}
