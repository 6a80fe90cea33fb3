/** `/readyz`: fixed words for everyone, details for the log. */
import type { RequestHandler } from 'express';
import { messageOf } from '../support/errors';
import type { FlowStore } from '../store/store';
import type { Engine } from '../engine/engine';
import type { Logger } from '../support/logger';
import type { ProviderCheck, ProviderFault } from '../providers/provider';

export type NotReady = 'draining' | 'store-unavailable' | ProviderFault;

export interface ReadinessDeps {
  engine: Pick<Engine, 'draining'>;
  store: Pick<FlowStore, 'ping'>;
  check?: Pick<ProviderCheck, 'fault'> | undefined;
  log: Logger;
}

export function readiness({ engine, store, check: provider, log }: ReadinessDeps): RequestHandler {
  let last: NotReady | undefined;

  const check = async (): Promise<{ fault: NotReady; detail?: string } | undefined> => {
    if (engine.draining) return { fault: 'draining' };
    const detail = await store.ping().then(() => undefined, messageOf);
    if (detail !== undefined) return { fault: 'store-unavailable', detail };
    const fault = await provider?.fault();
    return fault && { fault };
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
