/** Worker side of `thread.ts`: creates a sound for each job. */
import { parentPort } from 'node:worker_threads';
import { messageOf } from '../../support/errors';
import { SoundError, type SoundErrorCode } from './errors';

/** The result of a job: samples of 8 kHz, 16 bits, native byte order; or the error. */
export type Reply = { samples: ArrayBuffer } | { code: SoundErrorCode | undefined; message: string };

/** Handles the jobs of this worker thread. */
export function serve<Job>(make: (job: Job) => Promise<Int16Array>): void {
  const port = parentPort;
  if (!port) return;
  const answer = async (job: Job): Promise<void> => {
    try {
      const samples = new Int16Array(await make(job)).buffer;
      const reply: Reply = { samples };
      port.postMessage(reply, [samples]);
    } catch (error) {
      const code = error instanceof SoundError ? error.code : undefined;
      const reply: Reply = { code, message: messageOf(error) };
      port.postMessage(reply);
    }
  };
  // eslint-disable-next-line @typescript-eslint/no-floating-promises -- `thread.ts` detects the end of the thread
  port.on('message', (job: Job) => void answer(job));
}
