import type { Packet } from '../../src/media/audio';
import { PCMU_TO_PCMA } from '../../src/media/g711';
import { parseRtp, type RtpPacket } from './support/rtp-packet';
import { createRtpSender, type RtpSender } from '../../src/media/rtp-sender';

const PCMU = { codec: 'PCMU', payloadType: 0, eventType: 101 } as const;

let out: RtpPacket[];
let reachable: boolean;
let sender: RtpSender;

beforeEach(() => {
  jest.useFakeTimers();
  out = [];
  reachable = true;
  sender = createRtpSender((packet) => {
    if (reachable) out.push(parseRtp(packet)!);
    return reachable;
  });
  sender.configure(PCMU);
});
afterEach(() => jest.useRealTimers());

function packet(stream: object, sequence: number, timestamp: number, more: Partial<Packet> = {}): Packet {
  const payload = new Uint8Array(160).fill(0x70);
  return { kind: 'audio', codec: 'PCMU', payload, stream, sequence, timestamp, marker: false, ...more };
}

/** Checks, 100 ms apart, without audio in between. */
function quiet(checks: number): void {
  for (let i = 0; i < checks; i += 1) {
    jest.advanceTimersByTime(100);
    sender.fill();
  }
}

/** Differences to the first packet. */
const course = (packets = out): [sequence: number, timestamp: number][] =>
  packets.map(({ sequence, timestamp }) => [
    (sequence - packets[0]!.sequence) & 0xffff,
    (timestamp - packets[0]!.timestamp) >>> 0,
  ]);

describe('one stream', () => {
  it('keeps its gaps, order and wrap-around, with another SSRC', () => {
    const a = {};
    for (const [sequence, timestamp] of [
      [0xfffe, 0xffff_ff00],
      [0xffff, 0xffff_ffa0],
      [2, 0x0000_0180],
      [1, 0x0000_00e0],
    ] as const) {
      sender.send(packet(a, sequence, timestamp));
      jest.advanceTimersByTime(20);
    }
    expect(course()).toEqual([
      [0, 0],
      [1, 160],
      [4, 640],
      [3, 480],
    ]);
    expect(new Set(out.map(({ ssrc }) => ssrc)).size).toBe(1);
    expect(out.map(({ marker }) => marker)).toEqual([true, false, false, false]);
  });

  it('is transcoded for a far end with the other codec, without changing the packet', () => {
    sender.configure({ codec: 'PCMA', payloadType: 8, eventType: undefined });
    const said = packet({}, 1, 0, { payload: Uint8Array.of(0xff, 0x00, 0x80) });
    sender.send(said);
    expect(out[0]!.payloadType).toBe(8);
    expect([...out[0]!.payload]).toEqual([PCMU_TO_PCMA[0xff], PCMU_TO_PCMA[0x00], PCMU_TO_PCMA[0x80]]);
    expect([...said.payload]).toEqual([0xff, 0x00, 0x80]);
  });
});

describe('one stream after the other', () => {
  it('continues without a gap', () => {
    const [a, b] = [{}, {}];
    sender.send(packet(a, 100, 1_000));
    jest.advanceTimersByTime(20);
    sender.send(packet(b, 7, 900_000));
    jest.advanceTimersByTime(20);
    sender.send(packet(b, 8, 900_160));
    jest.advanceTimersByTime(20);
    sender.send(packet(a, 103, 1_480));
    expect(course()).toEqual([
      [0, 0],
      [1, 160],
      [2, 320],
      [3, 480],
    ]);
    expect(out.map(({ marker }) => marker)).toEqual([true, true, false, true]);
  });

  it('keeps the time between them in timestamps, but not in sequence numbers', () => {
    sender.send(packet({}, 100, 1_000));
    jest.advanceTimersByTime(1_000);
    sender.send(packet({}, 7, 900_000));
    expect(course()).toEqual([
      [0, 0],
      [1, 8_000],
    ]);
  });

  it('does not count unsent packets as lost', () => {
    const a = {};
    sender.send(packet(a, 1, 0));
    sender.configure(undefined);
    jest.advanceTimersByTime(20);
    expect(sender.send(packet(a, 2, 160))).toBe(false);
    sender.configure(PCMU);
    jest.advanceTimersByTime(20);
    reachable = false;
    expect(sender.send(packet(a, 3, 320))).toBe(false);
    reachable = true;
    jest.advanceTimersByTime(20);
    expect(sender.send(packet(a, 4, 480))).toBe(true);
    expect(course()).toEqual([
      [0, 0],
      [1, 480],
    ]);
  });
});

describe('telephone events', () => {
  const key = { kind: 'telephone-event', payload: Uint8Array.of(5, 0x8a, 0x03, 0x20) } as const;

  it('are relayed with the payload type of the far end, untranscoded, in sequence', () => {
    const a = {};
    sender.configure({ codec: 'PCMA', payloadType: 8, eventType: 96 });
    sender.send(packet(a, 1, 0));
    sender.send(packet(a, 2, 160, { ...key, marker: true }));
    expect(out[1]).toMatchObject({ payloadType: 96, marker: true, payload: Buffer.from(key.payload) });
    expect(course()[1]).toEqual([1, 160]);
  });

  it('are dropped if the far end does not support them', () => {
    sender.configure({ codec: 'PCMU', payloadType: 0, eventType: undefined });
    expect(sender.send(packet({}, 1, 0, key))).toBe(false);
    sender.press('5');
    expect(sender.pressing).toBe(false);
    sender.tick();
    expect(out).toEqual([]);
  });

  it('that are sent here have one timestamp per key, and audio is dropped meanwhile', () => {
    const a = {};
    sender.send(packet(a, 1, 0));
    sender.press('12');
    for (let i = 2; i < 20; i += 1) {
      jest.advanceTimersByTime(20);
      sender.tick();
      sender.send(packet(a, i, i * 160));
    }
    const keys = out.filter(({ payloadType }) => payloadType === 101);
    expect(keys.map(({ payload }) => payload[0])).toEqual([1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2]);
    expect(new Set(keys.map(({ timestamp }) => timestamp)).size).toBe(2);
    expect((keys[7]!.timestamp - keys[0]!.timestamp) >>> 0).toBe(1_280);
    expect(course().map(([sequence]) => sequence)).toEqual(out.map((_, i) => i));
    // Audio continues after the keys, with the timestamp of the current time.
    expect(out.at(-1)!.payloadType).toBe(0);
    expect(course().at(-1)![1]).toBe(18 * 160);
  });

  it('of one press have one timestamp, even with audio in between', () => {
    const [sound, keys] = [{}, {}];
    for (let i = 0; i < 6; i += 1) {
      sender.send(packet(sound, i, i * 160));
      sender.send(packet(keys, i, 900, { ...key, marker: i === 0 }));
      jest.advanceTimersByTime(20);
    }
    sender.send(packet(keys, 6, 9_000, key));
    const pressed = out.filter(({ payloadType }) => payloadType === 101);
    expect(pressed.map(({ marker }) => marker)).toEqual([true, false, false, false, false, false, false]);
    expect(new Set(pressed.slice(0, 6).map(({ timestamp }) => timestamp)).size).toBe(1);
    expect(pressed[6]!.timestamp).not.toBe(pressed[0]!.timestamp);
    expect(course().map(([sequence]) => sequence)).toEqual(out.map((_, i) => i));
  });

  it('that are sent here need the clock, and replace silence', () => {
    sender.press('1');
    expect(sender.pressing).toBe(true);
    sender.tick();
    quiet(1);
    for (let i = 0; sender.pressing; i += 1) {
      expect(i).toBeLessThan(20);
      jest.advanceTimersByTime(20);
      sender.tick();
    }
    quiet(10);
    expect(out.every(({ payloadType }) => payloadType === 101)).toBe(true);
    quiet(1);
    expect(out.at(-1)!.payloadType).toBe(0);
  });

  it('that are queued let audio pass during pauses', () => {
    sender.press('w1');
    sender.tick();
    expect(sender.send(packet({}, 1, 0))).toBe(true);
  });
});

describe('comfort', () => {
  it('begins at the first check, with one packet per second and the timestamp of the current time', () => {
    quiet(1);
    expect(out[0]).toMatchObject({ marker: true, payload: Buffer.alloc(160, 0xff) });
    quiet(9);
    expect(out).toHaveLength(1);
    quiet(11);
    expect(course()).toEqual([
      [0, 0],
      [1, 8_000],
      [2, 16_000],
    ]);
  });

  it('is silence in the far end’s codec', () => {
    sender.configure({ codec: 'PCMA', payloadType: 8, eventType: undefined });
    quiet(1);
    expect(out[0]).toMatchObject({ payloadType: 8, payload: Buffer.alloc(160, 0xd5) });
  });

  it('stops during audio, and resumes a second later', () => {
    const a = {};
    quiet(1);
    jest.advanceTimersByTime(20);
    sender.send(packet(a, 500, 77_000));
    quiet(10);
    expect(out).toHaveLength(2);
    quiet(1);
    jest.advanceTimersByTime(20);
    sender.send(packet(a, 501, 77_160)); // continues after a pause with its own numbers
    expect(course()).toEqual([
      [0, 0],
      [1, 160],
      [2, 160 + 1_100 * 8],
      [3, 160 + 1_120 * 8],
    ]);
    expect(out.map(({ marker }) => marker)).toEqual([true, true, true, true]);
  });

  it('is not sent while the far end holds the call', () => {
    sender.configure(undefined);
    quiet(20);
    expect(out).toEqual([]);
  });
});

it('drops payloads that are too large', () => {
  expect(sender.send(packet({}, 1, 0, { payload: new Uint8Array(1_489) }))).toBe(false);
  expect(out).toEqual([]);
});
