/** What came, in the order in which it came; each is handed out once to whoever waits for it. */
export interface Inbox<T> {
  readonly received: T[];
  readonly push: (item: T) => void;
  /** The next that fits, come or to come, and that nobody has waited for before. */
  readonly next: (fits?: (item: T) => boolean) => Promise<T>;
}

export function createInbox<T>(): Inbox<T> {
  const received: T[] = [];
  const taken = new Set<T>();
  const waiting = new Set<() => void>();
  return {
    received,
    push(item) {
      received.push(item);
      for (const check of [...waiting]) check();
    },
    next: (fits = () => true) =>
      new Promise((resolve) => {
        const check = (): void => {
          const found = received.find((item) => !taken.has(item) && fits(item));
          if (found === undefined) return;
          taken.add(found);
          waiting.delete(check);
          resolve(found);
        };
        waiting.add(check);
        check();
      }),
  };
}
