/** The contracts of lines/line.ts and media/player.ts, with a clock that the test advances. */
import { strictErrors } from '../../helpers/strict-errors';
import type { Playback } from '../../../src/media/playback';
import type { Packet } from '../../../src/media/audio';
import { audioPlayers } from '../../../src/media/audio-player';
import { decodeG711 } from '../../../src/media/g711';
import { SoundError } from '../../../src/media/create-sounds';
import { silentLog } from '../../helpers/silent-log';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

/** Samples that stay distinct in µ-law: 0, 1, 2 … times 132. */
const ramp = (length: number): Int16Array => Int16Array.from({ length }, (_, i) => (i % 200) * 132);

const playback = (content: string, fields: Partial<Playback> = {}): Playback => ({
  kind: 'playback',
  content,
  loop: false,
  volume: 0,
  ...fields,
});

function world() {
  const ticks = new Set<() => void>();
  const loads = new Map<string, { resolve(samples: Int16Array): void; reject(error: Error): void }>();
  const createPlayer = audioPlayers({
    clock: {
      everyPacket(tick) {
        ticks.add(tick);
        return () => ticks.delete(tick);
      },
      close: () => ticks.clear(),
    },
    sounds: {
      load: ({ content }, signal) => {
        signal?.addEventListener('abort', () => unwanted.push(content));
        return new Promise((resolve, reject) => loads.set(content, { resolve, reject }));
      },
    },
    log: silentLog,
  });
  const told: string[] = [];
  const unwanted: string[] = [];
  const heard: Packet[] = [];
  const reactions = new Map<string, () => void>();
  const tell = (what: string, { content }: Playback): void => {
    told.push(`${what} ${content}`);
    reactions.get(`${what} ${content}`)?.();
  };
  const player = createPlayer(
    {
      playStarted: (each) => tell('started', each),
      playDone: (each) => tell('done', each),
      playFailed: (each, reason) => tell(`failed (${reason})`, each),
    },
    (packet) => heard.push(packet),
    strictErrors,
  );
  return {
    player,
    createPlayer,
    told,
    unwanted,
    heard,
    reactions,
    ticking: () => ticks.size,
    tick(times = 1): void {
      for (let i = 0; i < times; i += 1) for (const tick of [...ticks]) tick();
    },
    async load(content: string, samples = ramp(480)): Promise<void> {
      loads.get(content)?.resolve(samples);
      await settled();
    },
    async fail(content: string): Promise<void> {
      loads.get(content)?.reject(new SoundError('file-not-found', 'gone'));
      await settled();
    },
  };
}

let w: ReturnType<typeof world>;
beforeEach(() => {
  w = world();
});

it('reports the start with the first packet, and the end after the last packet’s time', async () => {
  w.player.play(playback('a'));
  await w.load('a');
  expect(w.told).toEqual([]);
  w.tick();
  expect(w.told).toEqual(['started a']);
  w.tick(2);
  expect(w.heard).toHaveLength(3);
  expect(w.told).toEqual(['started a']);
  w.tick();
  expect(w.told).toEqual(['started a', 'done a']);
  expect(w.heard).toHaveLength(3);
  expect(w.ticking()).toBe(0);
});

it('sends packets of 160 samples with sequence numbers, timestamps, and a marker at the beginning', async () => {
  w.player.play(playback('a'));
  await w.load('a', ramp(400));
  w.tick(4);
  expect(w.heard.map(({ sequence, timestamp, marker }) => [sequence, timestamp, marker])).toEqual([
    [0, 0, true],
    [1, 160, false],
    [2, 320, false],
  ]);
  expect(
    w.heard.every(({ kind, codec, payload }) => kind === 'audio' && codec === 'PCMU' && payload.length === 160),
  ).toBe(true);
  expect(new Set(w.heard.map(({ stream }) => stream)).size).toBe(1);
  const sound = w.heard.flatMap(({ payload }) => Array.from(decodeG711('PCMU', payload)));
  ramp(400).forEach((sample, i) => expect(Math.abs(sample - (sound[i] ?? 0))).toBeLessThan(600));
  expect(sound.slice(400)).toEqual(Array.from({ length: 80 }, () => 0)); // padded with silence
});

it('loops without a gap until it is stopped', async () => {
  const samples = ramp(200);
  w.player.play(playback('a', { loop: true }));
  await w.load('a', samples);
  w.tick(50);
  const sound = w.heard.flatMap(({ payload }) => Array.from(payload));
  expect(sound).toHaveLength(8_000);
  sound.forEach((byte, i) => expect(byte).toBe(sound[i % 200]));
  expect(new Set(sound).size).toBeGreaterThan(50);
  expect(w.told).toEqual(['started a']);
  w.player.stop();
  await settled();
  expect(w.told).toEqual(['started a', 'done a']);
});

it('MUST NOT call the listener synchronously', async () => {
  w.player.play(playback('a'));
  await w.load('a');
  w.tick();
  w.player.stop();
  expect(w.told).toEqual(['started a']);
  await settled();
  expect(w.told).toEqual(['started a', 'done a']);
  w.player.stop();
  await settled();
  expect(w.told).toHaveLength(2);
  expect(w.ticking()).toBe(0);
});

it('reports the end of the replaced playback first, even if the clock is faster', async () => {
  w.player.play(playback('a'));
  await w.load('a');
  w.tick();
  w.player.play(playback('b'));
  await w.load('b');
  w.tick();
  expect(w.told).toEqual(['started a', 'done a', 'started b']);
  const [first, second] = w.heard;
  expect(first?.stream).not.toBe(second?.stream);
  expect(second).toMatchObject({ sequence: 0, timestamp: 0, marker: true });
});

it('reports a playback that is stopped or replaced while it loads as started and done', async () => {
  w.player.play(playback('a'));
  w.player.play(playback('b'));
  w.player.stop();
  expect(w.told).toEqual([]);
  await w.load('b');
  await w.fail('a');
  w.tick();
  expect(w.told).toEqual(['started a', 'done a', 'started b', 'done b']);
  expect(w.heard).toEqual([]);
});

it('aborts the load of a playback that is replaced, stopped or abandoned', () => {
  w.player.play(playback('a'));
  w.player.play(playback('b'));
  expect(w.unwanted).toEqual(['a']);
  w.player.stop();
  expect(w.unwanted).toEqual(['a', 'b']);
  w.player.play(playback('c'));
  w.player.abandon();
  expect(w.unwanted).toEqual(['a', 'b', 'c']);
});

it('sends and reports nothing after abandon', async () => {
  w.player.play(playback('a'));
  await w.load('a');
  w.tick();
  w.player.stop();
  w.player.abandon();
  w.player.play(playback('b'));
  w.player.abandon();
  await w.load('b');
  await settled();
  w.tick();
  expect(w.told).toEqual(['started a']);
  expect(w.ticking()).toBe(0);
});

it('fails with a readable reason if there is no sound', async () => {
  w.player.play(playback('a'));
  await w.fail('a');
  expect(w.told).toEqual(['failed (gone) a']);
  w.player.stop();
  await settled();
  expect(w.told).toHaveLength(1);
});

it('does not report the failure of a replaced playback', async () => {
  w.player.play(playback('a'));
  w.player.play(playback('b'));
  await w.fail('a');
  await w.load('b');
  w.tick();
  expect(w.told).toEqual(['started a', 'done a', 'started b']);
});

it('accepts commands within a notification', async () => {
  w.reactions.set('done a', () => w.player.play(playback('b')));
  w.reactions.set('started b', () => w.player.stop());
  w.player.play(playback('a'));
  await w.load('a');
  w.tick(4);
  await w.load('b');
  w.tick();
  await settled();
  expect(w.told).toEqual(['started a', 'done a', 'started b', 'done b']);
  expect(w.heard).toHaveLength(4);
  expect(w.ticking()).toBe(0);
});

it.each([
  [-4, -12],
  [-1, -3],
  [0, 0],
  [2, 6],
])('plays volume %d at %d dB', async (volume, dB) => {
  w.player.play(playback('a', { volume }));
  await w.load('a', new Int16Array(160).fill(8_000));
  w.tick();
  const [sample = 0] = decodeG711('PCMU', w.heard[0]?.payload ?? new Uint8Array());
  expect(20 * Math.log10(sample / 8_000)).toBeCloseTo(dB, 0);
});

it('clips samples that are too loud, without overflow', async () => {
  w.player.play(playback('a', { volume: 4 }));
  await w.load(
    'a',
    Int16Array.from({ length: 160 }, (_, i) => (i % 2 ? 32_767 : -32_768)),
  );
  w.tick();
  const [low = 0, high = 0] = decodeG711('PCMU', w.heard[0]?.payload ?? new Uint8Array());
  expect(low).toBeLessThan(-32_000);
  expect(high).toBeGreaterThan(32_000);
});

it('encodes a sound once for all listeners at the same volume', async () => {
  const samples = ramp(480);
  const others: Packet[] = [];
  const deaf = { playStarted: () => undefined, playDone: () => undefined, playFailed: () => undefined };
  const hear = (packet: Packet): number => others.push(packet);
  w.player.play(playback('a'));
  await w.load('a', samples);
  const second = w.createPlayer(deaf, hear, strictErrors);
  second.play(playback('a'));
  await w.load('a', samples);
  const louder = w.createPlayer(deaf, hear, strictErrors);
  louder.play(playback('a', { volume: 1 }));
  await w.load('a', samples);
  w.tick();
  expect(others[0]?.payload).toBe(w.heard[0]?.payload);
  expect(others[1]?.payload).not.toBe(w.heard[0]?.payload);
});
