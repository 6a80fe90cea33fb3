/** Call records as JSON lines at the end of a file. What cannot be written waits in memory, within bounds. */
import { constants, open, type FileHandle } from 'node:fs/promises';
import { messageOf } from '../../support/errors';
import { createInternalErrors, type InternalErrors } from '../../support/internal-errors';
import type { Logger } from '../../support/logger';
import { createBacklog } from './backlog';
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
  openFile?: (path: string) => Promise<Writable>;
}

type Writable = Pick<FileHandle, 'write' | 'close'>;

/** Of the owner alone: it has telephone numbers in it. */
const openForAppending = (path: string) => open(path, 'a', 0o600);

/** Whether the last line of a file has no end: a process was killed, or the disk was full. Undefined: it cannot be read. */
async function isTorn(path: string): Promise<boolean | undefined> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => undefined);
  if (!handle) return undefined;
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size === 0) return false;
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, stats.size - 1);
    return buffer.toString() !== '\n';
  } finally {
    await handle.close();
  }
}

/** @throws (rejects) where the file cannot be opened */
export async function createRecordFile(options: RecordFileOptions): Promise<Required<Sink>> {
  const { path, log, count, limit, openFile = openForAppending } = options;
  const { internalErrors = createInternalErrors(log) } = options;
  const backlog = createBacklog({ sink: 'file', log, count, limit });
  let handle: Writable | undefined;
  let reopening = false;
  /** The last line ends in the middle: what follows begins a new one, and readers skip the broken one. */
  let torn = false;
  await openAnew();
  let pauseMs = FIRST_PAUSE_MS;
  let running: Promise<unknown> | undefined;
  let wake: () => void = () => undefined;
  let closing = false;

  async function writeLine(text: string): Promise<void> {
    const file = handle ?? (await openAnew());
    const bytes = Buffer.from(`${torn ? '\n' : ''}${text}\n`);
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await file.write(bytes, done);
      done += bytesWritten;
      torn = done < bytes.length;
    }
  }

  async function openAnew(): Promise<Writable> {
    await release();
    const opened = await openFile(path);
    torn = (await isTorn(path)) ?? torn;
    return (handle = opened);
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
      if (!running) return void (await start(openAnew));
      reopening = true;
      wake();
    },
    async close(ms) {
      closing = true;
      wake();
      await Promise.race([flush(), after(ms)]);
      backlog.abandon();
      await release();
    },
  };
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
