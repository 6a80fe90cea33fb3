/**
 * The timers of all transactions. There are tens of thousands of timers, but only about ten different durations. Timers
 * of the same duration expire in the order in which they start, so each duration is a queue with one `setTimeout` for
 * its head.
 */

/** The owner of a timer. */
export interface Expiring<Signal> {
  apply(signal: Signal): void;
}

/** A running timer. */
export interface Timer {
  /** Stops the timer. Idempotent. */
  stop(): void;
}

export interface TimerQueues {
  /** Applies the signal after `ms` milliseconds; never synchronously, not even with 0. */
  start<Signal>(ms: number, owner: Expiring<Signal>, signal: Signal): Timer;
  /** Number of running timers; for tests. */
  readonly size: number;
  /** Cancels every timer. Timers that are started later never fire. */
  close(): void;
}

/** @param failed receives exceptions of timers. The other timers are not affected. */
export function createTimerQueues(failed: (error: unknown) => void): TimerQueues {
  const queues = new Map<number, Queue>();
  let closed = false;
  return {
    start(ms, owner, signal) {
      if (closed) return { stop: () => undefined };
      let queue = queues.get(ms);
      if (!queue) queues.set(ms, (queue = new Queue(ms, failed)));
      return queue.add(new Entry(queue, owner, signal));
    },
    get size() {
      return [...queues.values()].reduce((sum, { size }) => sum + size, 0);
    },
    close() {
      closed = true;
      for (const queue of queues.values()) queue.clear();
      queues.clear();
    },
  };
}

/** Linked list entry, so that a stopped timer is removed and freed at once. */
class Entry<Signal> implements Timer {
  readonly at: number;
  before: Entry<unknown> | undefined;
  after: Entry<unknown> | undefined;
  #queue: Queue | undefined;

  constructor(
    queue: Queue,
    private readonly owner: Expiring<Signal>,
    private readonly signal: Signal,
  ) {
    this.#queue = queue;
    this.at = performance.now() + queue.ms;
  }

  stop(): void {
    this.#queue?.remove(this);
    this.#queue = undefined;
  }

  fire(): void {
    this.stop();
    this.owner.apply(this.signal);
  }
}

class Queue {
  size = 0;
  #head: Entry<unknown> | undefined;
  #tail: Entry<unknown> | undefined;
  #alarm: NodeJS.Timeout | undefined;

  constructor(
    readonly ms: number,
    private readonly failed: (error: unknown) => void,
  ) {}

  add<Signal>(entry: Entry<Signal>): Timer {
    entry.before = this.#tail;
    if (this.#tail) this.#tail.after = entry;
    else this.#head = entry;
    this.#tail = entry;
    this.size++;
    if (!this.#alarm) this.#setAlarm(this.ms);
    return entry;
  }

  remove(entry: Entry<unknown>): void {
    if (entry.before) entry.before.after = entry.after;
    else this.#head = entry.after;
    if (entry.after) entry.after.before = entry.before;
    else this.#tail = entry.before;
    entry.before = entry.after = undefined;
    if (--this.size === 0) this.#stopAlarm();
  }

  clear(): void {
    this.#head = this.#tail = undefined;
    this.size = 0;
    this.#stopAlarm();
  }

  #expire(): void {
    const now = performance.now();
    for (let head = this.#head; head && head.at <= now; head = this.#head) this.#fire(head);
    this.#stopAlarm();
    // The timer for which the alarm was set may have been stopped. The current head expires later.
    if (this.#head) this.#setAlarm(Math.max(1, Math.ceil(this.#head.at - now)));
  }

  #setAlarm(ms: number): void {
    // eslint-disable-next-line tandem/guarded-callbacks -- each timer is guarded individually: see #fire
    this.#alarm = setTimeout(() => this.#expire(), ms);
  }

  #fire(entry: Entry<unknown>): void {
    try {
      entry.fire();
    } catch (error) {
      this.failed(error);
    }
  }

  #stopAlarm(): void {
    clearTimeout(this.#alarm);
    this.#alarm = undefined;
  }
}
