/** A line whose far end is a SIP phone: signalling by a session, sound by a media leg. */
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

/** What carries the line: a call that came in, or one that was made. */
export interface Signalling {
  /** Incoming only. */
  ring?(): void;
  /** Incoming only. */
  accept?(): void;
  /**
   * @param status what a caller is told who still waits
   * @param elsewhere a phone that still rings is told that another one took the call
   */
  hangUp(status: number, elsewhere?: boolean): void;
}

export interface SipLineDeps {
  createPlayer: CreatePlayer;
  log: Logger;
  internalErrors: InternalErrors;
  callId?: string | undefined;
  /** The line is over, whichever end it was. */
  onEnd(line: SipLine): void;
}

export class SipLine implements Line {
  #state: 'set-up' | 'up' | 'ended' = 'set-up';
  #signalling: Signalling | undefined;
  #listener: LineListener | undefined;
  #leg: MediaLeg | undefined;
  #player: Player | undefined;
  /** Not while it is still fetched or made: so long the partner is heard. */
  #playing: Playback | undefined;
  #partner: Line | undefined;
  /** A refusal is told apart from a call that was taken and then rejected. */
  #refusal: number | undefined;

  readonly party: Party = {
    // Whatever is played goes before what the partner says.
    write: (packet) => {
      if (!this.#playing) this.#leg?.party.write(packet);
    },
    pipeTo: (sink) => this.#leg?.party.pipeTo(sink),
    tap: (tap) => this.#leg?.party.tap(tap),
  };

  /** The first one ends the line. */
  readonly internalErrors: InternalErrors;

  constructor(private readonly deps: SipLineDeps) {
    const { internalErrors, callId } = deps;
    this.internalErrors = internalErrors.within({ callId }, () => this.#crash());
  }

  get ended(): boolean {
    return this.#state === 'ended';
  }

  /** What the session negotiates with. Only once there is a leg. */
  readonly media: SessionMedia = {
    offer: () => this.#mustHaveLeg().offer(),
    takeAnswer: (sdp) => this.#mustHaveLeg().takeAnswer(sdp),
    answer: (sdp) => this.#mustHaveLeg().answer(sdp),
  };

  /** What the session tells. */
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
      // Not in the RTP, so the partner would not hear of it.
      this.#partner?.sendDtmf(digit);
    },
  };

  /** Notifications of the media leg that is opened for this line. */
  readonly mediaListener = {
    dtmf: (digit: string): void => {
      if (this.#state === 'up') this.#listener?.dtmf(digit);
    },
    silent: (): void => {
      if (this.#state !== 'up') return;
      this.deps.log.warn({ event: 'rtp-silent' }, 'No RTP received for RTP_TIMEOUT_SECONDS: the call is ended');
      this.#signalling?.hangUp(statusOf('NORMAL_TEMPORARY_FAILURE'));
      this.#endFromFarEnd('NORMAL_TEMPORARY_FAILURE', 'media-lost');
    },
  };

  /** @returns false where the line has ended in the meantime: the leg is closed */
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

  /** Who is told from now on. */
  tell(listener: LineListener): void {
    this.#listener = listener;
  }

  /** What `hangUp` tells the caller from now on, in place of what the cause would say; undefined: that. */
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

  /** It could not be set up at all. */
  fail(cause: HangupCause): void {
    this.#endFromFarEnd(cause);
  }

  #played(playback: Playback): void {
    if (this.#playing === playback) this.#playing = undefined;
  }

  /** An internal error: the phone gets BYE, CANCEL or 500, and the application a `hangup`. */
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
    if (!this.#leg) throw new Error('the session negotiates before there is a media leg');
    return this.#leg;
  }
}
