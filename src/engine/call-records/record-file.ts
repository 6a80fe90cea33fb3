/** Call records as JSON lines at the end of a file. What cannot be written waits in memory, within bounds. */
import { messageOf } from '../../support/errors';
import { createInternalErrors, type InternalErrors } from '../../support/internal-errors';
import type { Logger } from '../../support/logger';
import { createBacklog } from './backlog';
import { LineFile, type OpenFile } from './line-file';
import type { CountRecord, Sink } from './sink';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

export interface RecordFileOptions {
  path: string;
  log: Logger;
  count: CountRecord;
  internalErrors?: InternalErrors | undefined;
  /** How many records wait while the file cannot be written to. */
  limit?: number;
  openFile?: OpenFile;
}

/** @throws (rejects) where the file cannot be opened */
export async function createRecordFile(options: RecordFileOptions): Promise<Required<Sink>> {
  const { path, log, count, limit, openFile } = options;
  const { internalErrors = createInternalErrors(log) } = options;
  const backlog = createBacklog({ sink: 'file', log, count, limit });
  const lines = new LineFile(path, openFile);
  await lines.open();
  let reopening = false;
  let pauseMs = FIRST_PAUSE_MS;
  let running: Promise<unknown> | undefined;
  let wake: () => void = () => undefined;
  let closing = false;

  async function run(): Promise<void> {
    for (;;) {
      if (reopening) {
        reopening = false;
        await lines.release();
      }
      const next = backlog.first();
      if (!next) return;
      try {
        await lines.write(next.text);
        backlog.done(next);
        pauseMs = FIRST_PAUSE_MS;
      } catch (error) {
        await lines.release();
        backlog.failed(messageOf(error));
        if (closing) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
          setTimeout(resolve, pauseMs).unref();
        });
        pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
      }
    }
  }

  /** One at a time: a file that is opened anew is not written to meanwhile. */
  function start(work: () => Promise<unknown> = run): Promise<unknown> {
    return (running ??= work().finally(() => {
      running = undefined;
      if (backlog.size > 0 && !closing) startWriting();
    }));
  }

  const startWriting = internalErrors.guard('call records', () => start());

  async function flush(): Promise<void> {
    await running?.catch(() => undefined);
    if (backlog.size > 0) await start();
  }

  return {
    get waiting() {
      return backlog.size;
    },
    write(id, text, settled) {
      backlog.add(id, text, settled);
      startWriting();
    },
    async reopen() {
      if (!running) return void (await start(() => lines.open()));
      reopening = true;
      wake();
    },
    async close(ms) {
      closing = true;
      wake();
      await Promise.race([flush(), after(ms)]);
      backlog.abandon();
      await lines.release();
    },
  };
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
