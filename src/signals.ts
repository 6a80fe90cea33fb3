/** The signals of a server: SIGTERM and SIGINT close it, SIGHUP makes it read its files again. */
import { messageOf } from './errors';
import type { Logger } from './logger';
import { removeRunning } from './runtime-file';

interface Closable {
  close(): Promise<void>;
}

type Reload = () => void | Promise<void>;

export interface Signals {
  /** Called at each SIGHUP, after the callbacks that were added before it. A callback that throws is logged. */
  onReload(callback: Reload): void;
}

/**
 * The first SIGTERM or SIGINT closes the servers in the order given and exits with 0. The second exits with 1 at once.
 */
export function handleSignals(log: Logger, ...servers: (Closable | undefined)[]): Signals {
  let closing = false;
  const close = async (signal: string) => {
    log.info({ event: 'server-stopping', signal }, 'shutting down');
    removeRunning();
    for (const server of servers) await server?.close();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (closing) process.exit(1);
      closing = true;
      void close(signal);
    });
  }

  const reloads: Reload[] = [];
  const reload = async () => {
    log.info({ event: 'reload-started', count: reloads.length }, 'SIGHUP: reading files again');
    for (const callback of reloads) {
      try {
        await callback();
      } catch (error) {
        log.error({ event: 'reload-failed', err: messageOf(error) }, 'a file could not be read again');
      }
    }
  };
  /** One reload at a time: a signal that comes during one is served after it. */
  let last = Promise.resolve();
  process.on('SIGHUP', () => {
    if (!closing) last = last.then(reload);
  });
  return { onReload: (callback) => void reloads.push(callback) };
}
