/** Converts decoded samples to the format in which they are played. */
import { SAMPLE_RATE } from '../audio';
import { SoundError } from './errors';
import { createResampler, type Resampler } from './resample';

/** Maximum length of a sound, to limit memory; s. */
const MAX_SECONDS = 30 * 60;

/** A piece of a sound: mono, -1 to 1. Valid only until the next piece is requested. */
export interface Piece {
  /** Samples per second. May change between pieces of a concatenated file. */
  rate: number;
  samples: Float32Array;
}

/** @throws SoundError file-too-large */
export function collect(pieces: Iterable<Piece>, maxSeconds = MAX_SECONDS): Int16Array {
  const collected = createCollector(maxSeconds);
  let resampler: Resampler | undefined;
  let resampled = 0; // input rate of the resampler
  const add = (samples: Float32Array): void => collected.add(toInt16(samples));
  for (const { rate, samples } of pieces) {
    if (!resampler || rate !== resampled) {
      if (resampler) add(resampler.end());
      resampler = createResampler(rate, SAMPLE_RATE);
      resampled = rate;
    }
    add(resampler.push(samples));
  }
  if (resampler) add(resampler.end());
  return collected.sound();
}

/** Concatenates samples of 8 kHz. `add` throws SoundError file-too-large. */
export function createCollector(maxSeconds = MAX_SECONDS): { add(samples: Int16Array): void; sound(): Int16Array } {
  const collected: Int16Array[] = [];
  let length = 0;
  return {
    add(samples) {
      length += samples.length;
      if (length > maxSeconds * SAMPLE_RATE)
        throw new SoundError('file-too-large', `The audio is longer than ${maxSeconds / 60} minutes`);
      collected.push(samples);
    },
    sound() {
      const [first] = collected;
      if (first && collected.length === 1) return first;
      const sound = new Int16Array(length);
      let at = 0;
      for (const samples of collected) {
        sound.set(samples, at);
        at += samples.length;
      }
      return sound;
    },
  };
}

function toInt16(samples: Float32Array): Int16Array {
  const out = new Int16Array(samples.length);
  for (let i = 0; i < samples.length; i += 1)
    out[i] = Math.max(-32_768, Math.min(32_767, Math.round(samples[i]! * 32_768)));
  return out;
}
