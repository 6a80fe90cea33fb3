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

/** @throws RedisUrlError */
export function readRedisUrl(url: string, cluster: boolean): RedisAddress {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !['redis:', 'rediss:'].includes(parsed.protocol) || parsed.hostname === '') {
    throw new RedisUrlError('The URL of Redis must be redis://host:port or rediss://host:port (TLS)');
  }
  const path = /^\/?(\d*)$/.exec(parsed.pathname);
  if (!path) throw new RedisUrlError('What follows the host in the URL of Redis is the number of a database');
  const database = Number(path[1]);
  if (cluster && database !== 0) throw new RedisUrlError('A Redis Cluster has no database but 0');
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
    throw new RedisUrlError('User and password in the URL of Redis must be percent-encoded');
  }
}

/** @throws RedisUrlError for a prefix that would move keys to other slots than those meant */
export function checkPrefix(prefix: string): string {
  if (/[{}\s]/.test(prefix) || prefix === '') {
    throw new RedisUrlError('The key prefix must not be empty, and has neither braces nor blanks');
  }
  return prefix;
}

/** One server needs no shards: one call then asks for all that is due. */
export function shardsOf(cluster: boolean): number {
  return cluster ? CLUSTER_SHARDS : 1;
}
