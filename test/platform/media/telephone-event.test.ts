import {
  createKeyDetector,
  createKeySender,
  parseTelephoneEvent,
  printTelephoneEvent,
} from '../../../src/platform/media/telephone-event';

const event = (hex: string): Uint8Array => Buffer.from(hex.replace(/\s/g, ''), 'hex');

it('reads and writes the payload', () => {
  const five = { event: 5, end: true, volume: 10, duration: 0x0320 };
  expect(parseTelephoneEvent(event('05 8a 03 20'))).toEqual(five);
  expect(printTelephoneEvent(five)).toEqual(Uint8Array.of(0x05, 0x8a, 0x03, 0x20));
  expect(parseTelephoneEvent(event('0b 0a 00 a0'))).toEqual({ event: 11, end: false, volume: 10, duration: 160 });
  expect(parseTelephoneEvent(event('05 8a 03'))).toBeUndefined();
});

describe('the detector', () => {
  const source = {};
  let pressed: string;
  let take: (hex: string, timestamp: number, marker?: boolean, stream?: object) => void;
  beforeEach(() => {
    pressed = '';
    const detector = createKeyDetector((key) => (pressed += key));
    take = (hex, timestamp, marker = false, stream = source) => detector.take(event(hex), timestamp, marker, stream);
  });

  it('tells a key once, whole as RFC 4733 sends it', () => {
    take('01 0a 00 a0', 1_000, true);
    expect(pressed).toBe('1');
    take('01 0a 01 40', 1_000);
    for (let i = 0; i < 3; i += 1) take('01 8a 01 e0', 1_000);
    expect(pressed).toBe('1');
  });

  it('tells a key of which the start, or the end, or all but one packet was lost', () => {
    take('01 8a 01 e0', 1_000);
    take('02 0a 00 a0', 3_000, true);
    take('02 0a 01 40', 5_000, true); // the same key again: only the timestamp says so
    take('03 0a 01 40', 7_000);
    expect(pressed).toBe('1223');
  });

  it('knows all keys, and no other events', () => {
    for (let code = 0; code < 20; code += 1) take(`${code.toString(16).padStart(2, '0')} 8a 01 40`, code * 2_000);
    expect(pressed).toBe('0123456789*#ABCD');
  });

  it('is not misled by packets of the key before that come late, nor by the corner of the timestamp', () => {
    take('01 0a 00 a0', 0xffff_ff00, true);
    take('02 0a 00 a0', 0x0000_0500, true);
    take('01 8a 01 e0', 0xffff_ff00);
    expect(pressed).toBe('12');
  });

  it('takes a key that is held through several segments for one', () => {
    take('01 0a ff ff', 1_000, true);
    take('01 0a 00 a0', 1_000 + 0xffff);
    take('01 8a 01 40', 1_000 + 0xffff);
    expect(pressed).toBe('1');
    take('01 0a 00 a0', 1_000 + 0xffff + 0x0140 + 800, true);
    expect(pressed).toBe('11');
  });

  it('takes it for one where the end of a segment was lost', () => {
    take('01 0a fe 00', 1_000, true);
    take('01 0a 00 a0', 1_000 + 0xffff);
    take('01 8a 01 40', 1_000 + 0xffff);
    expect(pressed).toBe('1');
  });

  it('takes a key for another where both the end and the mark of a long one were lost', () => {
    take('01 0a 90 00', 1_000, true);
    take('01 0a 01 40', 1_000 + 0x9000 + 4_000);
    expect(pressed).toBe('11');
  });

  it('begins anew with a new source', () => {
    take('01 8a 01 e0', 1_000);
    take('01 8a 01 e0', 1_000, false, {});
    expect(pressed).toBe('11');
  });

  it('passes over what is too short', () => {
    take('01 8a 01', 1_000);
    expect(pressed).toBe('');
  });
});

describe('the sender', () => {
  const steps = (digits: string, count: number): (string | undefined)[] => {
    const keys = createKeySender();
    keys.press(digits);
    return Array.from({ length: count }, () => {
      const step = keys.step();
      return step && `${step.marker ? 'M ' : ''}${Buffer.from(step.payload).toString('hex')} +${step.sincePress}`;
    });
  };

  it('holds a key for 100 ms, says three times that it ended, and pauses for 60', () => {
    expect(steps('5#', 9)).toEqual([
      'M 050a00a0 +0',
      '050a0140 +160',
      '050a01e0 +320',
      '050a0280 +480',
      '058a0320 +640',
      '058a0320 +800',
      '058a0320 +960',
      undefined,
      'M 0b0a00a0 +0',
    ]);
  });

  it.each([
    [',', 25],
    ['w', 25],
    ['W', 50],
    ['w,', 50],
  ])('pauses where it says %s', (pause, periods) => {
    const sent = steps(`${pause}1`, periods + 1);
    expect(sent.slice(0, periods).every((step) => step === undefined)).toBe(true);
    expect(sent[periods]).toBe('M 010a00a0 +0');
  });

  it('is busy until all is sent, and passes over what is no key', () => {
    const keys = createKeySender();
    expect(keys.busy).toBe(false);
    keys.press('x1 ');
    expect([keys.busy, keys.pressing]).toEqual([true, false]);
    keys.step();
    expect(keys.pressing).toBe(true);
    for (let i = 0; i < 7; i += 1) keys.step();
    expect([keys.busy, keys.pressing]).toEqual([false, false]);
    expect(keys.step()).toBeUndefined();
    keys.press('12');
    keys.step();
    keys.clear();
    expect([keys.busy, keys.pressing]).toEqual([false, false]);
  });
});
