/**
 * Change of the sample rate, by a sinc under a Kaiser window.
 *
 * What telephones carry (up to 85 % of the lower rate's half) passes; from its half on everything is 88 dB down, so that
 * nothing folds back into what is heard. Output sample n lies at input time n * from / to: there is no delay.
 */

const PASS = 0.85;
const STOP = 1;
const ATTENUATION_DB = 88;
const KAISER_BETA = 0.1102 * (ATTENUATION_DB - 8.7);
/** Zero crossings on one side, from Kaiser's formula for the length of a filter. */
const HALF_WIDTH = Math.ceil((ATTENUATION_DB - 8) / (2.285 * Math.PI * (STOP - PASS)) / 2);
/** Of a rate that has no small ratio to the other: more are interpolated. */
const MOST_PHASES = 512;

export interface Resampler {
  /** The next samples; gives what is ready. The input may be reused afterwards. */
  push(samples: Float32Array): Float32Array;
  /** The rest. */
  end(): Float32Array;
}

/** @param from, to samples a second */
export function createResampler(from: number, to: number): Resampler {
  if (from === to) return { push: (samples) => samples.slice(), end: () => new Float32Array(0) };
  const kernel = createKernel(from, to);
  const { reach } = kernel;
  const step = from / to;
  // As if silence had come before: output sample 0 is in the middle of the kernel.
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
  /** Input samples that are needed on either side. */
  reach: number;
  /** The value at a time between the samples. */
  at(samples: Float32Array, time: number): number;
}

function createKernel(from: number, to: number): Kernel {
  const scale = Math.min(1, to / from); // of the lower rate, in input samples
  const reach = 2 * Math.ceil((HALF_WIDTH / scale + 1) / 2); // even, for `dot`
  const taps = 2 * reach;
  const ratio = to / gcd(from, to);
  const phases = ratio <= MOST_PHASES ? ratio : MOST_PHASES;
  const table = Array.from({ length: phases + 1 }, (_, phase) => kernelPhase(phase / phases, reach, scale));

  const dot = (samples: Float32Array, start: number, phase: number): number => {
    const weights = table[phase]!;
    // Four sums that do not wait for each other: twice as fast as one.
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

/** The weights of the samples around a time that is `fraction` after a sample; they add up to 1. */
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
