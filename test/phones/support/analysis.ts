/** What is to be heard in a recording: levels, frequencies, and from when to when. Times are seconds from its start. */
import { wavOf, type Wav } from './wav';

export interface Span {
  from: number;
  to: number;
}

const WINDOW_SECONDS = 0.04;
/** Gaps shorter than this do not end a tone: a lost packet or two. */
const BRIDGED_SECONDS = 0.1;
/** -46 dB of full scale: above what G.711 makes of silence, below any voice. */
const SILENCE_RMS = 0.005;
/** Part of the energy that has to be in the tone, in its window. */
const TONE_SHARE = 0.6;

export function part(wav: Wav, from: number, to = wav.seconds): Wav {
  return wavOf(wav.samples.subarray(Math.max(0, Math.round(from * wav.rate)), Math.round(to * wav.rate)), wav.rate);
}

/** 0 to 1; a sine of full scale has 0.707. */
export function rms({ samples }: Wav): number {
  if (samples.length === 0) return 0;
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
}

/** The part of the energy, 0 to 1, that lies at a frequency (Goertzel). */
function toneShare({ samples, rate }: Wav, hz: number): number {
  const energy = samples.reduce((sum, sample) => sum + sample * sample, 0);
  return energy === 0 ? 0 : (2 * power(samples, rate, hz)) / (samples.length * energy);
}

/** The loudest frequency between 50 and 3,900 Hz; undefined in silence. To a hertz, where there is a second of it. */
export function dominantHz(wav: Wav): number | undefined {
  // A second of the middle is plenty, and keeps the search short.
  const middle = wav.seconds / 2;
  const { samples, rate } = wav.seconds > 1 ? part(wav, middle - 0.5, middle + 0.5) : wav;
  if (rms({ ...wav, samples }) < SILENCE_RMS) return undefined;
  const loudest = (from: number, to: number, step: number): number => {
    let best = { hz: from, power: -1 };
    for (let hz = from; hz <= to; hz += step) {
      const found = power(samples, rate, hz);
      if (found > best.power) best = { hz, power: found };
    }
    return best.hz;
  };
  // The main lobe of a second is 2 Hz wide: the first search has to be as fine as half the lobe.
  const step = Math.max(1, rate / samples.length / 2);
  const coarse = loudest(50, 3_900, step);
  return loudest(coarse - step, coarse + step, step / 10);
}

/** From when to when a tone is there, gaps of up to a tenth of a second left out of account. */
export function toneSpans(wav: Wav, hz: number): Span[] {
  return spans(wav, (window) => rms(window) >= SILENCE_RMS && toneShare(window, hz) >= TONE_SHARE);
}

/** Seconds of a tone, all its spans together. */
export function toneSeconds(wav: Wav, hz: number): number {
  return toneSpans(wav, hz).reduce((sum, { from, to }) => sum + to - from, 0);
}

/** From the first to the last sound; undefined in silence. */
export function soundSpan(wav: Wav): Span | undefined {
  const found = spans(wav, (window) => rms(window) >= SILENCE_RMS);
  const [first, last] = [found[0], found.at(-1)];
  return first && last && { from: first.from, to: last.to };
}

/** Seconds in which something is to be heard, pauses of more than a tenth of a second not counted. */
export function soundSeconds(wav: Wav): number {
  return spans(wav, (window) => rms(window) >= SILENCE_RMS).reduce((sum, { from, to }) => sum + to - from, 0);
}

function spans(wav: Wav, holds: (window: Wav) => boolean): Span[] {
  const found: Span[] = [];
  for (let from = 0; from + WINDOW_SECONDS <= wav.seconds + 1e-9; from += WINDOW_SECONDS) {
    const to = from + WINDOW_SECONDS;
    if (!holds(part(wav, from, to))) continue;
    const last = found.at(-1);
    if (last && from - last.to <= BRIDGED_SECONDS) last.to = to;
    else found.push({ from, to });
  }
  return found;
}

function power(samples: Float64Array, rate: number, hz: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * hz) / rate);
  let before = 0;
  let last = 0;
  for (const sample of samples) {
    const next = sample + coefficient * last - before;
    before = last;
    last = next;
  }
  return last * last + before * before - coefficient * last * before;
}
