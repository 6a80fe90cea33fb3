import { VOICE_EVENT_TYPES, parseEvent } from '../../src/v1-wire/events';
import { ID_PREFIXES, idFromLocation, newId } from '../../src/support/ids';
import { wireBoolean, wireInteger } from '../../src/v1-wire/commands';

describe('an event', () => {
  it('of each documented type is known', () => {
    expect(VOICE_EVENT_TYPES.size).toBe(9);
    for (const eventType of VOICE_EVENT_TYPES) {
      const parsed = parseEvent({ eventType, callId: 'c-1', from: '+1', to: '+2', unknown: {} });
      expect(parsed).toEqual({ known: true, event: expect.objectContaining({ eventType, callId: 'c-1' }) });
      expect(parsed.known && parsed.event).not.toHaveProperty('unknown');
    }
  });
  it('may have its digits as numbers', () => {
    expect(parseEvent({ eventType: 'dtmf', callId: 'c', dtmfDigit: 5 })).toMatchObject({ event: { dtmfDigit: '5' } });
    expect(parseEvent({ eventType: 'gather', callId: 'c', digits: '5#' })).toMatchObject({ event: { digits: '5#' } });
  });
  it('is not lost because of an unreadable optional field', () => {
    const odd = { time: {}, callUri: [], state: [5], status: null, cause: {}, from: 7, eventId: 'x'.repeat(999) };
    for (const eventType of ['answer', 'speak', 'playback', 'dtmf', 'gather', 'recording', 'timeout', 'hangup'])
      expect(parseEvent({ eventType, callId: 'c', ...odd, dtmfDigit: {}, tag: 5 })).toEqual({
        known: true,
        event: { eventType, callId: 'c', tag: '5' },
      });
    expect(parseEvent({ eventType: 'hangup', callId: 'c', tag: ['a', 'b'], time: 1_417_219_200_000 })).toMatchObject({
      event: { time: '1417219200000' },
    });
  });
  it('that is invalid has a fault with the name of the field', () => {
    expect(parseEvent(undefined)).toEqual({ known: undefined, fault: expect.stringContaining('expected object') });
    expect(parseEvent({ eventType: 'hangup' })).toMatchObject({ fault: expect.stringMatching(/^callId: /) });
  });
});

describe('an id', () => {
  it('has its prefix, and is unique', () => {
    for (const kind of Object.keys(ID_PREFIXES) as (keyof typeof ID_PREFIXES)[]) {
      expect(newId(kind)).toMatch(new RegExp(`^${ID_PREFIXES[kind]}-[a-z2-7]{23}$`));
    }
    expect(new Set(Array.from({ length: 1_000 }, () => newId('call'))).size).toBe(1_000);
  });
  it.each([
    ['/a/b/c-1', 'c-1'],
    ['c-1#x', 'c-1'],
    ['/a/', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('of %s is %s', (l, id) => expect(idFromLocation(l)).toBe(id));
});

describe('the wire', () => {
  it('accepts booleans and numbers as JSON values and as text', () => {
    expect([true, 1, 'true', 'TRUE', 'false', false, 0].map((v) => wireBoolean.parse(v))).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
    expect([30, '30', '-4'].map((v) => wireInteger.parse(v))).toEqual([30, 30, -4]);
    for (const bad of ['yes', 2, null]) expect(wireBoolean.safeParse(bad).success).toBe(false);
    for (const bad of ['1.5', 1.5, '', '1e3', '9999999999']) expect(wireInteger.safeParse(bad).success).toBe(false);
  });
});
