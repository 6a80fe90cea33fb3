import type { RedisServer } from '../../helpers/redis-server';

/** What Redis holds of flows that have not ended, by its indices: what no instance would list or wake is found here too. */
export async function liveKeys(redis: RedisServer): Promise<string[]> {
  const words = async (...command: string[]): Promise<string[]> => {
    const reply = await redis.command(...command);
    return Array.isArray(reply) ? reply.map(String) : [];
  };
  const keys = [...(await words('KEYS', '*:phase:*')), ...(await words('KEYS', '*:due'))];
  const found = keys
    .filter((key) => !key.endsWith(':phase:ended'))
    .map(async (key) => (await words('ZRANGE', key, '0', '-1')).map((id) => `${key} ${id}`));
  return (await Promise.all(found)).flat();
}
