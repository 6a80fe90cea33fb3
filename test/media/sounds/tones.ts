/** Creates tones and measures their amplitude in a sound. */

/** -1 to 1. */
export function tone(hz: number, rate: number, seconds: number, amplitude = 0.5): Float32Array {
  return Float32Array.from(
    { length: Math.round(rate * seconds) },
    (_, i) => amplitude * Math.sin((2 * Math.PI * hz * i) / rate),
  );
}

export function toInt16(samples: Float32Array): Int16Array {
  return Int16Array.from(samples, (sample) => Math.round(sample * 32_767));
}

export function rms(samples: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i += 1) sum += samples[i]! * samples[i]!;
  return Math.sqrt(sum / samples.length);
}

/** The amplitude of a tone in a sound: one bin of a Fourier transform, under a Hann window. */
export function amplitudeOf(hz: number, samples: ArrayLike<number>, rate = 8_000): number {
  let re = 0;
  let im = 0;
  for (let i = 0; i < samples.length; i += 1) {
    const weight = 1 - Math.cos((2 * Math.PI * i) / samples.length);
    re += weight * samples[i]! * Math.cos((2 * Math.PI * hz * i) / rate);
    im += weight * samples[i]! * Math.sin((2 * Math.PI * hz * i) / rate);
  }
  return (2 * Math.hypot(re, im)) / samples.length;
}
