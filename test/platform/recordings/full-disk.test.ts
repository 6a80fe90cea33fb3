/** A disk that becomes full during a recording. */
import { open, type FileHandle } from 'node:fs/promises';
import { world, type World } from '../support/harness';

/** Free space of the disk, bytes. Sound is written in seconds of 16,000 bytes. */
const ROOM = 20_000;

let w: World;
afterEach(async () => {
  jest.restoreAllMocks();
  await w.close();
});

async function fillDisk(): Promise<void> {
  const probe = await open(__filename);
  const prototype = Object.getPrototypeOf(probe) as FileHandle;
  await probe.close();
  const write = Reflect.get(prototype, 'write') as (...args: unknown[]) => Promise<unknown>;
  jest.spyOn(prototype, 'write').mockImplementation(function (this: FileHandle, ...args: unknown[]) {
    const [, , length, position] = args as [Buffer, number, number, number];
    if (position + length <= ROOM) return write.apply(this, args) as never;
    return Promise.reject(Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }));
  });
}

const failed = async (): Promise<number> => {
  const text = await (await fetch(`${w.platform.url}/metrics`)).text();
  return Number(/^tandem_platform_recordings_failed_total (\d+)$/m.exec(text)?.[1]);
};

it('ends the recording, keeps the written part, and reports it in /errors and in a metric', async () => {
  w = await world({ sip: { host: '127.0.0.1', port: 0 }, timing: { hangUpAfterMs: 60_000 } });
  expect(await failed()).toBe(0);
  await fillDisk();
  const callId = await w.dial('+15552223333', { recordingEnabled: true });
  await w.app.next('answer');
  await w.v1.post(`/calls/${callId}/audio`, { sentence: 'Hello, hello, hello, hello, hello', loopEnabled: true });
  const event = await w.app.next('recording');
  expect(event).toMatchObject({ callId, state: 'complete' });
  expect((await w.v1.get(`/calls/${callId}`)).body.state).toBe('active');

  const { body: errors } = await w.v1.get('/errors');
  expect(errors).toMatchObject([{ code: 'recording-cut-short', message: expect.stringContaining('ENOSPC') }]);
  expect(await failed()).toBe(1);
  const [file] = (await w.v1.get('/media')).body;
  expect(file.contentLength).toBeGreaterThanOrEqual(44);
  expect(file.contentLength).toBeLessThanOrEqual(ROOM);
});
