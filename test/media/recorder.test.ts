/** Records literal packets and reads the files with another WAV implementation. */
import { mkdtemp, open, readFile, rm, type FileHandle } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { mulaw } from 'alawmulaw';
import { WaveFile } from 'wavefile';
import type { Codec, Packet, Party, Tap } from '../../src/media/audio';
import { createRecorder, type RecorderResult } from '../../src/media/recorder';
import { createInternalErrors } from '../../src/support/internal-errors';
import { createTimers, type Timers } from '../../src/support/timers';
import { recordingLog } from '../helpers/builders';

let folder: string;
let timers: Timers;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'tandem-test-'));
  timers = createTimers();
});
afterEach(async () => {
  timers.close();
  await rm(folder, { recursive: true });
});

/** G.711 bytes of a constant level. */
const BYTE: Record<Codec, number> = { PCMU: mulaw.encodeSample(8_000), PCMA: 0x92 };
const LEVEL = mulaw.decodeSample(BYTE.PCMU);

const packet = (stream: object, sequence: number, more: Partial<Packet> = {}): Packet => ({
  kind: 'audio',
  codec: 'PCMU',
  payload: new Uint8Array(160).fill(BYTE.PCMU),
  stream,
  sequence: sequence & 0xffff,
  timestamp: (sequence * 160) >>> 0,
  marker: false,
  ...more,
});

interface Options {
  maxSeconds?: number;
  party?: undefined;
  open?: () => Promise<FileHandle>;
  now?: () => number;
}

function recording(options: Options = {}) {
  let tap: Tap | undefined;
  let ms = 5_000;
  const party: Party = { write: () => undefined, pipeTo: () => undefined, tap: (given) => (tap = given) };
  const file = path.join(folder, 'a.wav');
  const recorder = createRecorder({
    open: () => open(file, 'wx'),
    party,
    maxSeconds: 60,
    timers,
    internalErrors: createInternalErrors(recordingLog().log),
    now: () => ms,
    ...options,
  });
  return {
    recorder,
    tapped: () => tap !== undefined,
    /** ms since the beginning */
    at: (since: number) => (ms = 5_000 + since),
    said: (one: Packet) => tap?.onReceived(one),
    heard: (one: Packet) => tap?.onSent(one),
    samples: async (): Promise<Int16Array> => {
      recorder.stop();
      const result = await recorder.ended;
      const bytes = await readFile(file);
      expect(result).toMatchObject({ state: 'complete', bytes: bytes.length });
      const wav = new WaveFile(bytes);
      expect(wav.fmt).toMatchObject({ audioFormat: 1, numChannels: 1, sampleRate: 8_000, bitsPerSample: 16 });
      return Int16Array.from(wav.getSamples(false, Int16Array));
    },
  };
}

/** The runs of sound as `[first, last + 1, level]`, in ms. */
function runs(samples: Int16Array): number[][] {
  const found: number[][] = [];
  let begin = 0;
  for (let i = 1; i <= samples.length; i++) {
    if (samples[i] === samples[begin]) continue;
    if (samples[begin] !== 0) found.push([begin / 8, i / 8, samples[begin] ?? 0]);
    begin = i;
  }
  return found;
}

it('places each stream at its beginning, fills gaps with silence, and has the real length', async () => {
  const { at, said, heard, samples } = recording();
  const [caller, player] = [{}, {}];
  at(100);
  said(packet(caller, 1000));
  at(125); // jitter has no effect
  said(packet(caller, 1001));
  at(160);
  said(packet(caller, 1003)); // 1002 is lost
  at(3_000);
  heard(packet(player, 5));
  at(10_000);
  const recorded = await samples();
  expect(recorded).toHaveLength(80_000);
  expect(runs(recorded)).toEqual([
    [100, 140, LEVEL],
    [160, 180, LEVEL],
    [3_000, 3_020, LEVEL],
  ]);
});

it('mixes both directions without overflow', async () => {
  const { at, said, heard, samples } = recording();
  const [a, b] = [{}, {}];
  const loud = new Uint8Array(160).fill(mulaw.encodeSample(32_000));
  at(0);
  said(packet(a, 1));
  at(10);
  heard(packet(b, 1));
  at(1_000);
  said(packet({}, 1, { payload: loud }));
  heard(packet({}, 1, { payload: loud }));
  at(2_000);
  expect(runs(await samples())).toEqual([
    [0, 10, LEVEL],
    [10, 20, 2 * LEVEL],
    [20, 30, LEVEL],
    [1_000, 1_020, 32_767],
  ]);
});

it('reorders packets, and drops duplicates', async () => {
  const { at, said, samples } = recording();
  const stream = {};
  for (const [arrival, sequence] of [
    [0, 1],
    [40, 3],
    [50, 2],
    [51, 2],
    [60, 3],
    [400, 5],
    [700, 4], // 640 ms late
  ] as const) {
    at(arrival);
    said(packet(stream, sequence));
  }
  at(1_000);
  expect(runs(await samples())).toEqual([[0, 100, LEVEL]]);
});

it('handles the wrap-around of sequence numbers and timestamps', async () => {
  const { at, said, samples } = recording();
  const stream = {};
  at(0);
  said(packet(stream, 65_535, { timestamp: 0xffff_ff60 }));
  at(20);
  said(packet(stream, 0, { timestamp: 0 }));
  at(40);
  said(packet(stream, 1, { timestamp: 160 }));
  at(100);
  expect(runs(await samples())).toEqual([[0, 60, LEVEL]]);
});

it('restarts a stream at the current time if its timestamps jump', async () => {
  const { at, said, samples } = recording();
  const stream = {};
  at(0);
  said(packet(stream, 1));
  at(2_000);
  said(packet(stream, 2, { timestamp: 3_000_000_000 }));
  at(2_020);
  said(packet(stream, 3, { timestamp: 3_000_000_160 }));
  at(4_000);
  said(packet(stream, 4, { timestamp: 5 }));
  at(5_000);
  expect(runs(await samples())).toEqual([
    [0, 20, LEVEL],
    [2_000, 2_040, LEVEL],
    [4_000, 4_020, LEVEL],
  ]);
});

it('keeps positions over minutes, for both codecs and all packet lengths, without telephone events', async () => {
  const { at, said, heard, samples } = recording({ maxSeconds: 600 });
  const [stream, keys] = [{}, {}];
  for (let i = 0; i < 6_000; i++) {
    at(i * 30 + (i % 7));
    said(packet(stream, i, { codec: 'PCMA', payload: new Uint8Array(240).fill(BYTE.PCMA), timestamp: i * 240 }));
    heard(packet(keys, i, { kind: 'telephone-event', payload: Uint8Array.of(1, 10, 0, 160) }));
  }
  at(200_000);
  const recorded = await samples();
  expect(recorded).toHaveLength(1_600_000);
  const [[begin, end] = [], ...more] = runs(recorded);
  expect([begin, end, more]).toEqual([0, 180_000, []]);
});

it('packets that were delayed and arrive in a burst do not move later ones', async () => {
  const { at, said, samples } = recording();
  const stream = {};
  for (let i = 0; i < 500; i++) {
    at(i < 100 || i >= 250 ? i * 20 : 5_000);
    said(packet(stream, i));
  }
  at(10_000);
  const recorded = await samples();
  expect(recorded).toHaveLength(80_000);
  // Packets that are more than 1.5 s late are dropped, except the first: the stream might have restarted.
  expect(runs(recorded)).toEqual([
    [0, 2_000, LEVEL],
    [3_500, 5_000, LEVEL],
    [5_000, 5_020, 2 * LEVEL],
    [5_020, 10_000, LEVEL],
  ]);
});

it.each([
  [1, 4_000],
  [2, 4_040], // the first two could have been delayed
])(
  'a stream that paused and continues with its old timestamps, %d at once, is placed at its arrival time',
  async (n, from) => {
    const { at, said, samples } = recording();
    const stream = {};
    for (let i = 0; i < 100; i++) {
      at(i < 50 ? i * 20 : (i - (i % n)) * 20 + 3_000);
      said(packet(stream, i));
    }
    at(6_000);
    const [before, ...after] = runs(await samples());
    expect(before).toEqual([0, 1_000, LEVEL]);
    expect(after.at(-1)).toEqual([from, 5_000, LEVEL]);
  },
);

it('a stream with a fast clock is neither mixed with itself nor drifts away', async () => {
  const { at, said, samples } = recording({ maxSeconds: 600 });
  const stream = {};
  for (let i = 0; i < 10_000; i++) {
    at(i * 19);
    said(packet(stream, i));
  }
  at(190_000);
  const recorded = await samples();
  expect(new Set(recorded)).toEqual(new Set([LEVEL]));
  expect(recorded.length).toBeGreaterThanOrEqual(190_000 * 8);
  expect(recorded.length).toBeLessThan(191_600 * 8);
});

it('packets ahead of the clock extend the recording', async () => {
  const { at, said, samples } = recording();
  const stream = {};
  for (let i = 0; i < 10; i++) said(packet(stream, i)); // all at once
  at(50);
  const recorded = await samples();
  expect(recorded).toHaveLength(1_600);
  expect(runs(recorded)).toEqual([[0, 200, LEVEL]]);
});

it('a line without audio yields a silent file of the same length', async () => {
  const { at, samples } = recording({ party: undefined });
  at(1_500);
  const recorded = await samples();
  expect(recorded).toHaveLength(12_000);
  expect(runs(recorded)).toEqual([]);
});

it('records nothing after stop, which is idempotent', async () => {
  const { recorder, tapped, at } = recording();
  expect(tapped()).toBe(true);
  at(1_000);
  recorder.stop();
  expect(tapped()).toBe(false);
  recorder.stop();
  const result = await recorder.ended;
  expect(result).toMatchObject({ state: 'complete', bytes: 16_044, startTime: recorder.startTime });
  expect(result.endTime.getTime()).toBeGreaterThanOrEqual(result.startTime.getTime());
});

describe('the longest duration', () => {
  beforeEach(() => jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] }));
  afterEach(() => jest.useRealTimers());

  it('ends the recording', async () => {
    const { recorder, at, said } = recording({ maxSeconds: 2 });
    at(1_990);
    said(packet({}, 1));
    at(2_003);
    jest.advanceTimersByTime(1_999);
    let over = false;
    void recorder.ended.then(() => (over = true));
    await Promise.resolve();
    expect(over).toBe(false);
    jest.advanceTimersByTime(1);
    expect(await recorder.ended).toMatchObject({ state: 'complete', bytes: 44 + 32_000 });
  });

  it('may be changed during the recording', async () => {
    const { recorder, at } = recording({ maxSeconds: 100 });
    at(1_000);
    recorder.setMaxSeconds(3);
    jest.advanceTimersByTime(1_999);
    at(3_000);
    jest.advanceTimersByTime(1);
    expect(await recorder.ended).toMatchObject({ state: 'complete', bytes: 44 + 48_000 });
    recorder.setMaxSeconds(5); // too late
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('a disk', () => {
  const failing = (fail: Partial<Record<'write' | 'truncate', Error>>) => async (): Promise<FileHandle> => {
    const handle = await open(path.join(folder, 'b.wav'), 'wx');
    for (const method of ['write', 'truncate'] as const) {
      const error = fail[method];
      if (error) jest.spyOn(handle, method).mockRejectedValue(error);
    }
    closes = jest.spyOn(handle, 'close');
    return handle;
  };
  let closes: jest.SpyInstance | undefined;
  const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });

  it('that cannot open the file ends the recording with an error', async () => {
    const { recorder, tapped } = recording({ open: () => open(path.join(folder, 'none', 'a.wav'), 'wx') });
    expect(await recorder.ended).toMatchObject({ state: 'error', error: { code: 'ENOENT' } });
    expect(tapped()).toBe(false);
  });

  it('that is full ends the recording with an error, and the file is closed', async () => {
    const { recorder } = recording({ open: failing({ write: full }) });
    expect(await recorder.ended).toMatchObject({ state: 'error', error: full });
    expect(closes).toHaveBeenCalledTimes(1);
  });

  it('that is full after a partial write ends the recording with an error', async () => {
    const nearlyFull = async (): Promise<FileHandle> => {
      const handle = await open(path.join(folder, 'c.wav'), 'wx');
      const write = jest.spyOn(handle, 'write').mockResolvedValueOnce({ bytesWritten: 40, buffer: '' });
      write.mockRejectedValueOnce(full);
      return handle;
    };
    const { recorder } = recording({ open: nearlyFull });
    recorder.stop();
    expect(await recorder.ended).toMatchObject({ state: 'error', error: full });
  });

  it('that becomes full keeps what was written, as a complete file', async () => {
    const soonFull = async (): Promise<FileHandle> => {
      const handle = await open(path.join(folder, 'd.wav'), 'wx');
      const write = handle.write.bind(handle) as (...args: unknown[]) => Promise<unknown>;
      let size = 0;
      // A disk with room for 20,000 bytes: appending more fails, overwriting does not.
      jest.spyOn(handle, 'write').mockImplementation((async (...args: unknown[]) => {
        const [, , length = 0, position = 0] = args as [unknown, number?, number?, number?];
        if (position + length > Math.max(size, 20_000)) throw full;
        size = Math.max(size, position + length);
        return write(...args);
      }) as never);
      return handle;
    };
    const { recorder, at, said, tapped } = recording({ open: soonFull });
    const stream = {};
    for (let n = 0; n < 10_000 && tapped(); n++) {
      at(n * 20);
      said(packet(stream, n));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(tapped()).toBe(false); // the recording has ended
    const result = await recorder.ended;
    expect(result).toMatchObject({ state: 'complete', cutShortBy: full });
    const file = await readFile(path.join(folder, 'd.wav'));
    expect(result).toMatchObject({ bytes: file.length });
    expect(file.length).toBeGreaterThan(10_000);
    expect(file.length).toBeLessThanOrEqual(20_000);
    expect([file.readUInt32LE(4), file.readUInt32LE(40)]).toEqual([file.length - 8, file.length - 44]);
  });

  it('that fails at the end is an error', async () => {
    const { recorder } = recording({ open: failing({ truncate: full }) });
    recorder.stop();
    expect(await recorder.ended).toMatchObject({ state: 'error', error: full });
    expect(closes).toHaveBeenCalledTimes(1);
  });

  it('that is too slow ends the recording with an error, and memory does not grow', async () => {
    let result: RecorderResult | undefined;
    let opened = (): void => undefined;
    const slow = new Promise<void>((resolve) => (opened = resolve));
    const { recorder, at, said, tapped } = recording({
      maxSeconds: 3_600,
      open: () => slow.then(() => open(path.join(folder, 'slow.wav'), 'wx')),
    });
    void recorder.ended.then((ended) => (result = ended));
    const stream = {};
    let packets = 0;
    for (; packets < 50 * 600 && tapped(); packets++) {
      at(packets * 20);
      said(packet(stream, packets));
      if (packets % 50 === 0) await Promise.resolve();
    }
    expect(packets / 50 / 60).toBeCloseTo(4.4, 0); // minutes
    opened();
    await recorder.ended;
    expect(result).toMatchObject({ state: 'error', error: { code: 'disk-too-slow' } });
  });
});

it('ends with an error if finishing throws, so that a shutdown does not wait for it', async () => {
  let broken = false;
  const now = (): number => {
    if (broken) throw new Error('now is broken');
    return 5_000;
  };
  const { recorder } = recording({ now });
  broken = true;
  recorder.stop();
  expect(await recorder.ended).toMatchObject({ state: 'error', error: new Error('now is broken') });
});
