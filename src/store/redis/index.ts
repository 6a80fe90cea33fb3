import { createInternalErrors, type InternalErrors } from '../../support/internal-errors';
import type { Logger } from '../../support/logger';
import type { FlowStore } from '../store';
import { createConnection } from './connection';
import { decodeFlow } from './encoding';
import { createDue } from './due';
import { createFlowCache } from './flow-cache';
import { createHeartbeat } from './heartbeat';
import { createKeys } from './keys';
import { warnOfEviction } from './eviction';
import { createListing } from './listing';
import { checkPrefix, readRedisUrl, shardsOf } from './settings';
import { CLAIM } from './scripts';
import { createWriter } from './writer';

export { RedisRefusedError, RedisUrlError } from './errors';

export interface RedisStoreOptions {
  /** `redis[s]://[user[:password]@]host[:port][/database]`; of a cluster, any node. */
  url: string;
  log: Logger;
  internalErrors?: InternalErrors;
  /** What all keys begin with. */
  prefix?: string;
  /** A Redis Cluster: all instances must say the same. */
  cluster?: boolean;
  /** A CA (PEM) beside those that Node knows, for `rediss:`. */
  tls?: { ca?: string };
  /** How long an ended flow is kept, ms. */
  keepEndedMs?: number;
  /** How many ended flows are listed; in a cluster, of each of its 64 shards a share, and somewhat more. */
  maxEnded?: number;
  /** How long one operation may wait for Redis, ms. */
  limitMs?: number;
  /** A connection on which nothing has come back for so long is replaced, ms. */
  stallMs?: number;
  /** How many live flows this process remembers, to update them without reading first. */
  cacheSize?: number;
}

/** When what was given out and not heard of is given out again, ms. An owed record may be retried for hours. */
const DUE_AGAIN_MS = 5_000;
const OWED_AGAIN_MS = 15_000;

/**
 * Flows in Redis 7 or Valkey, shared by all instances of one prefix. Resolves where Redis is out of reach, too: it is
 * looked for until it is there, and until then all rejects with StoreUnavailableError.
 *
 * @throws RedisUrlError, RedisRefusedError: what no waiting mends
 */
export async function openRedisStore(options: RedisStoreOptions): Promise<FlowStore> {
  const { url, prefix = 'tandem', cluster = false, keepEndedMs = 600_000, maxEnded = 2_000, limitMs = 3_000 } = options;
  const { internalErrors = createInternalErrors(options.log) } = options;
  const address = readRedisUrl(url, cluster);
  const shards = shardsOf(cluster);
  const keys = createKeys(checkPrefix(prefix), shards);
  const heartbeat = createHeartbeat(keys, internalErrors);
  const connection = createConnection({
    address,
    cluster,
    limitMs,
    stallMs: options.stallMs ?? 5_000,
    log: options.log,
    internalErrors,
    ...(options.tls && { tls: options.tls }),
    async onConnect(sender) {
      await heartbeat.beat(sender);
      internalErrors.guard('redis eviction', () => warnOfEviction(sender, keys.instances, options.log))();
    },
    onLost: () => heartbeat.disturb(),
  });
  await connection.start();
  heartbeat.start(connection);

  const cache = createFlowCache(options.cacheSize ?? 5_000);
  const writer = createWriter({
    connection,
    keys,
    cache,
    cluster,
    keepEndedMs,
    // A share that is no larger would lose flows to chance: they are not spread evenly.
    maxEnded: cluster ? Math.ceil((2 * maxEnded) / shards) : maxEnded,
    now: () => heartbeat.now(),
  });
  const listing = createListing({ connection, keys, forget: (id) => writer.forget(id) });
  const valueOf = async (key: string) => {
    const { reply } = await connection.command(key, ['GET', key]);
    return typeof reply === 'string' ? reply : undefined;
  };

  return {
    instance: heartbeat.instance,
    now: () => heartbeat.now(),
    wallTime: (at) => at,
    isAlive: (instance) => heartbeat.isAlive(instance),
    holdsLease: () => heartbeat.holdsLease(),

    async claim(work, ms) {
      const key = keys.claim(work);
      const { reply } = await connection.script(CLAIM, [key], [heartbeat.instance, String(ms)]);
      return reply === 1;
    },

    create: (flow) => writer.create(flow),
    update: (id, transition) => writer.update(id, transition),

    async get(id) {
      const value = await valueOf(keys.flow(id));
      return value === undefined ? undefined : decodeFlow(value).flow;
    },

    async idOfCall(callId) {
      return cache.idOfCall(callId) ?? valueOf(keys.call(callId));
    },

    due: createDue(connection, keys, keys.due, DUE_AGAIN_MS),
    owedRecords: createDue(connection, keys, keys.owed, OWED_AGAIN_MS),
    list: (filter) => listing.list(filter),
    countByPhase: () => listing.countByPhase(),
    ping: () => connection.ping(),

    async close() {
      await heartbeat.close(connection);
      connection.close();
    },
  };
}
