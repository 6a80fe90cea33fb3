/** Sounds as packet payloads, encoded once for all listeners. */
import { SAMPLES_PER_PACKET } from './audio';
import { encodeG711 } from './g711';

/** Gain of one step of `volume`. The maximum, 12 dB, clips speech that uses the full range. */
const DB_A_STEP = 3;

/** A sound at one volume as µ-law packets. */
export interface EncodedSound {
  /**
   * The payload of one packet.
   * @param start index of the first sample
   * @param loop continue from the beginning after the end; otherwise with silence
   */
  payload(start: number, loop: boolean): Uint8Array;
}

/** Tables from sample to µ-law byte, by volume. */
const laws = new Map<number, Uint8Array>();
const encoded = new WeakMap<Int16Array, Map<number, EncodedSound>>();

/**
 * Payloads are encoded on first use: encoding half an hour at once would delay the audio of other calls.
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
      // Later rounds of a loop are not aligned to packets, so their payloads cannot be shared.
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
