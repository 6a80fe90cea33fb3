/** Sends events to the webhook server: in order for each leg, and otherwise exactly as badly as the faults say. */
import { Agent, request } from 'node:http';
import { drawEventFaults, type Faults } from './faults';
import type { Leg } from './scenario';

export type EventBody = Record<string, string>;

export interface Delivery {
  emit(leg: Leg, body: EventBody): void;
  /** Events that are still under way. */
  pending(): number;
  readonly stats: { sent: number; slowestMs: number; refused: number };
  close(): void;
}

interface DeliveryOptions {
  faults: Faults;
  /** ms without a reply until an event counts as failed */
  callbackTimeoutMs: number;
  /** Neither the callback URL nor its fallback would take the event. */
  onUndeliverable: (leg: Leg, body: EventBody) => void;
}

export function createDelivery({ faults, callbackTimeoutMs, onUndeliverable }: DeliveryOptions): Delivery {
  const agent = new Agent({ keepAlive: true });
  const timers = new Set<NodeJS.Timeout>();
  const queues = new WeakMap<Leg, Promise<void>>();
  const stats = { sent: 0, slowestMs: 0, refused: 0 };
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

  async function post(leg: Leg, body: EventBody): Promise<number | string> {
    const startedAt = Date.now();
    stats.sent += 1;
    const status = await postJson(agent, leg.callbackUrl, body, callbackTimeoutMs);
    const tookMs = Date.now() - startedAt;
    stats.slowestMs = Math.max(stats.slowestMs, tookMs);
    leg.scenario.slowestAckMs = Math.max(leg.scenario.slowestAckMs, tookMs);
    return status;
  }

  async function deliver(leg: Leg, body: EventBody, note: string): Promise<void> {
    const { journal } = leg.scenario;
    for (const url of ['callbackUrl', 'fallbackUrl']) {
      if (closed) return;
      journal.event(`${body['eventType'] ?? ''} ${leg.role} ${leg.id}${note}`);
      const status = await post(leg, body);
      if (closed) return;
      if (typeof status === 'number' && status >= 200 && status < 300) {
        if (body['eventType'] === 'incomingcall') leg.scenario.known = true;
        return;
      }
      stats.refused += 1;
      journal.truth(`${url} took no ${body['eventType'] ?? 'event'}: ${status}`);
      // A valid event may meet a server in trouble (5xx), but never one that calls it wrong.
      if (typeof status === 'number' && status < 500) journal.violation(`an event was refused with ${status}`);
    }
    onUndeliverable(leg, body);
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
      const type = body['eventType'] ?? '';
      const drawn = drawEventFaults(faults, prng);
      if (drawn.has('lost')) {
        journal.fault('lost');
        journal.truth(`${type} of ${leg.role} ${leg.id} is lost`);
        return;
      }
      for (const kind of drawn) journal.fault(kind);
      const waitMs = drawn.has('delayed') ? prng.between(20, 300) : prng.between(0, 3);
      const note = drawn.has('delayed') ? ` [delayed ${waitMs} ms]` : '';
      if (drawn.has('reordered')) {
        const lateMs = prng.between(50, 400);
        void track(sleep(lateMs).then(() => deliver(leg, body, ` [reordered, ${lateMs} ms late]`)));
      } else {
        // A delayed event holds up the later ones of its own leg: order is kept, unless reordering breaks it.
        const before = queues.get(leg) ?? Promise.resolve();
        const turn = before.then(() => sleep(waitMs)).then(() => deliver(leg, body, note));
        queues.set(leg, track(turn));
      }
      if (drawn.has('duplicated')) {
        const lateMs = prng.between(0, 250);
        void track(sleep(lateMs).then(() => deliver(leg, body, ' [duplicate]')));
      }
    },
    close() {
      closed = true;
      for (const timer of timers) clearTimeout(timer);
      agent.destroy();
    },
  };
}

/** The status, or what went wrong on the way. */
function postJson(agent: Agent, url: string, body: EventBody, timeoutMs: number): Promise<number | string> {
  return new Promise((resolve) => {
    const payload = JSON.stringify(body);
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(payload),
      'user-agent': 'BandwidthAPI/v1',
    };
    const req = request(url, { method: 'POST', agent, headers }, (res) => {
      res.resume();
      res.on('end', () => resolve(res.statusCode ?? 0));
      res.on('error', (error) => resolve(error.message));
    });
    req.setTimeout(timeoutMs, () => req.destroy(new Error('callbackTimeout')));
    req.on('error', (error) => resolve(error.message));
    req.end(payload);
  });
}
