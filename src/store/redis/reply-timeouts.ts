import type { InternalErrors } from '../../support/internal-errors';
import type { OutageLog } from './outage-log';

/** Watches the parts of Redis from which no reply comes, or none but that they cannot answer now. */
export interface ReplyTimeouts {
  /** No reply came to a command of that time (`performance.now()`). @returns how long there has been none, ms */
  begin(shard: string, key: string, sentAt: number, why: string): number;
  /** A reply came. */
  end(shard: string): void;
  /** There is a new link: replies have their whole time again. */
  restart(): void;
  /** Why one of them does not answer. */
  readonly why: string | undefined;
  close(): void;
}

const ASK_AFTER_MS = 200;
/** Shards that are watched at a time: each call has a key, and so a shard, of its own. */
const MAX_SHARDS = 100;

/** @param ask asks a shard, so that one without work is known to be back, too */
export function createReplyTimeouts(
  ask: (key: string) => Promise<unknown>,
  outages: OutageLog,
  internalErrors: InternalErrors,
): ReplyTimeouts {
  const silent = new Map<string, { since: number; key: string; why: string }>();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  function askSoon(): void {
    const askAll = async (): Promise<void> => {
      try {
        await Promise.allSettled([...silent.values()].map(({ key }) => ask(key)));
      } finally {
        timer = undefined;
        if (silent.size > 0 && !closed) askSoon();
      }
    };
    timer ??= setTimeout(internalErrors.guard('redis reply timeout', askAll), ASK_AFTER_MS);
  }

  return {
    begin(shard, key, sentAt, why) {
      const since = silent.get(shard)?.since ?? sentAt;
      if (!closed && (silent.has(shard) || silent.size < MAX_SHARDS)) {
        silent.set(shard, { since, key, why });
        outages.begin(shard, why);
        askSoon();
      }
      return performance.now() - since;
    },
    end(shard) {
      if (silent.delete(shard)) outages.end(shard);
    },
    restart() {
      for (const part of silent.values()) part.since = performance.now();
    },
    get why() {
      const [part] = silent.values();
      return part?.why;
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
