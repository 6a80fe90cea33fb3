/** Brings events to the applications: in order per call, each once, to the fallback URL where the first one fails. */
import { redactUrl, type Logger } from '../../support/logger';
import type { VoiceEventType } from '../../v1-wire/events';
import type { ErrorLog } from '../resources/error-log';
import type { CallbackClient, CallbackOutcome } from './callback-client';

/** Where the events of a call go. */
export interface CallbackTarget {
  url: string;
  fallbackUrl?: string | undefined;
  method: 'GET' | 'POST';
  /** ms */
  timeoutMs: number;
}

export interface DeliveryAttempt {
  time: string;
  /** Without credentials. */
  url: string;
  /** HTTP status of the reply, where there was one. */
  status?: number;
  error?: string;
  durationMs: number;
}

/** An event of a call and what became of it. */
export interface CallEvent {
  readonly id: string;
  readonly callId: string;
  /** With milliseconds, for the sandbox. */
  readonly time: string;
  readonly name: VoiceEventType;
  readonly fields: Readonly<Record<string, string>>;
  /** `not-sent`: the call has no callback URL. */
  outcome: 'pending' | 'delivered' | 'failed' | 'not-sent';
  readonly attempts: DeliveryAttempt[];
}

/** The events of one call, one after the other. */
export interface EventQueue {
  /** @returns whether it was delivered; settles after every earlier event of the call */
  send(event: CallEvent, target: CallbackTarget | undefined): Promise<boolean>;
  /** Resolves when every event so far is delivered, or given up. */
  settled(): Promise<void>;
}

export interface Delivery {
  createQueue(): EventQueue;
}

export interface DeliveryDeps {
  client: CallbackClient;
  errors: ErrorLog;
  log: Logger;
}

export function createDelivery({ client, errors, log }: DeliveryDeps): Delivery {
  const attempt = async (event: CallEvent, url: string, target: CallbackTarget): Promise<boolean> => {
    const time = new Date().toISOString();
    const started = performance.now();
    const outcome = await client.send({
      url,
      method: target.method,
      fields: event.fields,
      timeoutMs: target.timeoutMs,
    });
    const result = {
      url: redactUrl(url),
      ...(outcome.status === undefined ? { error: outcome.error } : { status: outcome.status }),
      durationMs: Math.round(performance.now() - started),
    };
    event.attempts.push({ time, ...result });
    log[outcome.ok ? 'info' : 'warn'](
      { event: 'callback-sent', callId: event.callId, eventType: event.name, ok: outcome.ok, ...result },
      outcome.ok ? 'callback delivered' : 'callback not delivered',
    );
    if (!outcome.ok) recordFailure(event, result.url, outcome);
    return outcome.ok;
  };

  const recordFailure = (event: CallEvent, url: string, outcome: CallbackOutcome): void => {
    const reason = outcome.status === undefined ? outcome.error : `HTTP status ${outcome.status}`;
    errors.record({
      category: 'unavailable',
      code: 'callback-failed',
      message: `The ${event.name} event of the call ${event.callId} could not be delivered to ${url}: ${reason}`,
      details: [
        { name: 'callId', value: event.callId },
        { name: 'eventType', value: event.name },
        { name: 'url', value: url },
        { name: 'reason', value: reason },
      ],
    });
  };

  const deliver = async (event: CallEvent, target: CallbackTarget): Promise<boolean> => {
    let delivered = await attempt(event, target.url, target);
    if (!delivered && target.fallbackUrl !== undefined) delivered = await attempt(event, target.fallbackUrl, target);
    event.outcome = delivered ? 'delivered' : 'failed';
    return delivered;
  };

  return {
    createQueue() {
      let last: Promise<unknown> = Promise.resolve();
      return {
        send(event, target) {
          if (!target) {
            event.outcome = 'not-sent';
            return Promise.resolve(false);
          }
          const settled = last.then(() => deliver(event, target));
          last = settled.catch(() => undefined); // the call handles it; the next event still goes out
          return settled;
        },
        async settled() {
          await last;
        },
      };
    },
  };
}
