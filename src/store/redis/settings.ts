import { RedisUrlError } from './errors';

/** Where Redis is and how it is to be entered, from `redis[s]://[user[:password]@]host[:port][/database]`. */
export interface RedisAddress {
  host: string;
  port: number;
  tls: boolean;
  username?: string;
  password?: string;
  database: number;
}

/** How a Redis Cluster is split: flows of one shard share a slot. Never change it while flows are live. */
const CLUSTER_SHARDS = 64;
const DEFAULT_PORT = 6379;
/** What people forget. */
const ENCODED = '% in user and password as %25, / as %2F, @ as %40, : as %3A';

/** @throws RedisUrlError */
export function readRedisUrl(url: string, cluster: boolean): RedisAddress {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !['redis:', 'rediss:'].includes(parsed.protocol) || parsed.hostname === '') {
    throw new RedisUrlError(
      'REDIS_URL is no URL of Redis; write it as redis://host:port, or rediss://host:port for TLS',
    );
  }
  const path = /^\/?(\d*)$/.exec(parsed.pathname);
  if (!path) {
    throw new RedisUrlError(
      `REDIS_URL has something after the host that is no number of a database; write it as redis://host:port/0, and ${ENCODED}`,
    );
  }
  const database = Number(path[1]);
  if (cluster && database !== 0)
    throw new RedisUrlError('REDIS_URL names a database; a Redis Cluster has no database but 0, leave it out');
  return {
    host: parsed.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: parsed.port === '' ? DEFAULT_PORT : Number(parsed.port),
    tls: parsed.protocol === 'rediss:',
    ...(parsed.username !== '' && { username: decoded(parsed.username) }),
    ...(parsed.password !== '' && { password: decoded(parsed.password) }),
    database,
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new RedisUrlError(`REDIS_URL has a user or a password that is not percent-encoded; write ${ENCODED}`);
  }
}

/** @throws RedisUrlError for a prefix that would move keys to other slots than those meant */
export function checkPrefix(prefix: string): string {
  if (/[{}\s]/.test(prefix) || prefix === '') {
    throw new RedisUrlError('REDIS_PREFIX must not be empty; give a key prefix with neither braces nor blanks');
  }
  return prefix;
}

/** One server needs no shards: one call then asks for all that is due. */
export function shardsOf(cluster: boolean): number {
  return cluster ? CLUSTER_SHARDS : 1;
}
