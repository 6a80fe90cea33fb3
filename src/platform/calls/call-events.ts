import type { VoiceEventType } from '../../v1-wire/events';
import { newId } from '../../support/ids';
import { wireTime } from '../../v1-wire/times';
import type { CallbackTarget, CallEvent, EventQueue } from './delivery';

/** Fields of an event. Undefined ones are omitted. */
export type EventFields = Record<string, string | undefined>;

export interface CallEvents {
  /** Oldest first. */
  readonly sent: readonly CallEvent[];
  /**
   * Sends an event after the earlier ones of the call.
   * @returns (resolves) whether the event was delivered
   */
  send(name: VoiceEventType, fields: EventFields, target: CallbackTarget | undefined): Promise<boolean>;
  /** Resolves when all events so far are delivered or have failed. */
  settled(): Promise<void>;
}

/** Limits the events of looped announcements. Removes the oldest. */
const MAX_EVENTS = 1_000;

/** Stores the events of one call for `GET /calls/{id}/events`. */
export function createCallEvents(callId: string, callUri: string, queue: EventQueue): CallEvents {
  const sent: CallEvent[] = [];
  return {
    sent,
    send(name, more, target) {
      const [id, now] = [newId('event'), new Date()];
      const time = now.toISOString();
      const fields = defined({ eventType: name, callId, callUri, time: wireTime(now), eventId: id, ...more });
      const event: CallEvent = { id, callId, time, name, fields, outcome: 'pending', attempts: [] };
      sent.push(event);
      if (sent.length > MAX_EVENTS) sent.shift();
      return queue.send(event, target);
    },
    settled: () => queue.settled(),
  };
}

function defined(fields: EventFields): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined),
  );
}
