import type { InternalErrors } from '../../support/internal-errors';
import { guardedSink, type Packet, type PacketSink, type Party, type Tap } from '../../media/audio';
import { createKeyDetector } from '../../media/key-detector';

/** The sound of one loopback line. The other line says what this one hears. */
export class LoopbackParty implements Party {
  #other: LoopbackParty | undefined;
  #sink: PacketSink | undefined;
  #tap: Tap | undefined;
  #passing = false;
  readonly #keys;
  readonly write: PacketSink;

  /** @param keyHeard called once for each key press that it hears */
  constructor(keyHeard: (key: string) => void, internalErrors: InternalErrors) {
    this.#keys = createKeyDetector(keyHeard);
    this.write = guardedSink(internalErrors, 'loop', (packet) => this.#write(packet));
  }

  static join(one: LoopbackParty, two: LoopbackParty): void {
    one.#other = two;
    two.#other = one;
  }

  pipeTo(sink: PacketSink | undefined): void {
    this.#sink = sink;
  }

  tap(tap: Tap | undefined): void {
    this.#tap = tap;
  }

  #write(packet: Packet): void {
    // Prevents endless recursion if both lines are in one bridge, or several loopbacks form a ring.
    if (this.#passing) return;
    this.#passing = true;
    try {
      this.#pass(packet);
    } finally {
      this.#passing = false;
    }
  }

  #pass(packet: Packet): void {
    this.#tap?.onSent(packet);
    if (packet.kind === 'telephone-event') this.#keys.take(packet);
    if (this.#other) this.#other.#say(packet);
  }

  #say(packet: Packet): void {
    this.#tap?.onReceived(packet);
    this.#sink?.(packet);
  }
}
