import type { InternalErrors } from '../../support/internal-errors';
import type { Troubles } from './troubles';

/** Servers from which nothing comes back, or nothing but that they cannot answer now. */
export interface Stalls {
  /** Nothing came back to what was sent then (`performance.now()`). Gives for how long nothing has, ms. */
  begin(lane: string, key: string, sentAt: number, why: string): number;
  /** Something came back. */
  end(lane: string): void;
  /** There is a new link: what is still missing has its time again. */
  anew(): void;
  /** Why one of them is missing. */
  readonly why: string | undefined;
  close(): void;
}

const ASK_AFTER_MS = 200;
/** How many parts of a cluster are watched at a time: each call has a key, and so a lane, of its own. */
const MOST_LANES = 100;

/** @param ask brings something back, or rejects; otherwise a part for which there is no work would never be known to be back */
export function createStalls(
  ask: (key: string) => Promise<unknown>,
  troubles: Troubles,
  internalErrors: InternalErrors,
): Stalls {
  const stalls = new Map<string, { since: number; key: string; why: string }>();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  function askSoon(): void {
    const askAll = async (): Promise<void> => {
      try {
        await Promise.allSettled([...stalls.values()].map(({ key }) => ask(key)));
      } finally {
        timer = undefined;
        if (stalls.size > 0 && !closed) askSoon();
      }
    };
    timer ??= setTimeout(internalErrors.guard('redis reply timeout', askAll), ASK_AFTER_MS);
  }

  return {
    begin(lane, key, sentAt, why) {
      const since = stalls.get(lane)?.since ?? sentAt;
      if (!closed && (stalls.has(lane) || stalls.size < MOST_LANES)) {
        stalls.set(lane, { since, key, why });
        troubles.begin(lane, why);
        askSoon();
      }
      return performance.now() - since;
    },
    end(lane) {
      if (stalls.delete(lane)) troubles.end(lane);
    },
    anew() {
      for (const stall of stalls.values()) stall.since = performance.now();
    },
    get why() {
      const [stall] = stalls.values();
      return stall?.why;
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
