import type { Connection } from './connection';
import type { Keys } from './keys';
import { TAKE_DUE } from './scripts';

/**
 * Takes flows that are due, the longest due first.
 * @param keyOf the sorted set of a shard
 * @param againMs what was given out without an answer is due again after that: the instance that took it may be gone
 */
export function createDue(
  connection: Connection,
  { shards }: Pick<Keys, 'shards'>,
  keyOf: (shard: string) => string,
  againMs: number,
): (now: number, limit: number) => Promise<string[]> {
  async function take(shard: string, now: number, limit: number): Promise<string[]> {
    const args = [String(now), String(limit), String(now + againMs)];
    const { reply } = await connection.script(TAKE_DUE, [keyOf(shard)], args);
    return Array.isArray(reply) ? reply.map(String) : [];
  }

  /** When the flows of a shard were due, up to `limit` of them. */
  async function peek(shard: string, now: number, limit: number): Promise<{ shard: string; at: number }[]> {
    const key = keyOf(shard);
    const range = ['-inf', String(now), 'WITHSCORES', 'LIMIT', '0', String(limit)];
    const { reply } = await connection.command(key, ['ZRANGEBYSCORE', key, ...range]);
    if (!Array.isArray(reply)) return [];
    return reply.map((pair: unknown) => ({ shard, at: Array.isArray(pair) ? Number(pair[1]) : now }));
  }

  return async (now, limit) => {
    const [only, ...more] = shards;
    if (only !== undefined && more.length === 0) return take(only, now, limit);
    const waiting = (await Promise.all(shards.map((shard) => peek(shard, now, limit)))).flat();
    const share = new Map<string, number>();
    for (const { shard } of waiting.sort((a, b) => a.at - b.at).slice(0, limit)) {
      share.set(shard, (share.get(shard) ?? 0) + 1);
    }
    return (await Promise.all([...share].map(([shard, count]) => take(shard, now, count)))).flat();
  };
}
