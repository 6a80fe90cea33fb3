/** Measures the pass band and stop band of the resampler with tones. */
import { createResampler } from '../../../src/media/sounds/resample';
import { amplitudeOf, rms, tone } from './tones';

function resample(samples: Float32Array, from: number, to = 8_000, piece = samples.length): Float32Array {
  const resampler = createResampler(from, to);
  const out: number[] = [];
  for (let at = 0; at < samples.length; at += piece) out.push(...resampler.push(samples.subarray(at, at + piece)));
  out.push(...resampler.end());
  return Float32Array.from(out);
}

/** Removes the beginning and the end, where the tone is switched on and off. */
const middle = (samples: Float32Array): Float32Array => samples.subarray(800, samples.length - 800);
const dB = (ratio: number): number => 20 * Math.log10(ratio);

const DOWN = [11_025, 16_000, 22_050, 24_000, 44_100, 48_000, 16_001];

it.each(DOWN)('suppresses everything above 4 kHz, from %d Hz: aliases at most -80 dB', (from) => {
  const sweep = Array.from({ length: 4 }, (_, i) => 4_350 + (i * (from / 2 - 4_350)) / 4);
  for (const hz of [4_000, 4_060, ...sweep]) {
    const out = middle(resample(tone(hz, from, 0.3, 1), from));
    expect(dB(rms(out) / Math.SQRT1_2)).toBeLessThan(-80);
  }
});

it.each([...DOWN, 6_000, 8_000])('passes the telephone band unchanged, from %d Hz', (from) => {
  for (const hz of [200, 440, 1_000, 2_500, 3_400].filter((each) => each <= (from / 2) * 0.85)) {
    const out = middle(resample(tone(hz, from, 0.5), from));
    expect(Math.abs(dB(amplitudeOf(hz, out) / 0.5))).toBeLessThan(0.1);
    expect(dB(rms(out) / (0.5 * Math.SQRT1_2))).toBeCloseTo(0, 1);
  }
});

it.each([4_000, 6_000])('adds no other frequencies when upsampling, from %d Hz', (from) => {
  const hz = 1_000;
  const out = middle(resample(tone(hz, from, 0.5), from));
  const image = from - hz;
  expect(dB(amplitudeOf(image, out) / 0.5)).toBeLessThan(-80);
});

it('has no delay: sample n of the output is at time n * from / to', () => {
  const expected = tone(500, 8_000, 0.25);
  const out = resample(tone(500, 44_100, 0.25), 44_100);
  for (let i = 200; i < out.length - 200; i += 1) expect(Math.abs(out[i]! - expected[i]!)).toBeLessThan(0.001);
});

it.each([
  [16_000, 16_000, 8_000],
  [44_100, 44_100, 8_000],
  [16_001, 16_001, 8_000],
  [4_000, 4_000, 8_000],
  [48_000, 1, 0],
  [48_000, 6, 1],
  [48_000, 0, 0],
])('from %d Hz, converts %d samples to %d', (from, length, made) => {
  expect(resample(new Float32Array(length), from)).toHaveLength(made);
});

it('does not depend on the size of the pieces', () => {
  const samples = tone(700, 44_100, 0.2);
  const whole = resample(samples, 44_100);
  for (const piece of [1, 7, 441, 5_000]) expect(resample(samples, 44_100, 8_000, piece)).toEqual(whole);
});

it('does not change 8 kHz', () => {
  const samples = tone(700, 8_000, 0.1);
  expect(resample(samples, 8_000)).toEqual(samples);
});
