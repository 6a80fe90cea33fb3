/**
 * Changes the sample rate with a Kaiser-windowed sinc filter.
 *
 * The pass band reaches 85 % of the Nyquist frequency of the lower rate, which includes the telephone band. From the
 * Nyquist frequency on, the attenuation is 88 dB, so that there is no audible aliasing. Output sample n is at input
 * time n * from / to: there is no delay.
 */

const PASS = 0.85;
const STOP = 1;
const ATTENUATION_DB = 88;
const KAISER_BETA = 0.1102 * (ATTENUATION_DB - 8.7);
/** Zero crossings on each side, from Kaiser's formula for the filter length. */
const HALF_WIDTH = Math.ceil((ATTENUATION_DB - 8) / (2.285 * Math.PI * (STOP - PASS)) / 2);
/** Maximum number of filter phases. For ratios that need more, phases are interpolated. */
const MAX_PHASES = 512;

export interface Resampler {
  /** Adds input and returns the output that is ready. The input is not retained. */
  push(samples: Float32Array): Float32Array;
  /** Returns the remaining output. */
  end(): Float32Array;
}

/** @param from input samples per second @param to output samples per second */
export function createResampler(from: number, to: number): Resampler {
  if (from === to) return { push: (samples) => samples.slice(), end: () => new Float32Array(0) };
  const kernel = createKernel(from, to);
  const { reach } = kernel;
  const step = from / to;
  // Assume silence before the input: output sample 0 is at the centre of the kernel.
  let pending = new Float32Array(reach);
  let dropped = -reach; // input time of pending[0]
  let taken = 0; // input samples
  let made = 0; // output samples

  const make = (until: number): Float32Array => {
    const out = new Float32Array(Math.max(0, until - made));
    for (let i = 0; i < out.length; i += 1) out[i] = kernel.at(pending, (made + i) * step - dropped);
    made += out.length;
    const drop = Math.min(pending.length, Math.max(0, Math.floor(made * step) - reach - dropped));
    pending = pending.slice(drop);
    dropped += drop;
    return out;
  };
  const append = (samples: Float32Array): void => {
    const joined = new Float32Array(pending.length + samples.length);
    joined.set(pending);
    joined.set(samples, pending.length);
    pending = joined;
  };
  return {
    push(samples) {
      append(samples);
      taken += samples.length;
      return make(Math.max(0, Math.floor((taken - reach - 1) / step)));
    },
    end() {
      append(new Float32Array(2 * reach + 2));
      return make(Math.round(taken / step));
    },
  };
}

interface Kernel {
  /** Number of input samples needed on each side. */
  reach: number;
  /** The value at a time between samples. */
  at(samples: Float32Array, time: number): number;
}

function createKernel(from: number, to: number): Kernel {
  const scale = Math.min(1, to / from); // of the lower rate, in input samples
  const reach = 2 * Math.ceil((HALF_WIDTH / scale + 1) / 2); // even, for `dot`
  const taps = 2 * reach;
  const ratio = to / gcd(from, to);
  const phases = ratio <= MAX_PHASES ? ratio : MAX_PHASES;
  const table = Array.from({ length: phases + 1 }, (_, phase) => kernelPhase(phase / phases, reach, scale));

  const dot = (samples: Float32Array, start: number, phase: number): number => {
    const weights = table[phase]!;
    // Four independent sums are twice as fast as one.
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let i = 0; i < taps; i += 4) {
      a += samples[start + i]! * weights[i]!;
      b += samples[start + i + 1]! * weights[i + 1]!;
      c += samples[start + i + 2]! * weights[i + 2]!;
      d += samples[start + i + 3]! * weights[i + 3]!;
    }
    return a + b + c + d;
  };
  return {
    reach,
    at(samples, time) {
      const whole = Math.floor(time + 1e-9);
      const position = Math.max(0, time - whole) * phases;
      const phase = Math.floor(position + 1e-6);
      const rest = position - phase;
      const start = whole - reach + 1;
      const value = dot(samples, start, phase);
      return rest < 1e-6 ? value : value + rest * (dot(samples, start, phase + 1) - value);
    },
  };
}

/** The weights of the samples around a time that is `fraction` after a sample. Their sum is 1. */
function kernelPhase(fraction: number, reach: number, scale: number): Float32Array {
  const width = HALF_WIDTH / scale;
  const cutoff = scale * ((PASS + STOP) / 2);
  const weights = Float32Array.from({ length: 2 * reach }, (_, i) => {
    const distance = i - reach + 1 - fraction;
    const place = distance / width;
    return Math.abs(place) >= 1 ? 0 : sinc(distance * cutoff) * bessel(KAISER_BETA * Math.sqrt(1 - place * place));
  });
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** The modified Bessel function of the first kind, order 0. */
function bessel(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-12; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
