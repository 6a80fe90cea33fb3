/** Places the packets of several streams on a timeline and mixes them. */
import { SAMPLE_RATE, type Codec, type Packet } from './audio';
import { decodeG711 } from './g711';

/** Maximum deviation of a packet from the clock, in both directions; samples. */
const TOLERANCE = 1.5 * SAMPLE_RATE;
/** Minimum length of a write; samples. */
const CHUNK = SAMPLE_RATE / 2;
/** Size of the ring buffer: more than the tolerance, a chunk and the longest packet; a power of two. */
const RING = 32_768;
const MASK = RING - 1;

/** Linear sample of each G.711 byte. */
const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const LINEAR: Record<Codec, Int16Array> = {
  PCMU: decodeG711('PCMU', ALL_BYTES),
  PCMA: decodeG711('PCMA', ALL_BYTES),
};

export interface Timeline {
  /** Adds a packet. @param now time since the beginning, in samples */
  add(packet: Packet, now: number): void;
  /** Writes the rest. @returns the end of the last packet, in samples since the beginning */
  finish(): number;
}

/** State of a stream on the timeline. */
interface Place {
  /** Position of the last packet, in samples since the beginning. */
  position: number;
  timestamp: number;
  /** Arrival time of the last packet, in samples. */
  cameAt: number;
  /** How far the last packet was moved because it was too late. Undone if the next packet follows immediately. */
  moved: number;
  /** Whether the last packet was too late and arrived immediately after the previous one. */
  heldUp: boolean;
  /** End of the placed packets, and their end when the stream was moved back, so that it is not mixed with itself. */
  end: number;
  taken: number;
  /** Sequence number of the newest packet, and a bit mask of the last 32 received ones (as in RFC 3711 3.3.2). */
  newest: number;
  seen: number;
}

/**
 * A stream begins at the arrival time of its first packet. Then RTP timestamps determine the position of packets, so
 * that jitter and loss have no effect. If a stream deviates from the clock by more than the tolerance, it restarts at
 * the current time. Exception: packets that arrive in a burst were delayed in the network, and the packets after them
 * will be on time.
 * @param write receives the samples in order. Gaps between the pieces are silent.
 */
export function createTimeline(write: (position: number, samples: Int16Array) => void): Timeline {
  const ring = new Int16Array(RING);
  const places = new WeakMap<object, Place>();
  let written = 0; // everything before has been written
  let end = 0; // everything after is silent

  const writeUntil = (position: number): void => {
    const until = Math.min(position, end);
    if (until > written) {
      const samples = new Int16Array(until - written);
      for (let i = 0; i < samples.length; i++) {
        const at = (written + i) & MASK;
        samples[i] = ring[at] ?? 0;
        ring[at] = 0;
      }
      write(written, samples);
    }
    written = Math.max(written, position);
  };

  const placeOf = (packet: Packet, now: number): Place | undefined => {
    const { stream, sequence, timestamp } = packet;
    const place = places.get(stream);
    if (!place) {
      const clock = { position: now, timestamp, cameAt: now, moved: 0, heldUp: false };
      const begun = { ...clock, end: 0, taken: 0, newest: sequence, seen: 1 };
      places.set(stream, begun);
      return begun;
    }
    if (isRepeated(place, sequence)) return undefined;
    const step = (timestamp - place.timestamp) | 0; // also across the wrap-around of 32 bits
    const isHurried = 2 * (now - place.cameAt) < step;
    let position = place.position + step - (isHurried ? place.moved : 0);
    const early = position - now;
    place.moved = 0;
    if (early > TOLERANCE) {
      position = now;
      place.taken = place.end;
    } else if (early < -TOLERANCE && !isHurried) {
      if (!place.heldUp) place.moved = -early;
      position = now;
    }
    place.heldUp = early < -TOLERANCE && isHurried;
    return Object.assign(place, { position, timestamp, cameAt: now });
  };

  return {
    add(packet, now) {
      const due = now - TOLERANCE;
      if (due - written >= CHUNK) writeUntil(due);
      const place = placeOf(packet, now);
      if (!place) return;
      const { position, taken } = place;
      const { payload } = packet;
      const linear = LINEAR[packet.codec];
      const until = Math.min(position + payload.length, written + RING);
      place.end = Math.max(place.end, until);
      for (let at = Math.max(position, written, taken); at < until; at++) {
        const sum = (ring[at & MASK] ?? 0) + (linear[payload[at - position] ?? 0] ?? 0);
        ring[at & MASK] = sum > 32_767 ? 32_767 : sum < -32_768 ? -32_768 : sum;
      }
      end = Math.max(end, until);
    },
    finish() {
      writeUntil(end);
      return end;
    },
  };
}

/** Marks a packet as received. @returns whether it had been received before */
function isRepeated(place: Place, sequence: number): boolean {
  const ahead = ((sequence - place.newest) << 16) >> 16;
  if (ahead > 0 || ahead <= -32) {
    place.seen = ahead > 0 && ahead < 32 ? (place.seen << ahead) | 1 : 1;
    place.newest = sequence;
    return false;
  }
  const bit = 1 << -ahead;
  if ((place.seen & bit) !== 0) return true;
  place.seen |= bit;
  return false;
}
