/** Sentences spoken by flite in its thread. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { VOICES } from '../../../src/v1-wire/commands';
import { SAMPLE_RATE } from '../../../src/media/audio';
import { createSpeech } from '../../../src/media/speech';
import { silentLog } from '../../helpers/silent-log';

const SENTENCE = 'Please wait while your call is connected.';
const speech = createSpeech({ log: silentLog });
afterAll(() => speech.close());

const seconds = (samples: Int16Array): number => samples.length / SAMPLE_RATE;

function rms(samples: Int16Array): number {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
}

/** Median pitch of the voiced frames; Hz. */
function pitch(samples: Int16Array): number {
  const frame = 512;
  const found: number[] = [];
  for (let start = 0; start + frame < samples.length; start += 200) {
    const part = samples.subarray(start, start + frame);
    if (rms(part) < 1000) continue;
    let best = 0;
    let period = 0;
    for (let lag = 26; lag <= 130; lag += 1) {
      let sum = 0;
      for (let i = 0; i + lag < frame; i += 1) sum += part[i]! * part[i + lag]!;
      if (sum / (frame - lag) > best) [best, period] = [sum / (frame - lag), lag];
    }
    found.push(SAMPLE_RATE / period);
  }
  return found.sort((a, b) => a - b)[found.length >> 1] ?? 0;
}

it('speaks with every voice of the API, with the length and volume of speech', async () => {
  for (const { name } of VOICES) {
    const samples = await speech.say(SENTENCE, name);
    expect(seconds(samples)).toBeGreaterThan(2);
    expect(seconds(samples)).toBeLessThan(3.5);
    expect(rms(samples)).toBeGreaterThan(1500);
    expect(rms(samples)).toBeLessThan(8000);
  }
});

it('has a different sound for each English voice', async () => {
  const sounds = await Promise.all(
    ['Susan', 'Kate', 'Julie', 'Dave', 'Paul', 'Bridget'].map((name) => speech.say(SENTENCE, name)),
  );
  expect(new Set(sounds.map((samples) => Buffer.from(samples.buffer).toString('base64'))).size).toBe(sounds.length);
  const [susan = 0, kate = 0, julie = 0, dave = 0] = sounds.map(pitch);
  expect(kate - susan).toBeGreaterThan(20);
  expect(susan - julie).toBeGreaterThan(15);
  expect(julie - dave).toBeGreaterThan(15);
});

it('speaks a sentence the same way, with and without the cache', async () => {
  const other = createSpeech({ log: silentLog, speechCacheBytes: 0 });
  const [first, again, uncached] = [
    await speech.say(SENTENCE, 'Dave'),
    await speech.say(SENTENCE, 'Dave'),
    await other.say(SENTENCE, 'Dave'),
  ];
  await other.close();
  expect(again).toBe(first);
  expect(uncached).not.toBe(first);
  expect(Array.from(uncached)).toEqual(Array.from(first));
});

it('speaks longer for a longer text', async () => {
  const short = await speech.say('One.');
  const long = await speech.say('One, two, three, four, five, six, seven, eight, nine, ten.');
  expect(long.length).toBeGreaterThan(3 * short.length);
});

it('a long text does not delay a short one', async () => {
  const done: string[] = [];
  const long = speech.say('A sentence of no interest. '.repeat(60)).then((samples) => {
    done.push('long');
    return samples;
  });
  const short = speech.say('Hello.').then(() => done.push('short'));
  const samples = await long;
  await short;
  expect(done).toEqual(['short', 'long']);
  expect(seconds(samples)).toBeGreaterThan(60);
});

it.each([
  ['control characters', 'Hello\u0000\u0007\r\n\u200bthere.', 'Hello there.'],
  ['accents', 'ñandú café übermäßig', 'nandu cafe ubermassig'],
  ['text that looks like an option', '-voice kal', '-voice kal'],
  ['a lone surrogate', 'Hello \ud800 there.', 'Hello there.'],
])('accepts %s', async (_, text, same) => {
  const samples = await speech.say(text);
  expect(Array.from(samples)).toEqual(Array.from(await speech.say(same)));
  expect(rms(samples)).toBeGreaterThan(1000);
});

it('MUST NOT interpret markup or options in a sentence', async () => {
  const samples = await speech.say('<speak>Hello</speak>');
  expect(seconds(samples)).toBeGreaterThan(0.5);
});

it.each(['...', '你好', ' '])('returns a pause for %j, which has nothing speakable in English', async (text) => {
  const samples = await speech.say(text);
  expect(seconds(samples)).toBeGreaterThan(0.4);
  expect(seconds(samples)).toBeLessThan(0.8);
});

it('begins with 300 ms of silence, once, however long the sentence is', async () => {
  const samples = await speech.say('Hello. '.repeat(60));
  const spoken = samples.findIndex((sample) => Math.abs(sample) > 300);
  expect(samples.subarray(0, 2_400).every((sample) => sample === 0)).toBe(true);
  expect(spoken / 8_000).toBeLessThan(0.7);
});

it('logs once that another voice replaces a missing one', async () => {
  const lines: string[] = [];
  const log = pino({ base: null }, { write: (line: string) => lines.push(line) });
  const logged = createSpeech({ log });
  await logged.say('Hola.', 'Jorge');
  await logged.say('Adios.', 'Jorge');
  await logged.say('Hello.', 'Susan');
  await logged.close();
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ event: 'voice-missing', voice: 'Jorge', locale: 'es', instead: 'rms' }),
  ]);
});

it('falls back and logs the reason if the folder of languages is missing', async () => {
  const lines: string[] = [];
  const log = pino({ base: null }, { write: (line: string) => lines.push(line) });
  const languagesDir = join(tmpdir(), 'no-such-folder');
  const without = createSpeech({ log, languagesDir });
  expect(rms(await without.say('Guten Tag.', 'Katrin'))).toBeGreaterThan(1500);
  await without.say('Bonjour.', 'Jolie');
  await without.close();
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ folder: languagesDir }),
    expect.objectContaining({ voice: 'Katrin', instead: 'slt' }),
    expect.objectContaining({ voice: 'Jolie', instead: 'slt' }),
  ]);
});

it('rejects pending and later requests after close', async () => {
  const closing = createSpeech({ log: silentLog });
  const underWay = closing.say('Too late.');
  underWay.catch(() => undefined);
  await closing.close();
  await closing.close();
  await expect(underWay).rejects.toMatchObject({ code: 'sounds-closed' });
  await expect(closing.say('Later.')).rejects.toMatchObject({ code: 'sounds-closed' });
});
