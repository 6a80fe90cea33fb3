/** A line to a simulated far end: a PSTN subscriber or a phone with a configured behaviour. */
import { runAll, type InternalErrors } from '../../support/internal-errors';
import type { HangupCause } from '../../v1-wire/events';
import { timersWithin, type Cancel, type Timers } from '../../support/timers';
import type { Behaviour, SimulationTiming } from './behaviour';
import type { FarEnd, FarEnds } from './far-ends';
import type { Playback } from '../../media/playback';
import type { Line, LineListener } from './line';
import type { CreatePlayer, Player, PlayerListener } from '../../media/player';
import { SimulatedParty, type SimulatedSound } from './simulated-party';

export interface SimulatedLineDeps {
  timers: Timers;
  timing: SimulationTiming;
  farEnds: FarEnds;
  createPlayer: CreatePlayer;
  internalErrors: InternalErrors;
  /** Sound of far ends; undefined: the platform has no sound. */
  sound?: SimulatedSound | undefined;
}

/** The plan of a far end that dials. */
export interface CallerPlan {
  /** Hangs up after this time without an answer, ms; undefined: never. */
  giveUpAfterMs?: number | undefined;
  /** Hangs up this long after the answer, ms. */
  hangUpAfterMs: number;
}

/** The listener before the call has attached one. */
const NO_LISTENER: LineListener = {
  ringing: () => undefined,
  answered: () => undefined,
  ended: () => undefined,
  playStarted: () => undefined,
  playDone: () => undefined,
  playFailed: () => undefined,
  dtmf: () => undefined,
};

export class SimulatedLine implements Line {
  #listener: LineListener = NO_LISTENER;
  /** Cancels the next action of the far end. */
  #next: Cancel | undefined;
  #giveUp: Cancel | undefined;
  #hangUpAfterMs = 0;
  #connected = false;
  readonly party: SimulatedParty | undefined;
  readonly #player: Player;
  readonly #timers: Timers;

  constructor(
    readonly farEnd: FarEnd,
    private readonly deps: SimulatedLineDeps,
  ) {
    // The first exception ends the line.
    const internalErrors = deps.internalErrors.within({ callId: farEnd.callId }, () => this.#crash());
    this.#timers = timersWithin(deps.timers, internalErrors);
    farEnd.controls = {
      hangUp: () => this.#endFromFarEnd('NORMAL_CLEARING'),
      pressKeys: (digits) => this.#pressKeys(digits),
    };
    const listener: PlayerListener = {
      playStarted: (playback) => {
        this.#notePlayback(playback, 'started');
        this.#listener.playStarted(playback);
      },
      playDone: (playback) => {
        if (this.farEnd.state === 'ended') return;
        this.#notePlayback(playback, 'done');
        this.#listener.playDone(playback);
      },
      playFailed: (playback, reason) => this.#listener.playFailed(playback, reason),
    };
    const { sound, createPlayer } = deps;
    const keyHeard = (key: string): void => this.#note('dtmf-received', { detail: key });
    this.party = sound && new SimulatedParty({ sound, timers: this.#timers, createPlayer, keyHeard, internalErrors });
    this.#player = createPlayer(listener, this.party?.writePlayed ?? (() => undefined), internalErrors);
  }

  /** Starts an outgoing leg: the platform dials this far end. */
  receive(behaviour: Behaviour, listener: LineListener): void {
    this.#listener = listener;
    this.#note('dialled');
    this.#then(this.deps.timing.ringAfterMs, () => {
      if (behaviour.kind === 'busy') return this.#endFromFarEnd('USER_BUSY');
      if (behaviour.kind === 'unallocated') return this.#endFromFarEnd('UNALLOCATED_NUMBER');
      this.#note('ringing');
      listener.ringing();
      if (behaviour.kind === 'no-answer') return;
      this.#then(behaviour.answerAfterMs, () => {
        if (behaviour.kind === 'reject') return this.#endFromFarEnd('CALL_REJECTED');
        this.#up(behaviour.hangUpAfterMs);
      });
    });
  }

  /** Starts an incoming leg: this far end has dialled, and the platform has accepted the call. */
  placed(listener: LineListener, { giveUpAfterMs, hangUpAfterMs }: CallerPlan): void {
    this.#listener = listener;
    this.#hangUpAfterMs = hangUpAfterMs;
    if (giveUpAfterMs !== undefined)
      this.#giveUp = this.#timers.after(giveUpAfterMs, () => this.#endFromFarEnd('ORIGINATOR_CANCEL'));
  }

  ring(): void {
    this.#note('ringing');
  }

  answer(): void {
    if (this.farEnd.state === 'ended' || this.farEnd.state === 'up') return;
    this.#then(this.deps.timing.pickUpMs, () => this.#up(this.#hangUpAfterMs));
  }

  hangUp(cause: HangupCause): void {
    this.#stop();
    const unanswered = this.farEnd.direction === 'out' && this.farEnd.state !== 'up';
    this.#note(unanswered ? 'cancelled' : 'ended', { cause });
  }

  play(playback: Playback): void {
    if (this.farEnd.state === 'up') this.#player.play(playback);
  }

  stopPlay(): void {
    this.#player.stop();
  }

  sendDtmf(digits: string): void {
    if (this.farEnd.state === 'up') this.#note('dtmf-received', { detail: digits });
  }

  connect(other: Line | undefined): void {
    if (this.farEnd.state === 'up') this.party?.connect(other?.party);
    if (this.#connected === (other !== undefined)) return;
    this.#connected = other !== undefined;
    this.#note(this.#connected ? 'connected' : 'disconnected');
  }

  #up(hangUpAfterMs: number): void {
    this.#giveUp?.();
    this.#note('answered');
    this.#then(hangUpAfterMs, () => this.#endFromFarEnd('NORMAL_CLEARING'));
    this.#listener.answered();
  }

  #pressKeys(digits: string): void {
    if (this.farEnd.state !== 'up') return;
    this.#note('dtmf-sent', { detail: digits });
    for (const digit of digits) this.#listener.dtmf(digit);
  }

  #crash(): void {
    if (this.farEnd.state !== 'ended') this.#endFromFarEnd('NORMAL_TEMPORARY_FAILURE');
  }

  #endFromFarEnd(cause: HangupCause): void {
    if (this.farEnd.state === 'ended') return;
    // A caller that hangs up before the answer cancels the call.
    const cancelled = this.farEnd.direction === 'in' && this.farEnd.state !== 'up';
    const reported = cancelled ? 'ORIGINATOR_CANCEL' : cause;
    runAll(
      () => this.#stop(),
      () => this.#note(cancelled ? 'cancelled' : 'ended', { cause: reported }),
      () => this.#listener.ended(reported),
    );
  }

  #stop(): void {
    this.#next?.();
    this.#giveUp?.();
    this.#player.abandon();
    this.party?.close();
  }

  /** Plans the next action of the far end, and cancels the previous plan. */
  #then(ms: number, run: () => void): void {
    this.#next?.();
    this.#next = this.#timers.after(ms, run);
  }

  #notePlayback(playback: Playback, end: 'started' | 'done'): void {
    const what = playback.kind === 'speak' ? 'speech' : 'playback';
    this.#note(`${what}-${end}`, { detail: playback.content });
  }

  #note(...[what, more]: [Parameters<FarEnds['note']>[1], Parameters<FarEnds['note']>[2]?]): void {
    this.deps.farEnds.note(this.farEnd, what, more);
  }
}
