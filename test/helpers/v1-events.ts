/** Events as the v1 platform sends them. */
import type { AnswerEvent, HangupEvent, IncomingCallEvent } from '../../src/v1-wire/events';
import { CALLER, ENDPOINT, PSTN } from './builders';

/** The phone dials the PSTN. */
export function incomingCallBody(over: Partial<IncomingCallEvent> = {}): IncomingCallEvent {
  return { eventType: 'incomingcall', callId: CALLER, from: ENDPOINT, to: PSTN, ...over };
}

export function answerBody(callId: string, over: Partial<AnswerEvent> = {}): AnswerEvent {
  return { eventType: 'answer', callId, ...over };
}

export function hangupBody(callId: string, over: Partial<HangupEvent> = {}): HangupEvent {
  return { eventType: 'hangup', callId, cause: 'NORMAL_CLEARING', ...over };
}
