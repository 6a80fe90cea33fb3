/** Signals of a server: SIGTERM and SIGINT close it, SIGHUP reloads its files. */
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
  /** Adds a callback for SIGHUP. Callbacks run in the order in which they were added. An error is logged. */
  onReload(callback: Reload): void;
  /** Closes the servers as SIGTERM does. Idempotent. @param why the reason for the log */
  close(why: string): void;
}

/** Time limit for closing after an uncaught error, ms. */
const FAILED_MS = 15_000;

/**
 * An uncaught exception or unhandled rejection also closes the servers and exits with 1, as the state is unknown.
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
    if (closing) return;
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
    log.info({ event: 'reload-started', count: reloads.length }, 'SIGHUP: reloading files');
    for (const callback of reloads) {
      try {
        await callback();
      } catch (error) {
        log.error({ event: 'reload-failed', err: messageOf(error) }, 'reload failed');
      }
    }
  };
  /** Reloads run one at a time. A signal during a reload starts another one afterwards. */
  let last = Promise.resolve();
  const inTerminal = isatty(0) || isatty(1);
  process.on('SIGHUP', () => {
    if (closing) return;
    // A closed terminal also sends SIGHUP. A server that was started in it then ends.
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

/** Whether the process still has its controlling terminal. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

/** Closes every server, even if an earlier one fails. */
async function closeAll(servers: readonly (Closable | undefined)[]): Promise<void> {
  for (const server of servers) await server?.close().catch(() => undefined);
}
