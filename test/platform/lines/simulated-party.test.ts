/** The sound of simulated far ends, with lines, a fake clock and a player of packets. */
import { strictErrors } from '../../helpers/strict-errors';
import { DEFAULT_TIMING, subscriberBehaviour } from '../../../src/platform/lines/behaviour';
import { createFarEnds } from '../../../src/platform/lines/far-ends';
import type { Playback } from '../../../src/media/playback';
import type { Line } from '../../../src/platform/lines/line';
import { SimulatedLine } from '../../../src/platform/lines/simulated-line';
import { DEFAULT_SOUND } from '../../../src/platform/lines/simulated-party';
import type { Packet, PacketSink, Party } from '../../../src/media/audio';
import type { CreatePlayer } from '../../../src/media/player';
import { createTimers, type Timers } from '../../../src/support/timers';
import { quietListener } from './listeners';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const GREETING_MS = 100;
const sentence: Playback = { kind: 'speak', content: 'Welcome', loop: false, volume: 0 };

const packet = (stream: object, sequence: number, more: Partial<Packet> = {}): Packet => ({
  kind: 'audio',
  codec: 'PCMU',
  payload: Uint8Array.of(sequence),
  stream,
  sequence,
  timestamp: sequence * 160,
  marker: false,
  ...more,
});

/** Plays one packet at the start, and is done after 100 ms. */
function players(timers: Timers) {
  const played: Playback[] = [];
  const create: CreatePlayer = (listener, hear) => {
    let cancel = (): void => undefined;
    return {
      play(playback) {
        played.push(playback);
        hear(packet({}, 99));
        cancel = timers.after(GREETING_MS, () => listener.playDone(playback));
      },
      stop: () => cancel(),
      abandon: () => cancel(),
    };
  };
  return { create, played };
}

/** A real phone that records what it hears. */
function phone() {
  const heard: Packet[] = [];
  const party: Party = { write: (one) => void heard.push(one), pipeTo: () => undefined, tap: () => undefined };
  const line = { party } as Line;
  return { heard, line };
}

function up() {
  const timers = createTimers();
  const farEnds = createFarEnds({ max: 10, ageMs: 1000 });
  const to = '+15552223333';
  const farEnd = farEnds.open({ kind: 'pstn', party: to, direction: 'out', from: '+1555444333', to });
  const { create: createPlayer, played } = players(timers);
  const line = new SimulatedLine(farEnd, {
    internalErrors: strictErrors,
    timers,
    farEnds,
    timing: DEFAULT_TIMING,
    createPlayer,
    sound: DEFAULT_SOUND,
  });
  line.receive(subscriberBehaviour(to, DEFAULT_TIMING), quietListener());
  jest.advanceTimersByTime(1_000);
  const hear: PacketSink = (one) => line.party?.write(one);
  return { line, played, hear, farEnd };
}

/** A line that is up and connected, after the greeting. */
function greeted() {
  const made = up();
  const listener = phone();
  made.line.connect(listener.line);
  jest.advanceTimersByTime(GREETING_MS);
  listener.heard.length = 0;
  return { ...made, listener };
}

it('greets once it has a listener', () => {
  const { line, played } = up();
  expect(played).toEqual([]);
  const { line: other, heard } = phone();
  line.connect(other);
  expect(played).toMatchObject([{ kind: 'speak', content: DEFAULT_SOUND.greeting }]);
  expect(heard.map(({ sequence }) => sequence)).toEqual([99]);
  jest.advanceTimersByTime(GREETING_MS);
  line.connect(undefined);
  line.connect(other);
  expect(played).toHaveLength(1);
});

it('repeats an interrupted greeting, and echoes only after the greeting', () => {
  const { line, played, hear } = up();
  const { line: other, heard } = phone();
  line.connect(other);
  hear(packet({}, 1));
  line.connect(undefined);
  jest.advanceTimersByTime(1_000);
  line.connect(other);
  jest.advanceTimersByTime(1_000);
  expect(played).toHaveLength(2);
  expect(heard.map(({ sequence }) => sequence)).toEqual([99, 99]);
});

it('echoes each stream 300 ms later as a separate stream', () => {
  const { hear, listener } = greeted();
  const [one, two] = [{}, {}];
  for (const sent of [packet(one, 1), packet(two, 7), packet(one, 2, { codec: 'PCMA' })]) hear(sent);
  jest.advanceTimersByTime(299);
  expect(listener.heard).toEqual([]);
  jest.advanceTimersByTime(1);
  expect(listener.heard.map(({ sequence, timestamp, codec }) => [sequence, timestamp, codec])).toEqual([
    [1, 160, 'PCMU'],
    [7, 1120, 'PCMU'],
    [2, 320, 'PCMA'],
  ]);
  const [first, second, third] = listener.heard.map(({ stream }) => stream);
  expect(first).toBe(third);
  expect(new Set([first, second, one, two]).size).toBe(4);
});

it('does not echo into a line that was disconnected or has ended in the meantime', () => {
  const { line, hear, listener } = greeted();
  hear(packet({}, 1));
  line.connect(undefined);
  line.connect(listener.line);
  jest.advanceTimersByTime(1_000);
  hear(packet({}, 2));
  line.hangUp('NORMAL_CLEARING');
  hear(packet({}, 3));
  jest.advanceTimersByTime(1_000);
  expect(listener.heard).toEqual([]);
});

it('records each key once, and does not echo it', () => {
  const { hear, listener, farEnd } = greeted();
  const stream = {};
  const event = (sequence: number, payload: number[], timestamp: number): Packet =>
    packet(stream, sequence, { kind: 'telephone-event', payload: Uint8Array.from(payload), timestamp });
  hear(event(1, [5, 0x0a, 0, 160], 8_000));
  hear(event(2, [5, 0x0a, 1, 64], 8_000));
  for (const sequence of [3, 4, 5]) hear(event(sequence, [5, 0x8a, 1, 224], 8_000));
  hear(event(6, [11, 0x8a, 1, 224], 10_000));
  jest.advanceTimersByTime(1_000);
  expect(farEnd.history.filter(({ what }) => what === 'dtmf-received').map(({ detail }) => detail)).toEqual(['5', '#']);
  expect(listener.heard).toEqual([]);
});

it('a playback of the platform is on the tap, and is not echoed', () => {
  const { line, listener } = greeted();
  const tapped: string[] = [];
  line.party?.tap({ onReceived: () => tapped.push('said'), onSent: () => tapped.push('heard') });
  line.play(sentence);
  jest.advanceTimersByTime(1_000);
  expect(tapped).toEqual(['heard']);
  expect(listener.heard).toEqual([]);
});

it('the tap gets the sound and its echo', () => {
  const { line, hear } = greeted();
  const tapped: [string, number][] = [];
  line.party?.tap({
    onReceived: ({ sequence }) => tapped.push(['said', sequence]),
    onSent: ({ sequence }) => tapped.push(['heard', sequence]),
  });
  hear(packet({}, 1));
  jest.advanceTimersByTime(300);
  line.party?.tap(undefined);
  hear(packet({}, 2));
  jest.advanceTimersByTime(300);
  expect(tapped).toEqual([
    ['heard', 1],
    ['said', 1],
  ]);
});

describe('two of them', () => {
  it('do not speak to each other', () => {
    const [a, b] = [up(), up()];
    a.line.connect(b.line);
    b.line.connect(a.line);
    const before = jest.getTimerCount();
    jest.advanceTimersByTime(1_000);
    expect([a.played, b.played]).toEqual([[], []]);
    expect(jest.getTimerCount()).toBe(before); // nothing but the ends of the calls
  });

  it('do not echo each other’s echoes, even over other lines', () => {
    const [a, b] = [up(), up()];
    // Hidden as by a loopback: neither knows that the other is simulated.
    const through = (to: SimulatedLine): Line => {
      const hear: PacketSink = (one) => to.party?.write(one);
      const party: Party = { write: hear, pipeTo: () => undefined, tap: () => undefined };
      return { party } as Line;
    };
    const said: number[] = [];
    a.line.party?.tap({ onReceived: ({ sequence }) => said.push(sequence), onSent: () => undefined });
    a.line.connect(through(b.line));
    b.line.connect(through(a.line));
    jest.advanceTimersByTime(GREETING_MS);
    a.hear(packet({}, 1)); // a real phone joins
    jest.advanceTimersByTime(10_000);
    expect(said).toEqual([99, 1]);
  });
});

it('a line without sound has no party', () => {
  const timers = createTimers();
  const farEnds = createFarEnds({ max: 10, ageMs: 1000 });
  const to = '+15552223333';
  const farEnd = farEnds.open({ kind: 'pstn', party: to, direction: 'out', from: to, to });
  const createPlayer = players(timers).create;
  expect(
    new SimulatedLine(farEnd, { timers, farEnds, timing: DEFAULT_TIMING, createPlayer, internalErrors: strictErrors })
      .party,
  ).toBeUndefined();
});
