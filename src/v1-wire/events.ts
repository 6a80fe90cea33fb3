/**
 * The events (callbacks) of the v1 voice API: what the platform sends to `incomingCallUrl` and `callbackUrl`, as the
 * JSON body of a POST or as the query of a GET. See docs/v1-api.md.
 */
import { z } from 'zod';

const text = z.string().max(2048);
const id = z.string().min(1).max(256);
/** A query carries everything as text, and some platforms send booleans and digits as text in JSON too. */
const digits = z.union([text, z.number()]).transform(String);

/** An event is not lost for a field that it does not need: what cannot be read counts as left out. */
const extra = z
  .union([text, z.number().transform(String)])
  .optional()
  .catch(undefined);

const common = {
  callId: id,
  callUri: extra,
  time: extra,
  /** An extension of v1: the same when the event is delivered again. */
  eventId: id.optional().catch(undefined),
  tag: extra,
};
/** The `+` of a query that was not escaped arrives as a space; no number and no user name begins with one. */
const party = text.transform((value) => value.replace(/^(sips?:)? (?=\d)/i, '$1+'));
const parties = { from: party.optional().catch(undefined), to: party.optional().catch(undefined) };

const incomingCallEvent = z.object({
  eventType: z.literal('incomingcall'),
  ...common,
  /** Left out, or empty, where the caller withholds it. */
  from: party.default('anonymous'),
  to: party,
  callState: extra,
  applicationId: extra,
  /** An extension of v1: `id` where the caller withholds its identity, which `from` still names for routing. */
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
  /** Extension of the embedded platform: `failed` where nothing was spoken. */
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
  /** A type this version does not know: to be tolerated. */
  | { known: false; eventType: string }
  /** `fault` names the field and what is wrong with it. */
  | { known: undefined; fault: string };

/** Reads a callback's body or query. Unknown fields are dropped, unknown event types reported as such. */
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

/** A field that is null, or empty as in `?tag=`, counts as left out. */
function withoutEmpty(input: unknown): unknown {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return input;
  const entries = Object.entries(input);
  const given = entries.filter(([, value]) => value !== null && value !== '');
  return given.length === entries.length ? input : Object.fromEntries(given);
}

/** The first fault of a body in one line: `callId: Invalid input: expected string, received undefined`. */
export function describeFault(error: z.ZodError): string {
  const issue = error.issues[0];
  if (!issue) return 'invalid';
  const field = issue.path.join('.');
  return field ? `${field}: ${issue.message}` : issue.message;
}

/**
 * What a `hangup` event adds to the cause; an extension of v1. `media-lost`: no RTP came from the phone for too long.
 * `phone-lost`: the phone did not get, or left unanswered, a request within the call.
 * `platform-stopped`: cut by a shutdown of the platform.
 */
export type HangupDetail = 'media-lost' | 'phone-lost' | 'platform-stopped';

/** Why a call ended, as `hangup` events say it. Anything else is an internal error of the platform. */
export type HangupCause =
  | 'NORMAL_CLEARING'
  | 'ORIGINATOR_CANCEL'
  | 'USER_BUSY'
  | 'CALL_REJECTED'
  | 'UNALLOCATED_NUMBER'
  | 'NO_ANSWER'
  | 'NORMAL_TEMPORARY_FAILURE';
