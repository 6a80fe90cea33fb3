/**
 * Events (callbacks) of the v1 voice API. The platform sends them to `incomingCallUrl` and `callbackUrl`, as the body of
 * a POST (JSON) or as the query of a GET. See docs/v1-api.md.
 */
import { z } from 'zod';

const text = z.string().max(2048);
const id = z.string().min(1).max(256);
/** Queries carry text only, and some platforms also send booleans and digits as text in JSON. */
const digits = z.union([text, z.number()]).transform(String);

/** An optional field. An unreadable value counts as missing, so that the event is not lost. */
const extra = z
  .union([text, z.number().transform(String)])
  .optional()
  .catch(undefined);

const common = {
  callId: id,
  callUri: extra,
  time: extra,
  /** Extension of v1: identical in a repeated delivery of the event. */
  eventId: id.optional().catch(undefined),
  tag: extra,
};
/** Restores an unescaped `+` of a query, which arrives as a space. No number and no user name begins with a space. */
const party = text.transform((value) => value.replace(/^(sips?:)? (?=\d)/i, '$1+'));
const parties = { from: party.optional().catch(undefined), to: party.optional().catch(undefined) };

const incomingCallEvent = z.object({
  eventType: z.literal('incomingcall'),
  ...common,
  /** Missing or empty if the caller withholds it. */
  from: party.default('anonymous'),
  to: party,
  callState: extra,
  applicationId: extra,
  /** Extension of v1: `id` if the caller withholds its identity. `from` still names it for routing. */
  privacy: extra,
});

const answerEvent = z.object({
  eventType: z.literal('answer'),
  ...common,
  ...parties,
  callState: extra,
});

const speakEvent = z.object({
  eventType: z.literal('speak'),
  ...common,
  /** Extension of v1: `failed` if nothing was spoken. */
  outcome: extra,
  status: extra,
  state: extra,
});

const playbackEvent = z.object({
  eventType: z.literal('playback'),
  ...common,
  status: extra,
});

const dtmfEvent = z.object({
  eventType: z.literal('dtmf'),
  ...common,
  dtmfDigit: digits.optional().catch(undefined),
});

const gatherEvent = z.object({
  eventType: z.literal('gather'),
  ...common,
  state: extra,
  reason: extra,
  digits: digits.optional().catch(undefined),
  gatherId: extra,
});

const recordingEvent = z.object({
  eventType: z.literal('recording'),
  ...common,
  recordingId: extra,
  recordingUri: extra,
  state: extra,
  status: extra,
  startTime: extra,
  endTime: extra,
});

const timeoutEvent = z.object({ eventType: z.literal('timeout'), ...common, ...parties });

const hangupEvent = z.object({
  eventType: z.literal('hangup'),
  ...common,
  ...parties,
  cause: extra,
  causeDetail: extra,
});

const voiceEvent = z.discriminatedUnion('eventType', [
  incomingCallEvent,
  answerEvent,
  speakEvent,
  playbackEvent,
  dtmfEvent,
  gatherEvent,
  recordingEvent,
  timeoutEvent,
  hangupEvent,
]);

export type IncomingCallEvent = z.infer<typeof incomingCallEvent>;
export type AnswerEvent = z.infer<typeof answerEvent>;
export type HangupEvent = z.infer<typeof hangupEvent>;
export type VoiceEvent = z.infer<typeof voiceEvent>;
export type VoiceEventType = VoiceEvent['eventType'];

export const VOICE_EVENT_TYPES: ReadonlySet<string> = new Set<VoiceEventType>([
  'incomingcall',
  'answer',
  'speak',
  'playback',
  'dtmf',
  'gather',
  'recording',
  'timeout',
  'hangup',
]);

const anyEvent = z.object({ eventType: text.min(1) });

export type ParsedEvent =
  | { known: true; event: VoiceEvent }
  /** An unknown type, which the receiver must tolerate. */
  | { known: false; eventType: string }
  /** `fault` names the invalid field and the reason. */
  | { known: undefined; fault: string };

/** Parses the body or query of a callback. Drops unknown fields. Returns `known: false` for unknown event types. */
export function parseEvent(received: unknown): ParsedEvent {
  const input = withoutEmpty(received);
  const any = anyEvent.safeParse(input);
  if (!any.success) return { known: undefined, fault: describeFault(any.error) };
  const { eventType } = any.data;
  if (!VOICE_EVENT_TYPES.has(eventType)) return { known: false, eventType };
  const parsed = voiceEvent.safeParse(input);
  return parsed.success
    ? { known: true, event: parsed.data }
    : { known: undefined, fault: describeFault(parsed.error) };
}

/** Removes fields that are null or empty, as in `?tag=`. */
function withoutEmpty(input: unknown): unknown {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return input;
  const entries = Object.entries(input);
  const given = entries.filter(([, value]) => value !== null && value !== '');
  return given.length === entries.length ? input : Object.fromEntries(given);
}

/** Formats the first fault in one line: `callId: Invalid input: expected string, received undefined`. */
export function describeFault(error: z.ZodError): string {
  const issue = error.issues[0];
  if (!issue) return 'invalid';
  const field = issue.path.join('.');
  return field ? `${field}: ${issue.message}` : issue.message;
}

/**
 * `causeDetail` of a `hangup` event; an extension of v1. `media-lost`: the phone sent no RTP for too long.
 * `phone-lost`: the phone did not receive or did not answer a request within the call.
 * `platform-stopped`: the platform shut down.
 */
export type HangupDetail = 'media-lost' | 'phone-lost' | 'platform-stopped';

/** `cause` of a `hangup` event. Any other cause is an internal error of the platform. */
export type HangupCause =
  | 'NORMAL_CLEARING'
  | 'ORIGINATOR_CANCEL'
  | 'USER_BUSY'
  | 'CALL_REJECTED'
  | 'UNALLOCATED_NUMBER'
  | 'NO_ANSWER'
  | 'NORMAL_TEMPORARY_FAILURE';
