/** A call to one of the account's own numbers: an outgoing leg that returns as an incoming one. */
import { runAll, type InternalErrors } from '../../support/internal-errors';
import type { HangupCause } from '../../v1-wire/events';
import { timersWithin, type Timers } from '../../support/timers';
import type { SimulationTiming } from './behaviour';
import type { Playback } from '../../media/playback';
import type { DialRequest, Line, LineListener, Receive } from './line';
import type { CreatePlayer, Player } from '../../media/player';
import { LoopbackParty } from './loopback-party';
import type { SimulatedSound } from './simulated-party';
import type { FarEnd, FarEnds } from './far-ends';

export interface LoopbackDeps {
  timers: Timers;
  timing: SimulationTiming;
  farEnds: FarEnds;
  receive: Receive;
  createPlayer: CreatePlayer;
  internalErrors: InternalErrors;
  /** Sound of simulated far ends; undefined: the platform has no sound. */
  sound?: SimulatedSound | undefined;
}

/** One end of the loopback. The effect of a command reaches the peer asynchronously. */
class LoopbackLine implements Line {
  peer: LoopbackLine | undefined;
  listener: LineListener | undefined;
  #connected = false;
  readonly party: LoopbackParty | undefined;
  #state: 'set-up' | 'up' | 'ended' = 'set-up';
  readonly #player: Player;
  readonly #timers: Timers;
  /** The first exception ends both lines. */
  readonly internalErrors: InternalErrors;

  constructor(
    readonly farEnd: FarEnd,
    private readonly deps: LoopbackDeps,
  ) {
    this.internalErrors = deps.internalErrors.within({ callId: farEnd.callId }, () => this.#crash());
    this.#timers = timersWithin(deps.timers, this.internalErrors);
    this.party = deps.sound && new LoopbackParty((key) => this.sendDtmf(key), this.internalErrors);
    this.#player = deps.createPlayer(
      {
        playStarted: (playback) => this.listener?.playStarted(playback),
        playDone: (playback) => this.#state !== 'ended' && this.listener?.playDone(playback),
        playFailed: (playback, reason) => this.listener?.playFailed(playback, reason),
      },
      this.party?.write ?? (() => undefined),
      this.internalErrors,
    );
  }

  ring(): void {
    this.deps.farEnds.note(this.farEnd, 'ringing');
    this.#toPeer((peer) => {
      this.deps.farEnds.note(peer.farEnd, 'ringing');
      peer.listener?.ringing();
    });
  }

  answer(): void {
    this.#timers.after(this.deps.timing.pickUpMs, () => {
      if (this.#state !== 'set-up') return;
      this.#up();
      this.#toPeer((peer) => peer.#up());
    });
  }

  hangUp(cause: HangupCause): void {
    if (this.#state === 'ended') return;
    this.#end(cause);
    this.#toPeer((peer) => {
      // For the callee every end of the caller before the answer is a cancel.
      const cancelled = peer.farEnd.direction === 'in' && peer.#state !== 'up';
      const peerCause = cancelled ? 'ORIGINATOR_CANCEL' : cause;
      peer.#end(peerCause);
      peer.listener?.ended(peerCause);
    });
  }

  play(playback: Playback): void {
    if (this.#state === 'up') this.#player.play(playback);
  }

  stopPlay(): void {
    this.#player.stop();
  }

  sendDtmf(digits: string): void {
    this.#toPeer((peer) => {
      for (const digit of digits.replace(/[,wW]/g, '')) peer.listener?.dtmf(digit);
    });
  }

  connect(other: Line | undefined): void {
    this.party?.pipeTo(this.#state === 'up' ? other?.party?.write : undefined);
    if (this.#connected === (other !== undefined)) return;
    this.#connected = other !== undefined;
    this.deps.farEnds.note(this.farEnd, other ? 'connected' : 'disconnected');
  }

  #crash(): void {
    if (this.#state === 'ended') return;
    runAll(
      () => this.hangUp('NORMAL_TEMPORARY_FAILURE'),
      () => this.listener?.ended('NORMAL_TEMPORARY_FAILURE'),
    );
  }

  #up(): void {
    this.#state = 'up';
    this.deps.farEnds.note(this.farEnd, 'answered');
    this.listener?.answered();
  }

  #end(cause: HangupCause): void {
    this.#state = 'ended';
    runAll(
      () => this.#player.abandon(),
      () => this.party?.pipeTo(undefined),
      () => this.deps.farEnds.note(this.farEnd, 'ended', { cause }),
    );
  }

  /** Calls `tell` asynchronously, unless the peer has ended by then. */
  #toPeer(tell: (peer: LoopbackLine) => void): void {
    const { peer } = this;
    if (!peer) return;
    peer.#timers.after(0, () => {
      if (peer.#state !== 'ended') tell(peer);
    });
  }
}

/** Dials `request.to`, a number of the account. */
export function dialOwnNumber(request: DialRequest, listener: LineListener, deps: LoopbackDeps): Line {
  const { from, to } = request;
  const open = (direction: 'in' | 'out', callId?: string): LoopbackLine => {
    const party = direction === 'out' ? to : from;
    const farEnd = deps.farEnds.open({ kind: 'own-number', party, direction, from, to, callId });
    deps.farEnds.note(farEnd, 'dialled');
    return new LoopbackLine(farEnd, deps);
  };
  const outgoing = open('out', request.callId);
  const incoming = open('in');
  outgoing.peer = incoming;
  incoming.peer = outgoing;
  if (outgoing.party && incoming.party) LoopbackParty.join(outgoing.party, incoming.party);
  outgoing.listener = listener;

  timersWithin(deps.timers, outgoing.internalErrors).after(deps.timing.ringAfterMs, () => {
    if (incoming.farEnd.state === 'ended' || outgoing.farEnd.state === 'ended') return;
    const accepted = deps.receive({ from, to }, incoming);
    incoming.listener = accepted?.listener;
    incoming.farEnd.callId = accepted?.callId;
  });
  return outgoing;
}
