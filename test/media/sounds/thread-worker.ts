/** A worker whose behaviour the job determines. */
import { SoundError } from '../../../src/media/sounds/errors';
import { serve } from '../../../src/media/sounds/serve';

export type TestJob = { give: number[] } | { fail: string } | { refuse: string } | 'hang' | 'crash' | 'exit' | 'print';

serve(async (job: TestJob) => {
  if (job === 'hang') return new Promise(() => undefined);
  if (job === 'exit') process.exit(3);
  if (job === 'print') {
    console.error('printed');
    console.log('printed');
    return new Int16Array(1);
  }
  if (job === 'crash') {
    setImmediate(() => {
      throw new Error('crashed');
    });
    return new Promise(() => undefined);
  }
  if ('fail' in job) throw new Error(job.fail);
  if ('refuse' in job) throw new SoundError('file-too-large', job.refuse);
  return Promise.resolve(Int16Array.from(job.give));
});
