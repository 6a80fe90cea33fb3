/** Call records as JSON lines at the end of a file. What cannot be written waits in memory, within bounds. */
import { open, type FileHandle } from 'node:fs/promises';
import { messageOf } from '../errors';
import type { Logger } from '../logger';
import { createBacklog } from './backlog';
import type { CountRecord, Sink } from './records';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

export interface RecordFileOptions {
  path: string;
  log: Logger;
  count: CountRecord;
  /** How many records wait while the file cannot be written to. */
  limit?: number;
  openFile?: (path: string) => Promise<Pick<FileHandle, 'write' | 'close'>>;
}

/** Of the owner alone: it has telephone numbers in it. */
const openForAppending = (path: string) => open(path, 'a', 0o600);

/** @throws (rejects) where the file cannot be opened */
export async function createRecordFile(options: RecordFileOptions): Promise<Required<Sink>> {
  const { path, log, count, limit, openFile = openForAppending } = options;
  const backlog = createBacklog({ sink: 'file', log, count, limit });
  let handle: Pick<FileHandle, 'write' | 'close'> | undefined = await openFile(path);
  let reopening = false;
  /** The last line ends in the middle: what follows begins a new one, and readers skip the broken one. */
  let torn = false;
  let pauseMs = FIRST_PAUSE_MS;
  let running: Promise<void> | undefined;
  let wake: () => void = () => undefined;
  let closing = false;

  async function writeLine(text: string): Promise<void> {
    const bytes = Buffer.from(`${torn ? '\n' : ''}${text}\n`);
    handle ??= await openFile(path);
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await handle.write(bytes, done);
      done += bytesWritten;
      torn = done < bytes.length;
    }
  }

  async function release(): Promise<void> {
    const old = handle;
    handle = undefined;
    await old?.close().catch(() => undefined);
  }

  async function run(): Promise<void> {
    for (;;) {
      if (reopening) {
        reopening = false;
        await release();
        torn = false;
      }
      const next = backlog.first();
      if (!next) return;
      try {
        await writeLine(next.text);
        backlog.done(next);
        pauseMs = FIRST_PAUSE_MS;
      } catch (error) {
        await release();
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

  function start(): Promise<void> {
    return (running ??= run().finally(() => (running = undefined)));
  }

  return {
    write(id, text) {
      backlog.add(id, text);
      void start();
    },
    async reopen() {
      reopening = true;
      wake();
      if (running) return;
      await release();
      reopening = false;
      torn = false;
      handle = await openFile(path);
      void start();
    },
    async close(ms) {
      closing = true;
      wake();
      await Promise.race([running, after(ms)]);
      backlog.abandon();
      await release();
    },
  };
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
