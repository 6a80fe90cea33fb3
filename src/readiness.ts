/** `/readyz`: fixed words for everyone, details for the log. */
import type { RequestHandler } from 'express';
import { messageOf } from './errors';
import type { FlowStore } from './flow-store/store';
import type { Engine } from './flows/engine';
import type { Logger } from './logger';

export type NotReady = 'draining' | 'store-unavailable';

export interface ReadinessDeps {
  engine: Pick<Engine, 'draining'>;
  store: Pick<FlowStore, 'ping'>;
  log: Logger;
}

export function readiness({ engine, store, log }: ReadinessDeps): RequestHandler {
  let last: NotReady | undefined;

  const check = async (): Promise<{ fault: NotReady; detail?: string } | undefined> => {
    if (engine.draining) return { fault: 'draining' };
    const detail = await store.ping().then(() => undefined, messageOf);
    return detail === undefined ? undefined : { fault: 'store-unavailable', detail };
  };

  return async (_request, response) => {
    const found = await check();
    // Probes come every few seconds: only changes are logged.
    if (found && found.fault !== last) log.warn({ event: 'not-ready', ...found }, 'not ready');
    if (!found && last !== undefined) log.info({ event: 'ready' }, 'ready again');
    last = found?.fault;
    response.status(found ? 503 : 200).json(found ? { status: 'not ready', fault: found.fault } : { status: 'ready' });
  };
}
