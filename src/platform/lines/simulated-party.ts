/** The sound of a simulated far end: it greets its listener, and then echoes it. */
import type { InternalErrors } from '../../support/internal-errors';
import { guardedSink, type Packet, type PacketSink, type Party, type Tap } from '../../media/audio';
import type { CreatePlayer, Player } from '../../media/player';
import { createKeyDetector } from '../../media/key-detector';
import type { Timers } from '../../support/timers';

export interface SimulatedSound {
  /** Speech of the greeting. */
  greeting: string;
  /** Delay of the echo: long enough to be recognised, short enough to belong to the speaker, ms. */
  echoAfterMs: number;
}

export const DEFAULT_SOUND: SimulatedSound = {
  greeting: 'Hello, this is the Tandem test number. You will now hear yourself.',
  echoAfterMs: 300,
};

export interface SimulatedPartyDeps {
  sound: SimulatedSound;
  timers: Timers;
  createPlayer: CreatePlayer;
  internalErrors: InternalErrors;
  /** Called once for each key press that it hears. */
  keyHeard(key: string): void;
}

/** Marks the sound of simulated far ends. It is never echoed, as two of them would talk to each other forever. */
class SimulatedStream {}

export class SimulatedParty implements Party {
  #sink: PacketSink | undefined;
  #tap: Tap | undefined;
  #mood: 'new' | 'greeting' | 'echoing' = 'new';
  /** Number of the current listener. Drops sound for an earlier one. */
  #listener = 0;
  readonly #player: Player;
  /** The stream of the echo, by the stream that it hears. */
  readonly #echoes = new WeakMap<object, SimulatedStream>();
  readonly #keys;

  constructor(private readonly deps: SimulatedPartyDeps) {
    const greeted = (): void => void (this.#mood = 'echoing');
    const stream = new SimulatedStream();
    this.#player = deps.createPlayer(
      { playStarted: () => undefined, playDone: greeted, playFailed: greeted },
      (packet) => this.#say({ ...packet, stream }),
      deps.internalErrors,
    );
    this.#keys = createKeyDetector((key) => deps.keyHeard(key));
    this.write = guardedSink(deps.internalErrors, 'simulated far end', (packet) => {
      this.#tap?.onSent(packet);
      if (packet.kind === 'telephone-event') this.#keys.take(packet);
      else this.#echo(packet);
    });
  }

  readonly write: PacketSink;

  /** Hears what the platform plays, without an echo. */
  readonly writePlayed: PacketSink = (packet) => this.#tap?.onSent(packet);

  pipeTo(sink: PacketSink | undefined): void {
    if (sink === this.#sink) return;
    this.#sink = sink;
    this.#listener++;
    if (sink && this.#mood === 'new') {
      this.#mood = 'greeting';
      const { greeting: content } = this.deps.sound;
      this.#player.play({ kind: 'speak', content, loop: false, volume: 0 });
    } else if (!sink && this.#mood === 'greeting') {
      this.#player.abandon();
      this.#mood = 'new';
    }
  }

  tap(tap: Tap | undefined): void {
    this.#tap = tap;
  }

  /** Sets the listener. Two simulated far ends do not speak to each other. */
  connect(other: Party | undefined): void {
    this.pipeTo(other instanceof SimulatedParty ? undefined : other?.write);
  }

  /** Ends the sound with the line. */
  close(): void {
    this.pipeTo(undefined);
  }

  #echo(packet: Packet): void {
    if (this.#mood !== 'echoing' || !this.#sink || packet.stream instanceof SimulatedStream) return;
    let stream = this.#echoes.get(packet.stream);
    if (!stream) this.#echoes.set(packet.stream, (stream = new SimulatedStream()));
    const echo: Packet = { ...packet, stream };
    const listener = this.#listener;
    this.deps.timers.after(this.deps.sound.echoAfterMs, () => {
      if (listener === this.#listener) this.#say(echo);
    });
  }

  #say(packet: Packet): void {
    this.#tap?.onReceived(packet);
    this.#sink?.(packet);
  }
}
