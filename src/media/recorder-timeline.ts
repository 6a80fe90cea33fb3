/** Puts the packets of many streams on one timeline, and mixes them. */
import { SAMPLE_RATE, type Codec, type Packet } from './audio';
import { decodeG711 } from './g711';

/** How late a packet may come, and how far ahead of its time, and still find its place; in samples. */
const TOLERANCE = 1.5 * SAMPLE_RATE;
/** What is written at once; in samples. */
const CHUNK = SAMPLE_RATE / 2;
/** Holds what lies within the tolerance and a chunk, and the longest packet; a power of two. */
const RING = 32_768;
const MASK = RING - 1;

/** The sample of each byte. */
const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const LINEAR: Record<Codec, Int16Array> = {
  PCMU: decodeG711('PCMU', ALL_BYTES),
  PCMA: decodeG711('PCMA', ALL_BYTES),
};

export interface Timeline {
  /** @param now samples since the beginning */
  add(packet: Packet, now: number): void;
  /** Writes all that is left. @returns where the last sound ends, in samples since the beginning */
  finish(): number;
}

/** Where a stream has got to. */
interface Place {
  /** Of the last packet, in samples since the beginning. */
  position: number;
  timestamp: number;
  /** When the last packet came. */
  cameAt: number;
  /** How far the last packet was moved because it was too late: back again, where the next one is on its heels. */
  moved: number;
  /** The last packet was too late, and on the heels of the one before. */
  heldUp: boolean;
  /** Where what was placed ends, and where it ended when it was moved back: nothing is mixed with itself. */
  end: number;
  taken: number;
  /** Sequence number of the newest packet, and which of the 32 up to it were seen (as RFC 3711 3.3.2 does). */
  newest: number;
  seen: number;
}

/**
 * A stream begins when its first packet arrives; from there on its RTP timestamps say where a packet belongs, so that
 * jitter and loss move nothing. One that strays from the clock by more than the tolerance begins anew, unless its packets come
 * all at once: they were held up on the way, and what is behind them will be in time.
 * @param write gets the sound in pieces, in order; between them is silence
 */
export function createTimeline(write: (position: number, samples: Int16Array) => void): Timeline {
  const ring = new Int16Array(RING);
  const places = new WeakMap<object, Place>();
  let written = 0; // what lies before is out
  let end = 0; // what lies behind is silent

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
    const step = (timestamp - place.timestamp) | 0; // across the 32 bits' end, too
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

/** Notes the packet as seen. @returns whether it was seen before */
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
