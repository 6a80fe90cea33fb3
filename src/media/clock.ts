/** The one ticker behind everything that sends at a steady pace. */

export interface Clock {
  /**
   * Calls `tick` every 20 ms until the returned function is called. Self-correcting: after a stall the ticks that were
   * missed are made up for, so that a second has fifty; after more than a second (the machine slept) they are not.
   * `tick` may end itself and begin others. One that throws is not called again.
   * @param failed gets what it threw
   */
  everyPacket(tick: () => void, failed: (error: unknown) => void): () => void;
  close(): void;
}

const PERIOD_MS = 20;
/** Subscribers are spread over so many slots of a period: hundreds of packets in one burst would be late and get lost. */
const SLOTS = 4;
const SLOT_MS = PERIOD_MS / SLOTS;
const MOST_TO_MAKE_UP = 1_000 / SLOT_MS;
/** Timers count in whole ms: what is nearly due is done, rather than slept for once more. */
const NEARLY_MS = 0.5;

interface Subscriber {
  tick: () => void;
  failed: (error: unknown) => void;
  /** The first slot time that is its own: it has no share in what was missed before it came. */
  from: number;
}

export function createClock(): Clock {
  const start = performance.now();
  const slots = Array.from({ length: SLOTS }, () => new Set<Subscriber>());
  // Slot time n is at start + n * SLOT_MS and belongs to slots[n % SLOTS].
  let next = 0;
  let timer: NodeJS.Timeout | undefined;
  let running = false;
  let closed = false;

  const slotAt = (n: number): Set<Subscriber> => slots[n % SLOTS]!;
  const slotTime = (): number => (performance.now() + NEARLY_MS - start) / SLOT_MS;

  const run = (): void => {
    timer = undefined;
    running = true;
    const due = Math.floor(slotTime());
    next = Math.max(next, due - MOST_TO_MAKE_UP);
    for (; next <= due; next += 1) {
      const slot = slotAt(next);
      for (const subscriber of slot) if (subscriber.from <= next) tickOne(slot, subscriber);
    }
    running = false;
    sleep();
  };

  const tickOne = (slot: Set<Subscriber>, subscriber: Subscriber): void => {
    try {
      subscriber.tick();
    } catch (error) {
      slot.delete(subscriber);
      subscriber.failed(error);
    }
  };

  /** Until the next slot that somebody is in. */
  const sleep = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (closed) return;
    for (let ahead = 0; ahead < SLOTS; ahead += 1) {
      if (slotAt(next + ahead).size === 0) continue;
      const at = start + (next + ahead) * SLOT_MS;
      // eslint-disable-next-line tandem/guarded-callbacks -- each subscriber is guarded on its own: see tickOne
      timer = setTimeout(run, Math.max(1, at - performance.now()));
      return;
    }
  };

  return {
    everyPacket(tick, failed) {
      if (closed) return () => undefined;
      const now = Math.ceil(slotTime());
      const idle = slots.every((slot) => slot.size === 0);
      if (idle && !running) next = Math.max(next, now);
      const slot = slots.reduce((least, each) => (each.size < least.size ? each : least));
      const subscriber = { tick, failed, from: Math.max(next + 1, now) };
      slot.add(subscriber);
      if (!running) sleep();
      return () => {
        if (slot.delete(subscriber) && !running) sleep();
      };
    },
    close() {
      closed = true;
      for (const slot of slots) slot.clear();
      clearTimeout(timer);
    },
  };
}
