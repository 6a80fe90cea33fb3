/** One worker thread that makes sounds, a job at a time: synthesis and decoding would hold up the relay of calls. */
import { extname } from 'node:path';
import { Worker, type TransferListItem } from 'node:worker_threads';
import type { InternalErrors } from '../../support/internal-errors';
import type { Logger } from '../../support/logger';
import { cancelledError, closedError, SoundError, type SoundErrorCode } from './errors';
import type { Reply } from './serve';

export interface ThreadOptions {
  /** Path of the worker's module (which calls `serve`), without extension: `.js`, or `.ts` when run from sources. */
  module: string;
  /** How long a job may take; then the thread is ended, and the next job starts another. ms */
  timeoutMs: number;
  /** What a job that fails for no reason of its own is told as. */
  failure: SoundErrorCode;
  internalErrors: InternalErrors;
  log: Logger;
}

export interface Thread<Job> {
  /**
   * @param signal takes the job back while it waits; one that has begun is done
   * @throws (rejects) SoundError
   */
  run(job: Job, transfer?: TransferListItem[], signal?: AbortSignal): Promise<Int16Array>;
  /** Ends the thread; what is under way or waiting is rejected. */
  close(): Promise<void>;
}

const MOST_WAITING = 500;

interface Task<Job> {
  job: Job;
  transfer: TransferListItem[];
  resolve(samples: Int16Array): void;
  reject(error: SoundError): void;
}

/** Starts with the first job; does not keep the process alive unless it works. */
export function createThread<Job>(options: ThreadOptions): Thread<Job> {
  const { timeoutMs, failure, internalErrors, log } = options;
  const waiting: Task<Job>[] = [];
  let worker: Worker | undefined;
  let current: Task<Job> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const next = (): void => {
    clearTimeout(timer);
    current = waiting.shift();
    if (!current) return worker?.unref();
    const tooSlow = (): void => lose(`it took more than ${timeoutMs / 1000} s`);
    timer = setTimeout(internalErrors.guard('sound thread', tooSlow), timeoutMs);
    try {
      worker ??= start();
      worker.ref();
      worker.postMessage(current.job, current.transfer);
    } catch (error) {
      lose(String(error));
    }
  };

  /** The thread is gone, or is to go. */
  const lose = (why: string): void => {
    const lost = worker;
    worker = undefined;
    lost?.removeAllListeners().on('error', () => undefined);
    lost?.terminate().catch(() => undefined);
    const task = current;
    next();
    task?.reject(new SoundError(failure, `Making the sound failed: ${why}`));
    log.warn(
      { event: 'worker-lost', why, module: options.module },
      'A worker thread ended; the next job starts another one',
    );
  };

  const start = (): Worker => {
    const started = startWorker(options);
    const replied = (reply: Reply): void => {
      const task = current;
      next();
      try {
        if ('samples' in reply) task?.resolve(new Int16Array(reply.samples));
        else task?.reject(new SoundError(reply.code ?? failure, reply.message));
      } catch (error) {
        task?.reject(new SoundError(failure, `The thread's reply is unreadable: ${String(error)}`));
      }
    };
    const failed = (error: unknown): void => lose(String(error));
    const ended = (code: number): void => lose(`the thread ended with ${code}`);
    started.on('message', internalErrors.guard('sound thread', replied));
    started.on('error', internalErrors.guard('sound thread', failed));
    started.on('exit', internalErrors.guard('sound thread', ended));
    return started;
  };

  return {
    run(job, transfer = [], signal) {
      if (closed) return Promise.reject(closedError());
      if (signal?.aborted) return Promise.reject(reasonOf(signal));
      if (waiting.length >= MOST_WAITING)
        return Promise.reject(new SoundError('sounds-overloaded', 'Too many sounds are waiting to be made'));
      return new Promise((resolve, reject) => {
        const task: Task<Job> = { job, transfer, resolve, reject };
        waiting.push(task);
        const takeBack = (given: AbortSignal): void => {
          const at = waiting.indexOf(task);
          if (at < 0) return;
          waiting.splice(at, 1);
          reject(reasonOf(given));
        };
        const aborted = internalErrors.guard('sound thread', () => signal && takeBack(signal));
        signal?.addEventListener('abort', aborted, { once: true });
        if (!current) next();
      });
    },
    async close() {
      if (closed) return;
      closed = true;
      clearTimeout(timer);
      const tasks = current ? [current, ...waiting] : waiting;
      for (const task of tasks.splice(0)) task.reject(closedError());
      current = undefined;
      const ended = worker;
      worker = undefined;
      ended?.removeAllListeners().on('error', () => undefined);
      await ended?.terminate();
    },
  };
}

/**
 * What the thread prints is dropped: a decoder has a line to say to each frame of a file that is none, thousands a file.
 *
 * From sources, under a loader that knows TypeScript, the worker is started with the loaders (`--require`) of
 * `process.execArgv`; compiled, it inherits what it may.
 */
function startWorker({ module }: ThreadOptions): Worker {
  const extension = extname(__filename);
  const loaders = process.execArgv.filter((each, i, all) => each === '--require' || all[i - 1] === '--require');
  const worker = new Worker(`${module}${extension}`, {
    stdout: true,
    stderr: true,
    ...(extension === '.ts' && { execArgv: loaders }),
  });
  worker.stdout.resume();
  worker.stderr.resume();
  return worker;
}

function reasonOf({ reason }: AbortSignal): SoundError {
  return reason instanceof SoundError ? reason : cancelledError();
}
