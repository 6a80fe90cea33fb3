import fc from 'fast-check';
import { createKeyDetector, type EventPacket } from '../../src/media/key-detector';
import { printTelephoneEvent } from '../../src/media/telephone-event';
import { randomFrom } from '../helpers/random-from';

const KEYS = '0123456789*#ABCD';
const event = (hex: string): Uint8Array => Buffer.from(hex.replace(/\s/g, ''), 'hex');

describe('the key detector', () => {
  const source = {};
  let pressed: string;
  let sequence: number;
  let take: (hex: string, timestamp: number, marker?: boolean, more?: Partial<EventPacket>) => void;
  beforeEach(() => {
    pressed = '';
    sequence = 65_530;
    const detector = createKeyDetector((key) => (pressed += key));
    take = (hex, timestamp, marker = false, more = {}) => {
      sequence = (sequence + 1) & 0xffff;
      detector.take({ payload: event(hex), timestamp: timestamp >>> 0, marker, sequence, stream: source, ...more });
    };
  });
  const press = (key: number, timestamp: number): void => {
    const code = key.toString(16).padStart(2, '0');
    take(`${code} 0a 00 a0`, timestamp, true);
    take(`${code} 0a 01 40`, timestamp);
    for (let i = 0; i < 3; i += 1) take(`${code} 8a 01 e0`, timestamp);
  };

  it('reports a key once if it arrives as in RFC 4733', () => {
    take('01 0a 00 a0', 1_000, true);
    expect(pressed).toBe('1');
    take('01 0a 01 40', 1_000);
    for (let i = 0; i < 3; i += 1) take('01 8a 01 e0', 1_000);
    expect(pressed).toBe('1');
  });

  it('reports a key whose start, or end, or all packets but one were lost', () => {
    take('01 8a 01 e0', 1_000);
    take('02 0a 00 a0', 3_000, true);
    take('02 0a 01 40', 5_000, true); // the same key again: only the timestamp differs
    take('03 0a 01 40', 7_000);
    expect(pressed).toBe('1223');
  });

  it('knows all keys, and no other events', () => {
    for (let code = 0; code < 20; code += 1) take(`${code.toString(16).padStart(2, '0')} 8a 01 40`, code * 2_000);
    expect(pressed).toBe('0123456789*#ABCD');
  });

  it('ignores late packets of the previous key, and handles the wrap-around of timestamps', () => {
    take('01 0a 00 a0', 0xffff_ff00, true, { sequence: 10 });
    take('02 0a 00 a0', 0x0000_0500, true, { sequence: 14 });
    take('01 8a 01 e0', 0xffff_ff00, false, { sequence: 12 });
    take('02 0a 01 40', 0x0000_0500, false, { sequence: 15 });
    expect(pressed).toBe('12');
  });

  it('reports a key that is held for several segments once', () => {
    take('01 0a ff ff', 1_000, true);
    take('01 0a 00 a0', 1_000 + 0xffff);
    take('01 8a 01 40', 1_000 + 0xffff);
    expect(pressed).toBe('1');
    take('01 0a 00 a0', 1_000 + 0xffff + 0x0140 + 800, true);
    expect(pressed).toBe('11');
  });

  it('reports it once even if the end of a segment was lost', () => {
    take('01 0a fe 00', 1_000, true);
    take('01 0a 00 a0', 1_000 + 0xffff);
    take('01 8a 01 40', 1_000 + 0xffff);
    expect(pressed).toBe('1');
  });

  it('reports another press if the end of a long one and the marker were lost', () => {
    take('01 0a 90 00', 1_000, true);
    take('01 0a 01 40', 1_000 + 0x9000 + 4_000);
    expect(pressed).toBe('11');
  });

  it('reports the same key from a new source', () => {
    take('01 8a 01 e0', 1_000);
    take('01 8a 01 e0', 1_000, false, { stream: {} });
    expect(pressed).toBe('11');
  });

  it('ignores payloads that are too short', () => {
    take('01 8a 01', 1_000);
    expect(pressed).toBe('');
  });

  it('distinguishes keys with the same timestamp', () => {
    for (const key of [10, 0, 1, 1, 0]) press(key, 1_000);
    expect(pressed).toBe('*0110');
  });

  it('distinguishes two presses of a key with one timestamp if the end of the first was lost', () => {
    take('01 0a 00 a0', 1_000, true);
    take('01 0a 01 40', 1_000);
    take('01 0a 00 a0', 1_000, true);
    expect(pressed).toBe('11');
  });

  it('reports end packets with different timestamps once, even if the first was lost', () => {
    for (const [begin, lost] of [
      [1_000, 0],
      [3_000, 1],
      [5_000, 2],
    ] as const) {
      take('01 0a 00 a0', begin, true);
      take('01 0a 03 20', begin);
      for (let n = lost; n < 3; n += 1) take('01 8a 03 20', begin + 160 * n);
    }
    expect(pressed).toBe('111');
  });

  it('reports packets whose timestamps increase during a press once', () => {
    for (const begin of [1_000, 3_000]) {
      for (let n = 1; n <= 5; n += 1)
        take(`01 0a ${(160 * n).toString(16).padStart(4, '0')}`, begin + 160 * n, n === 1);
      for (let n = 6; n <= 8; n += 1) take('01 8a 03 20', begin + 160 * n);
    }
    expect(pressed).toBe('11');
  });

  it('distinguishes presses of a key within 40 ms, even without marker, end or start', () => {
    take('01 0a 01 40', 1_000);
    take('01 8a 01 40', 1_000);
    take('01 0a 00 a0', 1_640); // 40 ms later
    take('01 0a 01 40', 1_640);
    take('01 0a 00 a0', 2_280); // the end was lost
    take('01 8a 01 40', 2_280);
    take('01 8a 01 40', 2_920); // nothing but an end
    expect(pressed).toBe('1111');
  });

  it('reports a key once if its first packets all have the marker and it has eight end packets', () => {
    for (let i = 0; i < 3; i += 1) take('01 0a 00 a0', 1_000, true);
    for (let i = 0; i < 8; i += 1) take('01 8a 01 e0', 1_000);
    expect(pressed).toBe('1');
  });

  it('handles reordered packets within a press', () => {
    take('01 0a 00 a0', 1_000, true, { sequence: 1 });
    take('01 8a 01 e0', 1_000, false, { sequence: 4 });
    take('01 0a 01 40', 1_000, false, { sequence: 2 });
    take('01 8a 01 e0', 1_000, false, { sequence: 3 });
    expect(pressed).toBe('1');
  });

  it('reports a key of which only one late packet arrives', () => {
    take('01 0a 00 a0', 3_000, true, { sequence: 9 });
    take('02 8a 01 e0', 1_000, false, { sequence: 8 });
    take('01 8a 01 e0', 3_000, false, { sequence: 10 });
    expect(pressed).toBe('12');
  });

  it('reports a press once if the source changes meanwhile', () => {
    const other = {};
    take('01 0a 00 a0', 1_000, true);
    take('01 0a 01 40', 77_000, false, { stream: other, sequence: 7 });
    take('01 8a 01 e0', 77_000, false, { stream: other, sequence: 8 });
    expect(pressed).toBe('1');
    take('01 0a 00 a0', 88_000, true, { stream: {}, sequence: 1 });
    expect(pressed).toBe('11');
  });

  it('distinguishes presses whose sequence numbers restart', () => {
    for (const timestamp of [1_000, 3_000]) {
      for (let n = 0; n < 3; n += 1) take('01 0a 00 a0', timestamp, n === 0, { sequence: n });
      take('01 8a 00 a0', timestamp, false, { sequence: 3 });
    }
    expect(pressed).toBe('11');
  });
});

/** How real senders number the packets of a press. */
interface Style {
  timestamps: 'RFC 4733' | 'one for all' | 'new for ends' | 'running';
  markers: 'first' | 'none' | 'three';
  ends: number;
}
type Sent = EventPacket & { end: boolean; of: number };

/** The packets of the keys, including a key that is held longer than the maximum duration. */
function send(keys: string, style: Style, seed: number): Sent[] {
  const random = randomFrom(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const sent: Sent[] = [];
  const stream = {};
  let sequence = below(65_536);
  let now = below(2) === 0 ? 0xffff_ffff - below(20_000) : below(2 ** 32);
  const constant = now;
  [...keys].forEach((key, of) => {
    const code = KEYS.indexOf(key);
    const packets = 2 + below(8);
    const begin = style.timestamps === 'one for all' ? constant : now;
    const put = (duration: number, end: boolean, timestamp: number, marker: boolean): void => {
      const payload = printTelephoneEvent({ event: code, end, volume: 10, duration });
      sequence = (sequence + 1) & 0xffff;
      sent.push({ payload, timestamp: timestamp >>> 0, marker, stream, sequence, end, of });
    };
    const running = style.timestamps === 'running';
    for (let n = 1; n <= packets; n += 1) {
      const marker = style.markers === 'three' ? n <= 3 : style.markers === 'first' && n === 1;
      put(160 * n, false, running ? begin + 160 * n : begin, marker && !(running && n > 1));
    }
    for (let n = 0; n < style.ends; n += 1) {
      const own = style.timestamps === 'new for ends' || running ? 160 * n + (running ? 160 * packets : 0) : 0;
      put(160 * packets, true, begin + own, false);
    }
    const pause = 320 + below(4_000);
    now += 160 * (packets + (running || style.timestamps === 'new for ends' ? style.ends : 0)) + pause;
    sequence = (sequence + Math.floor(pause / 160)) & 0xffff; // audio between the keys
  });
  return sent;
}

/** Loses, repeats and delays packets. Enough of each press remains to distinguish it from the previous one. */
function disturb(sent: Sent[], { timestamps }: Style, seed: number): Sent[] {
  const lost = new Set<Sent>();
  const random = randomFrom(seed + 1);
  const kept = sent.filter((packet, index) => {
    if (random() >= 0.3) return true;
    const { of, end } = packet;
    const others = sent.filter((other, at) => other.of === of && at !== index && !lost.has(other));
    const isTold = others.length > 0 && others.some((other) => other.end === end);
    if (isTold) lost.add(packet);
    return !isTold;
  });
  // With one timestamp, only the order distinguishes presses of the same key.
  const isInOrder = timestamps === 'one for all';
  const delayed = kept.flatMap((packet, at) => {
    const copies =
      random() < 0.2
        ? [
            { packet, at },
            { packet, at: at + random() * 3 },
          ]
        : [{ packet, at }];
    return copies.map((copy) => (random() < 0.1 && !isInOrder ? { ...copy, at: copy.at + random() * 1.5 } : copy));
  });
  return delayed
    .sort((one, two) => (isInOrder && one.packet.of - two.packet.of) || one.at - two.at)
    .map(({ packet }) => packet);
}

it('reports exactly the pressed keys, for every numbering, with packets lost, repeated and reordered', () => {
  const style: fc.Arbitrary<Style> = fc.record({
    timestamps: fc.constantFrom('RFC 4733', 'one for all', 'new for ends', 'running'),
    markers: fc.constantFrom('first', 'none', 'three'),
    ends: fc.integer({ min: 3, max: 4 }),
  });
  const keys = fc.string({ unit: fc.constantFrom(...KEYS, '1', '1', '1'), minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(keys, style, fc.nat(), (typed, how, seed) => {
      let pressed = '';
      const detector = createKeyDetector((key) => (pressed += key));
      for (const packet of disturb(send(typed, how, seed), how, seed)) detector.take(packet);
      expect(pressed).toBe(typed);
    }),
    { numRuns: 3_000 },
  );
});
