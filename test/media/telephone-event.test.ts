import { createKeySender, parseTelephoneEvent, printTelephoneEvent } from '../../src/media/telephone-event';

const event = (hex: string): Uint8Array => Buffer.from(hex.replace(/\s/g, ''), 'hex');

it('reads and writes the payload', () => {
  const five = { event: 5, end: true, volume: 10, duration: 0x0320 };
  expect(parseTelephoneEvent(event('05 8a 03 20'))).toEqual(five);
  expect(printTelephoneEvent(five)).toEqual(Uint8Array.of(0x05, 0x8a, 0x03, 0x20));
  expect(parseTelephoneEvent(event('0b 0a 00 a0'))).toEqual({ event: 11, end: false, volume: 10, duration: 160 });
  expect(parseTelephoneEvent(event('05 8a 03'))).toBeUndefined();
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

  it('sends a key for 100 ms, three end packets, and a pause of 60 ms', () => {
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
  ])('pauses for %s', (pause, periods) => {
    const sent = steps(`${pause}1`, periods + 1);
    expect(sent.slice(0, periods).every((step) => step === undefined)).toBe(true);
    expect(sent[periods]).toBe('M 010a00a0 +0');
  });

  it('is busy until everything is sent, and ignores characters that are not keys', () => {
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
