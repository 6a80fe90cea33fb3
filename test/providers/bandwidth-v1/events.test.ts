import { toCallEvent } from '../../../src/providers/bandwidth-v1/events';
import { VOICE_EVENT_TYPES, parseEvent, type VoiceEvent } from '../../../src/v1-wire/events';

const callId = 'c-1';
const read = (body: object): VoiceEvent => {
  const parsed = parseEvent({ callId, ...body });
  if (!parsed.known) throw new Error('not an event of v1');
  return parsed.event;
};
const eventOf = (body: object) => toCallEvent(read(body));

describe('why a call ended', () => {
  it.each([
    ['NORMAL_CLEARING', 'normal'],
    ['ORIGINATOR_CANCEL', 'cancelled'],
    ['USER_BUSY', 'busy'],
    ['CALL_REJECTED', 'rejected'],
    ['NO_ANSWER', 'no-answer'],
    ['UNALLOCATED_NUMBER', 'unallocated'],
    ['NORMAL_TEMPORARY_FAILURE', 'failed'],
    ['SOMETHING_NEW', 'failed'],
    ['constructor', 'failed'],
    ['__proto__', 'failed'],
    ['toString', 'failed'],
  ])('%s: %s', (raw, cause) => {
    expect(eventOf({ eventType: 'hangup', cause: raw })).toMatchObject({ type: 'ended', cause, raw });
  });

  it.each([
    ['media-lost', 'lost'],
    ['phone-lost', 'lost'],
    ['platform-stopped', 'stopped'],
    ['constructor', 'normal'],
    ['SOMETHING_NEW', 'normal'],
  ])('the detail %s of a normal end: %s', (causeDetail, cause) => {
    expect(eventOf({ eventType: 'hangup', cause: 'NORMAL_CLEARING', causeDetail })).toMatchObject({ cause });
  });

  it('no cause: a party hung up', () => {
    expect(eventOf({ eventType: 'hangup' })).toMatchObject({ cause: 'normal', raw: 'unknown' });
  });

  it('a timeout: no answer', () => {
    expect(eventOf({ eventType: 'timeout' })).toMatchObject({ type: 'ended', cause: 'no-answer', raw: 'NO_ANSWER' });
  });
});

it.each([
  [{ status: 'started' }, 'started'],
  [{ status: 'done' }, 'done'],
  [{ state: 'PLAYBACK_START' }, 'started'],
  [{ state: 'PLAYBACK_STOP' }, 'done'],
  [{ status: 'done', outcome: 'failed' }, 'failed'],
])('speech %j: %s', (body, state) => {
  expect(eventOf({ eventType: 'speak', ...body })).toMatchObject({ type: 'speech', state });
});

it('every event of v1 is a call event, with the tag as its correlation', () => {
  for (const eventType of VOICE_EVENT_TYPES)
    expect(eventOf({ eventType, tag: 'f-1', to: '+15552223333' })).toMatchObject({ callId, correlation: 'f-1' });
});

describe('the key of a pressed digit', () => {
  const keyOf = (over: object) => eventOf({ eventType: 'dtmf', dtmfDigit: '5', ...over }).key;

  it.each([
    ['whole seconds and no id', { time: '2026-01-01T00:00:00Z' }],
    ['whole seconds, written with a fraction', { time: '2026-01-01T00:00:00.000Z' }],
    ['no time', {}],
  ])('none with %s: two that look alike may be two', (_, over) => expect(keyOf(over)).toBeUndefined());

  it.each([
    ['an id', { time: '2026-01-01T00:00:00Z', eventId: 'ev-1' }],
    ['a time of milliseconds', { time: '2026-01-01T00:00:00.123Z' }],
  ])('the same for each delivery with %s', (_, over) => {
    expect(keyOf(over)).toMatch(/^.{12}$/);
    expect(keyOf(over)).toBe(keyOf(over));
  });

  it('another for another id', () => {
    const time = '2026-01-01T00:00:00Z';
    expect(keyOf({ time, eventId: 'ev-1' })).not.toBe(keyOf({ time, eventId: 'ev-2' }));
  });
});
