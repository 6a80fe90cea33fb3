/** Waiting for what other processes do: always with an end, and with an error that says what was waited for. */
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 25;

/**
 * What `look` gives once it gives something other than undefined or false.
 * @param what completes "waited 5000 ms for …"
 */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 20_000,
): Promise<T> {
  for (const deadline = Date.now() + timeoutMs; ; await sleep(LOOK_EVERY_MS)) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`);
  }
}

export interface Named {
  readonly type: string;
}

/** Events in the order in which they came; each is handed out once. */
export class EventQueue<E extends Named> {
  readonly seen: E[] = [];
  readonly #unread: E[] = [];
  readonly #waiting = new Set<() => void>();
  #broken: Error | undefined;

  /** @param describe what a person wants to see when an event does not come */
  constructor(
    private readonly name: string,
    private readonly describe: () => string,
  ) {}

  push(event: E): void {
    this.seen.push(event);
    this.#unread.push(event);
    this.#wake();
  }

  /** No event will come any more. */
  break(why: Error): void {
    this.#broken ??= why;
    this.#wake();
  }

  /** The next event of a type that was not handed out yet; it may have come already. Earlier events of other types stay. */
  async next(type: string, timeoutMs = 30_000): Promise<E> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const at = this.#unread.findIndex((event) => event.type === type);
      const [found] = at < 0 ? [] : this.#unread.splice(at, 1);
      if (found) return found;
      if (this.#broken) throw new Error(`${type} will not come`, { cause: this.#broken });
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(this.#missed(type, timeoutMs));
      await this.#change(left);
    }
  }

  has(type: string): boolean {
    return this.seen.some((event) => event.type === type);
  }

  #missed(type: string, timeoutMs: number): string {
    const seen = this.seen.map((event) => event.type).join(', ') || 'nothing';
    return `waited ${timeoutMs} ms for ${type}; ${this.name} has seen ${seen}; ${this.describe()}`;
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  #change(atMostMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, atMostMs);
      this.#waiting.add(done);
    });
  }
}
