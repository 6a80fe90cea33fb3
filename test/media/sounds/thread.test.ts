/** A worker thread and its failures, with `thread-worker.ts`. */
import { join } from 'node:path';
import { createInternalErrors, type InternalErrors } from '../../../src/support/internal-errors';
import { createThread, type Thread } from '../../../src/media/sounds/thread';
import type { TestJob } from './thread-worker';
import { silentLog } from '../../helpers/silent-log';

const TIMEOUT_MS = 60_000;
let thread: Thread<TestJob>;
let internalErrors: InternalErrors;
let warn: jest.SpyInstance;
beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
  const log = { ...silentLog };
  warn = jest.spyOn(log, 'warn');
  internalErrors = createInternalErrors(log);
  thread = createThread({
    module: join(__dirname, 'thread-worker'),
    timeoutMs: TIMEOUT_MS,
    failure: 'speech-failed',
    internalErrors,
    log,
  });
});
afterEach(async () => {
  await thread.close();
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

const give = async (...samples: number[]): Promise<number[]> => Array.from(await thread.run({ give: samples }));

it('handles jobs in order', async () => {
  expect(await Promise.all([give(1), give(2, 3), give()])).toEqual([[1], [2, 3], []]);
});

it('reports a failure with its own code if it has one, and continues', async () => {
  await expect(thread.run({ fail: 'no' })).rejects.toMatchObject({ code: 'speech-failed', message: 'no' });
  await expect(thread.run({ refuse: 'big' })).rejects.toMatchObject({ code: 'file-too-large', message: 'big' });
  expect(await give(1)).toEqual([1]);
});

it.each(['crash', 'exit'] as const)(
  'rejects the job during which the thread ended (%s), and starts another thread',
  async (job) => {
    const lost = expect(thread.run(job)).rejects.toMatchObject({ code: 'speech-failed' });
    expect(await give(1)).toEqual([1]);
    await lost;
  },
);

it('terminates a thread that takes too long, and starts another', async () => {
  await give(1);
  const lost = expect(thread.run('hang')).rejects.toMatchObject({ code: 'speech-failed' });
  const next = give(2);
  jest.advanceTimersByTime(TIMEOUT_MS - 1);
  jest.advanceTimersByTime(1);
  await lost;
  expect(await next).toEqual([2]);
});

it('rejects jobs beyond the limit of the queue', async () => {
  void thread.run('hang').catch(() => undefined);
  const waiting = Array.from({ length: 500 }, () => thread.run({ give: [] }).catch(() => undefined));
  await expect(thread.run({ give: [] })).rejects.toMatchObject({ code: 'sounds-overloaded' });
  await thread.close();
  await Promise.all(waiting);
});

it('cancels a queued job. A started one runs to its end', async () => {
  const [begun, waiting] = [new AbortController(), new AbortController()];
  const first = thread.run({ give: [1] }, [], begun.signal);
  const second = thread.run({ give: [2] }, [], waiting.signal);
  const third = give(3);
  begun.abort();
  waiting.abort();
  await expect(second).rejects.toMatchObject({ code: 'sounds-cancelled' });
  await expect(thread.run({ give: [] }, [], waiting.signal)).rejects.toMatchObject({ code: 'sounds-cancelled' });
  expect([Array.from(await first), await third]).toEqual([[1], [3]]);
});

it('discards the output of the thread', async () => {
  const [out, err] = [jest.spyOn(process.stdout, 'write'), jest.spyOn(process.stderr, 'write')];
  await thread.run('print');
  await thread.close();
  const printed = [...out.mock.calls, ...err.mock.calls].map(([text]) => String(text));
  jest.restoreAllMocks();
  expect(printed.filter((text) => text.includes('printed'))).toEqual([]);
});

it('rejects a job that cannot be posted, and continues', async () => {
  const job = { give: [], clone: () => undefined };
  await expect(thread.run(job)).rejects.toMatchObject({ code: 'speech-failed' });
  expect(await give(1)).toEqual([1]);
});

it('counts exceptions in handlers of the thread, and continues', async () => {
  warn.mockImplementationOnce(() => {
    throw new Error('the log is broken');
  });
  await expect(thread.run('crash')).rejects.toMatchObject({ code: 'speech-failed' });
  expect(await give(1)).toEqual([1]);
  expect(internalErrors.total).toBe(1);
});
