/** What tells one callback of the platform from another: v1 events carry no id. */
import { createHash } from 'node:crypto';
import type { VoiceEvent } from '../../v1-wire/events';

/** 72 bits. */
const KEY_LENGTH = 12;

/**
 * The same for every copy of a callback: made of its call, type, time, tag, its `eventId` where it has one, and the rest.
 * @returns undefined where it says no time: then two that look alike may be two (a key pressed twice)
 */
export function eventKey(event: VoiceEvent): string | undefined {
  if (event.time === undefined || isAmbiguousDigit(event)) return undefined;
  // The schema puts the fields in one order, whatever the order in which they came.
  return createHash('sha1').update(JSON.stringify(event)).digest('base64url').slice(0, KEY_LENGTH);
}

/** Times of v1 may be whole seconds, within which a key can be pressed twice. Losing a digit is worse than one too many. */
function isAmbiguousDigit({ eventType, time, ...event }: VoiceEvent): boolean {
  return eventType === 'dtmf' && !('eventId' in event && event.eventId !== undefined) && !/\.\d*[1-9]/.test(time ?? '');
}
