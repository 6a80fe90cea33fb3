/** Sends events to the webhook server, in order for each leg, with the injected faults. */
import { drawEventFaults, type Faults } from './faults';
import { createPoster, type Answer, type EventBody } from './post-event';
import { nameOf, type Leg } from './scenario';

export type { EventBody } from './post-event';

export interface Delivery {
  emit(leg: Leg, body: EventBody): void;
  /** Returns the number of pending events. */
  pending(): number;
  readonly stats: { sent: number; accepted: number; slowestMs: number; refused: number };
  close(): void;
}

export interface Undelivered {
  leg: Leg;
  eventType: string;
  answer: Answer;
}

interface DeliveryOptions {
  faults: () => Faults;
  /** Whether to repeat a failed event if there is no fallback URL. */
  retrySameUrl: boolean;
  /** Called if neither the callback URL nor its fallback accepts the event. */
  onUndeliverable: (event: Undelivered) => void;
}

/** The only event type that the platform does not have. */
export const UNKNOWN_EVENT = 'testkit-unknown-event';

export function createDelivery({ faults, retrySameUrl, onUndeliverable }: DeliveryOptions): Delivery {
  const poster = createPoster();
  const timers = new Set<NodeJS.Timeout>();
  const queues = new WeakMap<Leg, Promise<void>>();
  const stats = { sent: 0, accepted: 0, slowestMs: 0, refused: 0 };
  let pending = 0;
  let closed = false;

  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => {
        timers.delete(timer);
        resolve();
      }, ms);
      timers.add(timer);
    });

  async function post(leg: Leg, url: string, body: EventBody): Promise<Answer> {
    const startedAt = Date.now();
    stats.sent += 1;
    const answer = await poster.post({ url, method: leg.callbackMethod, body, timeoutMs: leg.callbackTimeoutMs });
    const tookMs = Date.now() - startedAt;
    stats.slowestMs = Math.max(stats.slowestMs, tookMs);
    leg.scenario.slowestAckMs = Math.max(leg.scenario.slowestAckMs, tookMs);
    return answer;
  }

  async function deliver(leg: Leg, body: EventBody, note: string): Promise<void> {
    const { scenario } = leg;
    const { journal } = scenario;
    const eventType = body['eventType'] ?? '';
    const fallback = leg.fallbackUrl ?? (retrySameUrl ? leg.callbackUrl : undefined);
    let answer: Answer | undefined;
    for (const [name, url] of Object.entries({ callbackUrl: leg.callbackUrl, fallbackUrl: fallback })) {
      if (closed) return;
      if (!url) continue;
      journal.event(`${describe(body)} ${nameOf(leg)} ${leg.id}${note}`, leg.role);
      answer = await post(leg, url, body);
      if (closed) return;
      if ('status' in answer && answer.status >= 200 && answer.status < 300) {
        stats.accepted += 1;
        if (eventType === 'incomingcall') scenario.known = true;
        return;
      }
      stats.refused += 1;
      const why = 'status' in answer ? String(answer.status) : answer.error;
      journal.truth(`${name} took no ${eventType}: ${why}`, leg.role);
      if (!scenario.closed) complain(leg, eventType, answer);
    }
    if (answer) onUndeliverable({ leg, eventType, answer });
  }

  const track = (work: Promise<void>): Promise<void> => {
    pending += 1;
    return work.finally(() => (pending -= 1));
  };

  return {
    stats,
    pending: () => pending,
    emit(leg, body) {
      const { prng, journal } = leg.scenario;
      const key = journal.nextKey(`event ${nameOf(leg)} ${describe(body)}`);
      const dice = prng.fork(key);
      const drawn = drawEventFaults(faults(), dice);
      if (drawn.size > 0) journal.draw(key, [...drawn].join(', '));
      if (!leg.callbackUrl) return;
      if (drawn.has('lost')) {
        journal.fault('lost');
        journal.truth(`${describe(body)} of ${nameOf(leg)} ${leg.id} is lost`, leg.role);
        return;
      }
      for (const kind of drawn) journal.fault(kind);
      const waitMs = drawn.has('delayed') ? dice.between(20, 300) : dice.between(0, 3);
      const note = drawn.has('delayed') ? ` [delayed ${waitMs} ms]` : '';
      if (drawn.has('reordered')) {
        const lateMs = dice.between(50, 400);
        void track(sleep(lateMs).then(() => deliver(leg, body, ` [reordered, ${lateMs} ms late]`)));
      } else {
        // A delayed event delays the later ones of its leg, as only the fault `reorder` changes the order.
        const before = queues.get(leg) ?? Promise.resolve();
        const turn = before.then(() => sleep(waitMs)).then(() => deliver(leg, body, note));
        queues.set(leg, track(turn));
      }
      if (drawn.has('duplicated')) {
        const lateMs = dice.between(0, 250);
        void track(sleep(lateMs).then(() => deliver(leg, body, ' [duplicate]')));
      }
    },
    close() {
      closed = true;
      for (const timer of timers) clearTimeout(timer);
      poster.close();
    },
  };
}

const describe = ({ eventType = '', status, cause, dtmfDigit }: EventBody): string =>
  [eventType, status ?? cause ?? dtmfDigit].filter(Boolean).join(' ');

/** Reports a failed event. Refused and broken connections are left to `watch-app.ts`, as the app may have stopped. */
function complain({ scenario: { journal } }: Leg, eventType: string, answer: Answer): void {
  const unreachable = 'error' in answer && answer.refused && !answer.cut;
  if (eventType === UNKNOWN_EVENT && !unreachable) {
    const how = 'status' in answer ? `answered with ${answer.status}` : answer.error;
    journal.violation('unknown-event-refused', `event of an unknown type: ${how}`);
  } else if ('status' in answer)
    journal.violation('event-refused', `the event ${eventType} was answered with ${answer.status}`);
  else if (answer.error === 'callbackTimeout')
    journal.violation('event-unanswered', `the event ${eventType} was not answered within its callbackTimeout`);
  else if (!answer.refused && !answer.cut)
    journal.violation('event-unanswered', `the event ${eventType}: ${answer.error}`);
}
