/** Delivers events to applications: in order for each call, once, and to the fallback URL after a failure. */
import { redactUrl, type Logger } from '../../support/logger';
import type { VoiceEventType } from '../../v1-wire/events';
import type { ErrorLog } from '../resources/error-log';
import type { CallbackClient, CallbackOutcome } from './callback-client';

/** The destination of a call's events. */
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
  /** HTTP status of the reply, if there was one. */
  status?: number;
  error?: string;
  durationMs: number;
}

/** An event of a call and the result of its delivery. */
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

/** The queue of the events of one call. */
export interface EventQueue {
  /** @returns (resolves) whether the event was delivered, after all earlier events of the call */
  send(event: CallEvent, target: CallbackTarget | undefined): Promise<boolean>;
  /** Resolves when all events so far are delivered or have failed. */
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
      message: `Cannot deliver the ${event.name} event of the call ${event.callId} to ${url}: ${reason}`,
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
          last = settled.catch(() => undefined); // the caller handles the error; the next event is still sent
          return settled;
        },
        async settled() {
          await last;
        },
      };
    },
  };
}
