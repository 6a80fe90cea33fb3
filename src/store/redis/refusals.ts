import type { InternalErrors } from '../../support/internal-errors';
import type { Troubles } from './troubles';

/** Servers that answer and take nothing: full, without a disk, without replicas, or with other rights than they had. */
export interface Refusals {
  /**
   * A command was refused. That may be about this command alone, so the server is asked for what changes nothing; where it
   * refuses that, too, it counts as away until it does not.
   */
  suspect(lane: string, key: string): void;
  /** Why one of them refuses. */
  readonly why: string | undefined;
  close(): void;
}

const ASK_AGAIN_MS = 500;
/** How many parts of a cluster are asked at a time. */
const MOST_SUSPECTS = 100;

/** @param ask resolves with why it is refused; undefined where it is not; rejects where nothing came back */
export function createRefusals(
  ask: (key: string) => Promise<string | undefined>,
  troubles: Troubles,
  internalErrors: InternalErrors,
): Refusals {
  const suspects = new Set<string>();
  const refusing = new Map<string, string>();
  const timers = new Set<NodeJS.Timeout>();
  let closed = false;

  const look = internalErrors.guard('redis write probe', async (lane: string, key: string): Promise<void> => {
    try {
      await lookOnce(lane, key);
    } catch (error) {
      suspects.delete(lane); // so that the next refused command asks again
      throw error;
    }
  });

  async function lookOnce(lane: string, key: string): Promise<void> {
    // Out of reach is no news: that is told elsewhere.
    const why = await ask(key).catch(() => refusing.get(lane));
    if (closed) return;
    if (why === undefined) {
      suspects.delete(lane);
      if (refusing.delete(lane)) troubles.end(nameOf(lane));
      return;
    }
    refusing.set(lane, why);
    troubles.begin(nameOf(lane), why);
    const timer = setTimeout(() => {
      timers.delete(timer);
      look(lane, key);
    }, ASK_AGAIN_MS);
    timers.add(timer);
  }

  return {
    suspect(lane, key) {
      if (closed || suspects.has(lane) || suspects.size >= MOST_SUSPECTS) return;
      suspects.add(lane);
      look(lane, key);
    },
    get why() {
      const [why] = refusing.values();
      return why;
    },
    close() {
      closed = true;
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

const nameOf = (lane: string): string => `${lane} refuses`;
