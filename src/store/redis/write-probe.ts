import type { InternalErrors } from '../../support/internal-errors';
import type { OutageLog } from './outage-log';

/** Finds servers that answer and refuse writes: full, without a disk, without replicas, or with other rights than they had. */
export interface WriteProbe {
  /**
   * A command was refused. That may concern this command alone, so the server is asked for a write that changes nothing.
   * Where it refuses that, too, it counts as away until it does not.
   */
  suspect(shard: string, key: string): void;
  /** Why one of them refuses. */
  readonly why: string | undefined;
  close(): void;
}

const ASK_AGAIN_MS = 500;
/** Shards that are asked at a time. */
const MAX_SUSPECTS = 100;

/** @param ask resolves with why it is refused; undefined where it is not; rejects where nothing came back */
export function createWriteProbe(
  ask: (key: string) => Promise<string | undefined>,
  outages: OutageLog,
  internalErrors: InternalErrors,
): WriteProbe {
  const suspects = new Set<string>();
  const refusing = new Map<string, string>();
  const timers = new Set<NodeJS.Timeout>();
  let closed = false;

  const look = internalErrors.guard('redis write probe', async (shard: string, key: string): Promise<void> => {
    try {
      await lookOnce(shard, key);
    } catch (error) {
      suspects.delete(shard); // so that the next refused command asks again
      throw error;
    }
  });

  async function lookOnce(shard: string, key: string): Promise<void> {
    // Out of reach: the connection logs that.
    const why = await ask(key).catch(() => refusing.get(shard));
    if (closed) return;
    if (why === undefined) {
      suspects.delete(shard);
      if (refusing.delete(shard)) outages.end(nameOf(shard));
      return;
    }
    refusing.set(shard, why);
    outages.begin(nameOf(shard), why);
    const timer = setTimeout(() => {
      timers.delete(timer);
      look(shard, key);
    }, ASK_AGAIN_MS);
    timers.add(timer);
  }

  return {
    suspect(shard, key) {
      if (closed || suspects.has(shard) || suspects.size >= MAX_SUSPECTS) return;
      suspects.add(shard);
      look(shard, key);
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

const nameOf = (shard: string): string => `${shard} refuses`;
