/** Recordings with real calls and files, and a fake line. */
import { strictErrors } from '../../helpers/strict-errors';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { WaveFile } from 'wavefile';
import { Call, type CallSettings } from '../../../src/platform/calls/call';
import type { Line } from '../../../src/platform/lines/line';
import type { Party, Tap } from '../../../src/media/audio';
import { encodeG711 } from '../../../src/media/g711';
import { openMediaStore, type MediaStore } from '../../../src/platform/recordings/media-store';
import { createRecordings, type Recordings } from '../../../src/platform/recordings/recordings';
import { createErrorLog, type ErrorLog } from '../../../src/platform/resources/error-log';
import { DEFAULT_RETENTION } from '../../../src/platform/retention';
import { createTimers, type Timers } from '../../../src/support/timers';
import { wireTime } from '../../../src/v1-wire/times';
import { createUris } from '../../../src/platform/uris';
import { silentLog as log } from '../../helpers/silent-log';

const uris = createUris(() => 'http://127.0.0.1:1', 'u-1');

let folder: string;
let timers: Timers;
let media: MediaStore;
let recordings: Recordings;
let errors: ErrorLog;
let failures: number;
let events: Record<string, string>[];
let waiting: (() => void)[];

async function start(retention = DEFAULT_RETENTION): Promise<void> {
  folder = await mkdtemp(path.join(os.tmpdir(), 'tandem-test-'));
  timers = createTimers();
  events = [];
  waiting = [];
  media = await openMediaStore({ uris, folder });
  errors = createErrorLog(10);
  failures = 0;
  const failed = (): void => void (failures += 1);
  recordings = createRecordings({ media, uris, retention, errors, failed, log });
}
beforeEach(() => start());
afterEach(async () => {
  await recordings.close();
  await media.close();
  timers.close();
  await rm(folder, { recursive: true });
});

function call(settings: Partial<CallSettings> = {}) {
  let tap: Tap | undefined;
  const party: Party = { write: () => undefined, pipeTo: () => undefined, tap: (given) => (tap = given) };
  const nothing = (): void => undefined;
  const line: Line = {
    ring: nothing,
    answer: nothing,
    hangUp: nothing,
    play: nothing,
    stopPlay: nothing,
    sendDtmf: nothing,
    connect: nothing,
    party,
  };
  const made = new Call(
    { direction: 'out', from: '+15550001111', to: '+15550002222', callTimeout: 60, ...settings },
    {
      queue: {
        send(event) {
          events.push({ ...event.fields });
          for (const check of [...waiting]) check();
          return Promise.resolve(true);
        },
        settled: () => Promise.resolve(),
      },
      internalErrors: strictErrors,
      timers,
      uris,
      errors: createErrorLog(10),
      log,
    },
  );
  recordings.follow(made);
  made.attach(line);
  return { call: made, recorded: () => tap !== undefined, tap: () => tap };
}

/** Returns the n-th `recording` event, from 1. */
function event(n = 1): Promise<Record<string, string>> {
  return new Promise((resolve) => {
    const check = (): void => {
      const found = events.filter(({ eventType }) => eventType === 'recording')[n - 1];
      if (found) resolve(found);
    };
    waiting.push(check);
    check();
  });
}

const types = (): (string | undefined)[] => events.map(({ eventType }) => eventType);

it('records from the answer to the end, and sends the event after the hangup', async () => {
  const { call: one, recorded } = call({ recordingEnabled: true, tag: 't' });
  expect(recorded()).toBe(false);
  one.answered();
  expect(recorded()).toBe(true);
  expect(recordings.list()).toMatchObject([{ callId: one.id, state: 'recording' }]);
  one.hangUp();
  expect(recorded()).toBe(false);
  const { recordingId = '', startTime, endTime, ...fields } = await event();
  expect(recordingId).toMatch(/^rec-[a-z2-7]{23}$/);
  expect(fields).toMatchObject({
    callId: one.id,
    recordingUri: uris.absolute(`recordings/${recordingId}`),
    state: 'complete',
    status: 'complete',
    tag: 't',
  });
  expect(types()).toEqual(['answer', 'hangup', 'recording']);
  const recording = recordings.get(recordingId);
  expect(recording).toMatchObject({ state: 'complete', mediaName: `${one.id}-1.wav` });
  expect([startTime, endTime]).toEqual([wireTime(recording.startTime), wireTime(recording.endTime ?? new Date(0))]);
  expect(media.list()).toMatchObject([{ name: `${one.id}-1.wav`, contentType: 'audio/wav' }]);
});

it('contains both directions: two tones at their times', async () => {
  const { call: one, tap } = call({ recordingEnabled: true });
  one.answered();
  const tone = (hertz: number, from: number): Uint8Array =>
    encodeG711(
      'PCMU',
      Int16Array.from({ length: 160 }, (_, i) => 8_000 * Math.sin((2 * Math.PI * hertz * (from + i)) / 8_000)),
    );
  const packet = { kind: 'audio', codec: 'PCMU', marker: false } as const;
  const [said, heard] = [{}, {}];
  for (let i = 0; i < 50; i++) {
    const timestamp = i * 160;
    tap()?.onReceived({ ...packet, stream: said, sequence: i, timestamp, payload: tone(400, timestamp) });
    if (i >= 25) tap()?.onSent({ ...packet, stream: heard, sequence: i, timestamp, payload: tone(1_000, timestamp) });
  }
  one.hangUp();
  await event();
  const wav = new WaveFile(await readFile(media.get(`${one.id}-1.wav`).path));
  const samples = Int16Array.from(wav.getSamples(false, Int16Array));
  /** Returns the level of the frequency in these 250 ms. */
  const level = (hertz: number, from: number): number => {
    let [re, im] = [0, 0];
    for (let i = 0; i < 2_000; i++) {
      const angle = (2 * Math.PI * hertz * i) / 8_000;
      re += (samples[from + i] ?? 0) * Math.cos(angle);
      im += (samples[from + i] ?? 0) * Math.sin(angle);
    }
    return Math.hypot(re, im) / 1_000;
  };
  expect(samples.length).toBeGreaterThanOrEqual(8_000);
  // The sound starts with its first packet, and all packets came at once.
  expect(level(400, 500)).toBeCloseTo(8_000, -3);
  expect(level(1_000, 500)).toBeCloseTo(8_000, -3);
  expect(level(400, 5_000)).toBeCloseTo(8_000, -3);
  expect(level(1_000, 5_000)).toBeLessThan(100);
  expect(level(700, 500)).toBeLessThan(100);
});

it('starts and stops by updates: several recordings of one call', async () => {
  const { call: one, recorded } = call();
  one.setRecording({ recordingEnabled: true }); // not up yet
  expect(recorded()).toBe(false);
  one.answered();
  expect(recorded()).toBe(true);
  one.setRecording({ recordingEnabled: true });
  expect(recordings.ofCall(one.id)).toHaveLength(1);
  one.setRecording({ recordingEnabled: false });
  one.setRecording({ recordingEnabled: true }); // before the first is on the disk
  one.setRecording({ recordingEnabled: false });
  await event(2);
  one.setRecording({ recordingMaxDuration: 5 });
  expect(recorded()).toBe(false);
  expect(recordings.ofCall(one.id).map(({ mediaName, state }) => [mediaName, state])).toEqual([
    [`${one.id}-1.wav`, 'complete'],
    [`${one.id}-2.wav`, 'complete'],
  ]);
  one.hangUp();
  expect(types().filter((type) => type === 'recording')).toHaveLength(2);
});

it('ends after its maximum duration, without a new one', async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
  const { call: one, recorded } = call({ recordingEnabled: true, recordingMaxDuration: 100 });
  one.answered();
  one.setRecording({ recordingMaxDuration: 2 });
  jest.advanceTimersByTime(2_000);
  expect(recorded()).toBe(false);
  jest.useRealTimers();
  expect(await event()).toMatchObject({ state: 'complete' });
  expect(media.get(`${one.id}-1.wav`).contentLength).toBe(44 + 32_000);
  expect(recorded()).toBe(false);
  one.setRecording({ recordingEnabled: true });
  expect(recorded()).toBe(true);
});

it('an unanswered call has no recording', () => {
  const { call: one } = call({ recordingEnabled: true });
  one.hangUp();
  expect([recordings.list(), types()]).toEqual([[], ['hangup']]);
});

it('a disk error ends the recording, but not the call', async () => {
  await rm(folder, { recursive: true });
  const { call: one } = call({ recordingEnabled: true });
  one.answered();
  expect(await event()).toMatchObject({ state: 'error', status: 'error' });
  expect(one.state).toBe('active');
  const [recording] = recordings.list();
  expect(recording).toMatchObject({ state: 'error' });
  expect(media.list()).toEqual([]);
  expect(errors.list()).toMatchObject([
    { code: 'recording-failed', details: [{ value: one.id }, { value: recording?.id }, { name: 'reason' }] },
  ]);
  expect(failures).toBe(1);
  await start();
});

it('keeps a limited number, and deletes the oldest with their files', async () => {
  await rm(folder, { recursive: true });
  await start({ max: 2, ageMs: 60_000 });
  const ids: string[] = [];
  for (let n = 1; n <= 3; n++) {
    const { call: one } = call({ recordingEnabled: true });
    one.answered();
    one.hangUp();
    ids.push((await event(n))['recordingId'] ?? '');
  }
  expect(recordings.list().map(({ id }) => id)).toEqual([ids[2], ids[1]]);
  expect(() => recordings.get(ids[0] ?? '')).toThrow(`The recording ${ids[0]} was not found`);
  expect(media.list()).toHaveLength(2);
  await recordings.close();
  expect(await readdir(folder)).toHaveLength(2);
});

it('at the end of the platform current recordings become complete files, without an event', async () => {
  const { call: one } = call({ recordingEnabled: true });
  one.answered();
  await recordings.close();
  expect(media.list()).toHaveLength(1);
  expect(types()).toEqual(['answer']);
  one.setRecording({ recordingEnabled: true });
  expect(recordings.list()).toHaveLength(1);
});
