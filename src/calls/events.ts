/** What a provider tells about a call. Adapters make these from webhooks; nothing else of a webhook reaches a flow. */
import type { EndCause } from './causes';

interface EventBase {
  callId: string;
  /** The same for every delivery of one event; undefined where two events that look alike may be two. */
  key?: string | undefined;
  /** The session id that Tandem gave to the call when it dialled it. */
  correlation?: string | undefined;
}

/** A call came in, and waits for an answer. */
export type OfferedEvent = EventBase & {
  type: 'offered';
  from: string;
  to: string;
  /** The caller withholds its identity (RFC 3323), which `from` still names for routing. */
  privacy?: 'id' | undefined;
};
export type AnsweredEvent = EventBase & { type: 'answered'; from?: string | undefined; to?: string | undefined };
export type EndedEvent = EventBase & {
  type: 'ended';
  cause: EndCause;
  /** The provider's own word for the cause. */
  raw?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
};
export type SpeechEvent = EventBase & { type: 'speech'; state: 'started' | 'done' | 'failed' };
export type PlaybackEvent = EventBase & { type: 'playback'; state: 'started' | 'done' };
export type DigitEvent = EventBase & { type: 'digit'; digit: string };
export type GatheredEvent = EventBase & { type: 'gathered'; digits: string };
export type RecordingEvent = EventBase & { type: 'recording'; state: string };

/** A bridge was made, or has ended though the call itself goes on. */
export type BridgeEvent = EventBase & { type: 'bridged' | 'unbridged'; bridgeId?: string | undefined };

export type CallEvent =
  | OfferedEvent
  | AnsweredEvent
  | EndedEvent
  | SpeechEvent
  | PlaybackEvent
  | DigitEvent
  | GatheredEvent
  | RecordingEvent
  | BridgeEvent;
export type CallEventType = CallEvent['type'];
