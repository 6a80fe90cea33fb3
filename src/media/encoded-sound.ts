/** Sounds as the payloads of packets, made once for all who hear them. */
import { SAMPLES_PER_PACKET } from './audio';
import { encodeG711 } from './g711';

/** One step of `volume`; 4 is then 12 dB, which speech that fills its range only stands clipped. */
const DB_A_STEP = 3;

/** µ-law of a sound at one volume, a packet at a time. */
export interface EncodedSound {
  /** The payload that begins with so many samples; silence after the end, unless it goes on from the beginning. */
  payload(start: number, loop: boolean): Uint8Array;
}

/** µ-law of every sample, at each volume. */
const laws = new Map<number, Uint8Array>();
const encoded = new WeakMap<Int16Array, Map<number, EncodedSound>>();

/**
 * Payloads are encoded when they are first asked for: a file of half an hour at once would hold up the relay of calls.
 * @param volume -4 to 4
 */
export function encodedSound(samples: Int16Array, volume: number): EncodedSound {
  let volumes = encoded.get(samples);
  if (!volumes) encoded.set(samples, (volumes = new Map<number, EncodedSound>()));
  let sound = volumes.get(volume);
  if (!sound) volumes.set(volume, (sound = encode(samples, lawAt(volume))));
  return sound;
}

function encode(samples: Int16Array, law: Uint8Array): EncodedSound {
  const shared: Uint8Array[] = [];
  const make = (start: number, loop: boolean): Uint8Array => {
    const payload = new Uint8Array(SAMPLES_PER_PACKET);
    for (let i = 0; i < SAMPLES_PER_PACKET; i += 1) {
      const at = loop ? (start + i) % samples.length : start + i;
      payload[i] = law[(samples[at] ?? 0) & 0xffff]!;
    }
    return payload;
  };
  return {
    payload(start, loop) {
      // Rounds of a loop begin anywhere in a packet; only the first is what everybody else hears.
      const wraps = loop && start + SAMPLES_PER_PACKET > samples.length;
      if (wraps || start % SAMPLES_PER_PACKET !== 0) return make(start, loop);
      return (shared[start / SAMPLES_PER_PACKET] ??= make(start, loop));
    },
  };
}

function lawAt(volume: number): Uint8Array {
  const known = laws.get(volume);
  if (known) return known;
  const gain = 10 ** ((volume * DB_A_STEP) / 20);
  const samples = Int16Array.from({ length: 65_536 }, (_, bits) => {
    const sample = bits < 32_768 ? bits : bits - 65_536;
    return Math.max(-32_768, Math.min(32_767, Math.round(sample * gain)));
  });
  const law = encodeG711('PCMU', samples);
  laws.set(volume, law);
  return law;
}
