/** From samples as files have them to samples as they are played. */
import { SAMPLE_RATE } from '../audio';
import { SoundError } from './errors';
import { createResampler, type Resampler } from './resample';

/** The longest sound; longer ones are refused, for the memory's sake. */
const MAX_SECONDS = 30 * 60;

/** A piece of a sound: one channel, -1 to 1. Only good until the next one is asked for. */
export interface Piece {
  /** Samples a second. Files that were joined may change it on the way. */
  rate: number;
  samples: Float32Array;
}

/** @throws SoundError file-too-large */
export function collect(pieces: Iterable<Piece>, maxSeconds = MAX_SECONDS): Int16Array {
  const collected = createCollector(maxSeconds);
  let resampler: Resampler | undefined;
  let resampled = 0; // the rate that the resampler takes
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

/** Samples of 8 kHz, one behind the other. `add` throws SoundError file-too-large. */
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
