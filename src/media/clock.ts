/** The common clock of all senders with a fixed packet rate. */

export interface Clock {
  /**
   * Calls `tick` every 20 ms until the returned function is called. After a stall, missed ticks are made up, so that
   * there are 50 per second. Ticks that are more than a second late, for example after the machine has slept, are
   * skipped. `tick` may cancel itself and start others. It is not called again after it throws.
   * @param failed receives the exception
   */
  everyPacket(tick: () => void, failed: (error: unknown) => void): () => void;
  close(): void;
}

const PERIOD_MS = 20;
/** Subscribers are spread over this many slots per period. A burst of hundreds of packets would be late or lost. */
const SLOTS = 4;
const SLOT_MS = PERIOD_MS / SLOTS;
const MAX_MISSED_SLOTS = 1_000 / SLOT_MS;
/** Timers have a resolution of 1 ms: a slot that is due within this time runs now instead of after another sleep. */
const EARLY_MS = 0.5;

interface Subscriber {
  tick: () => void;
  failed: (error: unknown) => void;
  /** The first slot time of this subscriber. Slots that were missed before it are not made up for it. */
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
  const slotTime = (): number => (performance.now() + EARLY_MS - start) / SLOT_MS;

  const run = (): void => {
    timer = undefined;
    running = true;
    const due = Math.floor(slotTime());
    next = Math.max(next, due - MAX_MISSED_SLOTS);
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

  /** Sleeps until the next slot with a subscriber. */
  const sleep = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (closed) return;
    for (let ahead = 0; ahead < SLOTS; ahead += 1) {
      if (slotAt(next + ahead).size === 0) continue;
      const at = start + (next + ahead) * SLOT_MS;
      // eslint-disable-next-line tandem/guarded-callbacks -- each subscriber is guarded individually: see tickOne
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
