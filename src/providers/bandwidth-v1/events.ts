/** The callbacks of v1 as call events. */
import type { EndCause } from '../../calls/causes';
import type { CallEvent } from '../../calls/events';
import { cutCode } from '../../support/codes';
import type { HangupCause, HangupDetail, HangupEvent, VoiceEvent } from '../../v1-wire/events';
import { eventKey } from './event-key';

const END_CAUSES: ReadonlyMap<string, EndCause> = new Map<HangupCause, EndCause>([
  ['NORMAL_CLEARING', 'normal'],
  ['ORIGINATOR_CANCEL', 'cancelled'],
  ['USER_BUSY', 'busy'],
  ['CALL_REJECTED', 'rejected'],
  ['UNALLOCATED_NUMBER', 'unallocated'],
  ['NO_ANSWER', 'no-answer'],
  ['NORMAL_TEMPORARY_FAILURE', 'failed'],
]);

/** What a detail says beyond the cause. */
const DETAILS: ReadonlyMap<string, EndCause> = new Map<HangupDetail, EndCause>([
  ['media-lost', 'lost'],
  ['phone-lost', 'lost'],
  ['platform-stopped', 'stopped'],
]);

export function toCallEvent(event: VoiceEvent): CallEvent {
  const { callId, tag: correlation } = event;
  const base = { callId, key: eventKey(event), ...(correlation !== undefined && { correlation }) };
  switch (event.eventType) {
    case 'incomingcall': {
      const { from, to, privacy } = event;
      return { ...base, type: 'offered', from, to, ...(privacy === 'id' && { privacy }) };
    }
    case 'answer':
      return { ...base, type: 'answered', from: event.from, to: event.to };
    case 'hangup':
      return { ...base, type: 'ended', ...causeOf(event), from: event.from, to: event.to };
    case 'timeout':
      return { ...base, type: 'ended', cause: 'no-answer', raw: 'NO_ANSWER', from: event.from, to: event.to };
    case 'speak':
      return { ...base, type: 'speech', state: speechState(event) };
    case 'playback':
      return { ...base, type: 'playback', state: event.status === 'done' ? 'done' : 'started' };
    case 'dtmf':
      return { ...base, type: 'digit', digit: event.dtmfDigit ?? '' };
    case 'gather':
      return { ...base, type: 'gathered', digits: event.digits ?? '' };
    case 'recording':
      return { ...base, type: 'recording', state: cutCode(event.state ?? event.status ?? 'unknown') };
  }
}

/** A hangup without a cause is taken for a party's. A cause that v1 does not document is a failure of the platform. */
function causeOf({ cause, causeDetail }: HangupEvent): { cause: EndCause; raw: string } {
  const raw = cutCode(cause ?? 'unknown');
  const detailed = DETAILS.get(causeDetail ?? '');
  return { cause: detailed ?? (cause === undefined ? 'normal' : (END_CAUSES.get(cause) ?? 'failed')), raw };
}

/** Some platforms say `state: PLAYBACK_STOP` and no status. */
function speechState({
  status,
  state,
  outcome,
}: Extract<VoiceEvent, { eventType: 'speak' }>): 'started' | 'done' | 'failed' {
  const isDone = status === 'done' || (status === undefined && state === 'PLAYBACK_STOP');
  if (!isDone) return 'started';
  return outcome === 'failed' ? 'failed' : 'done';
}
