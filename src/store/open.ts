import type { InternalErrors } from '../support/internal-errors';
import type { Logger } from '../support/logger';
import { createMemoryStore } from './memory-store';
import { openRedisStore } from './redis';
import type { FlowStore } from './store';

export interface RedisAddress {
  url: string;
  /** What all keys begin with. */
  prefix: string;
  cluster: boolean;
}

/**
 * The store of the settings: Redis where there is one, else this process' memory.
 * @throws (rejects) TandemError where Redis cannot be meant, or does not let Tandem in
 */
export function openStore(
  redis: RedisAddress | undefined,
  log: Logger,
  internalErrors: InternalErrors,
): Promise<FlowStore> {
  return redis ? openRedisStore({ ...redis, log, internalErrors }) : Promise.resolve(createMemoryStore());
}
