/** The signals of a server: SIGTERM and SIGINT close it, SIGHUP makes it read its files again. */
import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';
import { messageOf } from '../support/errors';
import type { Logger } from '../support/logger';
import { removeRunning } from './runtime-file';

interface Closable {
  close(): Promise<void>;
}

type Reload = () => void | Promise<void>;

export interface Signals {
  /** Called at each SIGHUP, after the callbacks that were added before it. A callback that throws is logged. */
  onReload(callback: Reload): void;
  /** Closes as SIGTERM does. Idempotent. @param why for the log */
  close(why: string): void;
}

/** How long a process that has failed may take to close, ms. */
const FAILED_MS = 15_000;

/**
 * An uncaught exception or unhandled rejection closes the servers, too, and exits with 1: after it no state is certain.
 *
 * The first SIGTERM or SIGINT closes the servers in the order given and exits with 0. The second exits with 1 at once.
 */
export function handleSignals(log: Logger, ...servers: (Closable | undefined)[]): Signals {
  let closing = false;
  const close = async (signal: string) => {
    closing = true;
    log.info({ event: 'server-stopping', signal }, 'shutting down');
    removeRunning();
    await closeAll(servers);
    process.exit(process.exitCode ?? 0);
  };
  const fail = (kind: string, error: unknown): void => {
    const err = error instanceof Error ? error : new Error(String(error));
    log.fatal({ event: 'process-failed', kind, err }, 'uncaught error: shutting down');
    process.exitCode = 1;
    setTimeout(() => process.exit(1), FAILED_MS);
    if (closing) return; // the servers close already
    closing = true;
    removeRunning();
    void closeAll(servers).finally(() => process.exit(1));
  };
  process.on('uncaughtException', (error) => fail('uncaught-exception', error));
  process.on('unhandledRejection', (error) => fail('unhandled-rejection', error));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (closing) process.exit(1);
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
  const inTerminal = isatty(0) || isatty(1);
  process.on('SIGHUP', () => {
    if (closing) return;
    // A terminal that is closed sends SIGHUP too: a server that was started in it ends with it.
    if (inTerminal && !hasTerminal()) void close('SIGHUP');
    else last = last.then(reload);
  });
  return {
    onReload: (callback) => void reloads.push(callback),
    close(why) {
      if (!closing) void close(why);
    },
  };
}

/** Whether the process still has the terminal that it was started in. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

/** Each, even where an earlier one fails. */
async function closeAll(servers: readonly (Closable | undefined)[]): Promise<void> {
  for (const server of servers) await server?.close().catch(() => undefined);
}
