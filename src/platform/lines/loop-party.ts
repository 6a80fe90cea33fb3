import type { InternalErrors } from '../../support/internal-errors';
import { guardedSink, type Packet, type PacketSink, type Party, type Tap } from '../../media/audio';
import { createKeyDetector } from '../../media/key-detector';

/** The far end of one end of a loop: what it hears, the far end of the other end says. */
export class LoopParty implements Party {
  #other: LoopParty | undefined;
  #sink: PacketSink | undefined;
  #tap: Tap | undefined;
  #passing = false;
  readonly #keys;
  readonly write: PacketSink;

  /** @param keyHeard a telephone event was heard; once a key press */
  constructor(keyHeard: (key: string) => void, internalErrors: InternalErrors) {
    this.#keys = createKeyDetector(keyHeard);
    this.write = guardedSink(internalErrors, 'loop', (packet) => this.#write(packet));
  }

  static join(one: LoopParty, two: LoopParty): void {
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
    // Both ends in one bridge, or several loops in a ring: it would go round without end.
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
