/**
 * A worker thread that creates sounds, one job at a time. On the main thread, the work would delay the audio of calls.
 */
import { extname } from 'node:path';
import { Worker, type TransferListItem } from 'node:worker_threads';
import type { InternalErrors } from '../../support/internal-errors';
import type { Logger } from '../../support/logger';
import { cancelledError, closedError, SoundError, type SoundErrorCode } from './errors';
import type { Reply } from './serve';

export interface ThreadOptions {
  /** Path of the worker module (which calls `serve`) without its extension: `.js`, or `.ts` when run from sources. */
  module: string;
  /** Maximum time of a job; ms. After it, the thread is terminated, and the next job starts another one. */
  timeoutMs: number;
  /** Code of the error if a job fails without its own code. */
  failure: SoundErrorCode;
  internalErrors: InternalErrors;
  log: Logger;
}

export interface Thread<Job> {
  /**
   * @param signal removes the job from the queue. A job that has started runs to its end.
   * @throws (rejects) SoundError
   */
  run(job: Job, transfer?: TransferListItem[], signal?: AbortSignal): Promise<Int16Array>;
  /** Terminates the thread and rejects all jobs. */
  close(): Promise<void>;
}

const MAX_WAITING = 500;

interface Task<Job> {
  job: Job;
  transfer: TransferListItem[];
  resolve(samples: Int16Array): void;
  reject(error: SoundError): void;
}

/** The thread starts with the first job. It keeps the process alive only while a job runs. */
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
    const tooSlow = (): void => discard(`it took more than ${timeoutMs / 1000} s`);
    timer = setTimeout(internalErrors.guard('sound thread', tooSlow), timeoutMs);
    try {
      worker ??= start();
      worker.ref();
      worker.postMessage(current.job, current.transfer);
    } catch (error) {
      discard(String(error));
    }
  };

  /** Discards the thread, which has ended or must be terminated. */
  const discard = (why: string): void => {
    const lost = worker;
    worker = undefined;
    lost?.removeAllListeners().on('error', () => undefined);
    lost?.terminate().catch(() => undefined);
    const task = current;
    next();
    task?.reject(new SoundError(failure, `Creating the sound failed: ${why}`));
    log.warn(
      { event: 'worker-lost', why, module: options.module },
      'A worker thread ended. The next job starts another one',
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
    const failed = (error: unknown): void => discard(String(error));
    const ended = (code: number): void => discard(`the thread ended with ${code}`);
    started.on('message', internalErrors.guard('sound thread', replied));
    started.on('error', internalErrors.guard('sound thread', failed));
    started.on('exit', internalErrors.guard('sound thread', ended));
    return started;
  };

  return {
    run(job, transfer = [], signal) {
      if (closed) return Promise.reject(closedError());
      if (signal?.aborted) return Promise.reject(reasonOf(signal));
      if (waiting.length >= MAX_WAITING)
        return Promise.reject(new SoundError('sounds-overloaded', 'Too many sounds are queued. Try again later'));
      return new Promise((resolve, reject) => {
        const task: Task<Job> = { job, transfer, resolve, reject };
        waiting.push(task);
        const cancel = (given: AbortSignal): void => {
          const at = waiting.indexOf(task);
          if (at < 0) return;
          waiting.splice(at, 1);
          reject(reasonOf(given));
        };
        const aborted = internalErrors.guard('sound thread', () => signal && cancel(signal));
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
 * Output of the thread is discarded: decoders print a line for each invalid frame, thousands per file.
 *
 * When run from TypeScript sources, the worker gets the loaders (`--require`) in `process.execArgv`. When compiled, it
 * inherits the default arguments.
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
