import type { Logger } from '../../support/logger';
import type { CommandSender } from './command-sender';

/**
 * A Redis that makes room by dropping keys would drop live flows: all of Tandem's keys have an expiry, and so are fair game
 * for every policy but one. Says nothing where Redis does not say how it is set.
 *
 * @param key of the server that is asked
 */
export async function warnOfEviction(sender: CommandSender, key: string, log: Logger): Promise<void> {
  const reply = await sender.command(key, ['INFO', 'memory']).then(
    (answer) => answer.reply,
    () => undefined,
  );
  if (typeof reply !== 'string') return;
  const policy = /^maxmemory_policy:(\S+)/m.exec(reply)?.[1] ?? 'noeviction';
  const limit = Number(/^maxmemory:(\d+)/m.exec(reply)?.[1] ?? 0);
  if (policy === 'noeviction' || limit === 0) return;
  log.warn(
    { event: 'redis-may-evict', maxmemoryPolicy: policy },
    'Redis may drop live sessions when its memory is full: set maxmemory-policy noeviction',
  );
}
