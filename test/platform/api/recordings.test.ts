import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { WaveFile } from 'wavefile';
import { SECRET, TOKEN, world, type Json, type World } from '../support/harness';

let w: World;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'tandem-test-'));
  w = await world({ recordingsDir: folder });
});
afterEach(async () => {
  await w.close();
  await rm(folder, { recursive: true });
});

const authorization = `Basic ${Buffer.from(`${TOKEN}:${SECRET}`).toString('base64')}`;
const download = async (url: string): Promise<Buffer> => {
  const response = await fetch(url, { headers: { authorization } });
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'audio/wav']);
  expect(response.headers.get('content-disposition')).toBe('attachment');
  return Buffer.from(await response.arrayBuffer());
};

it('a recorded call is listed, returned, and fetched as WAV', async () => {
  const id = await w.dial('+15552223333', { recordingEnabled: 'true', recordingFileFormat: 'mp3', tag: 't' });
  await w.app.next('answer');
  const [running] = (await w.v1.get('/recordings')).body;
  expect(running).toEqual({
    id: expect.stringMatching(/^rec-/),
    startTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    call: `${w.platform.url}/v1/users/u-test/calls/${id}`,
    state: 'recording',
  });
  await w.v1.post(`/calls/${id}/audio`, { sentence: 'x'.repeat(200) }); // 200 ms
  await w.app.next('speak', ({ status }) => status === 'done');
  await w.v1.post(`/calls/${id}`, { state: 'completed' });

  const event = await w.app.next('recording');
  expect(event).toMatchObject({
    callId: id,
    recordingId: running.id,
    recordingUri: `${w.platform.url}/v1/users/u-test/recordings/${running.id}`,
    state: 'complete',
    status: 'complete',
    tag: 't',
  });
  expect(w.app.types().slice(-2)).toEqual(['hangup', 'recording']);
  const shown = (await w.v1.get(`/recordings/${running.id}`)).body;
  expect(shown).toEqual({
    ...running,
    state: 'complete',
    endTime: event['endTime'],
    media: `${w.platform.url}/v1/users/u-test/media/${id}-1.wav`,
  });
  expect((await w.v1.get(`/calls/${id}/recordings`)).body).toEqual([shown]);
  const bytes = await download(shown.media);
  const seconds = Number(new WaveFile(bytes).getSamples(false, Int16Array).length) / 8_000;
  expect(seconds).toBeGreaterThanOrEqual(0.19);
  // Times are whole seconds.
  const told = (Date.parse(shown.endTime) - Date.parse(shown.startTime)) / 1000;
  expect(Math.abs(seconds - told)).toBeLessThanOrEqual(1);
  expect((await w.v1.get('/media')).body).toEqual([
    { mediaName: `${id}-1.wav`, content: shown.media, contentLength: bytes.length },
  ]);
});

it('is switched on and off during the call', async () => {
  const id = await w.dial('+15552223333');
  await w.app.next('answer');
  const update = (body: object): Promise<Json> => w.v1.post(`/calls/${id}`, body);
  for (let n = 0; n < 2; n++) {
    expect((await update({ recordingEnabled: true, recordingMaxDuration: '60' })).status).toBe(200);
    expect((await w.v1.get(`/calls/${id}`)).body).toMatchObject({ recordingEnabled: true });
    await update({ recordingEnabled: 'false' });
    expect(await w.app.next('recording')).toMatchObject({ state: 'complete' });
  }
  const recordings = (await w.v1.get(`/calls/${id}/recordings`)).body;
  expect(recordings.map(({ media }: Json) => media.split('/').pop())).toEqual([`${id}-1.wav`, `${id}-2.wav`]);
  const { body, headers } = await w.v1.get('/recordings?size=1');
  expect(body).toEqual([recordings[1]]); // the newest first
  expect(headers.get('link')).toContain('rel="next"');
  expect((await w.v1.get('/recordings?size=1&page=1')).body).toEqual([recordings[0]]);
  for (const recordingMaxDuration of [0, -1, 'x', 86_401])
    expect((await update({ recordingMaxDuration })).body.message).toMatch(/^recordingMaxDuration: /);
});

it('a call without recordings has an empty list; an unknown recording is a 404', async () => {
  const id = await w.dial('+15552223333');
  expect((await w.v1.get(`/calls/${id}/recordings`)).body).toEqual([]);
  expect((await w.v1.get('/calls/c-none/recordings')).body.code).toBe('call-not-found');
  expect((await w.v1.get('/recordings/rec-none')).body).toMatchObject({ code: 'recording-not-found' });
});

it('expired recordings are deleted from disk', async () => {
  await w.close();
  w = await world({ recordingsDir: folder, retention: { max: 1, ageMs: 60_000 } });
  for (let n = 0; n < 2; n++) {
    const id = await w.dial('+15552223333', { recordingEnabled: true });
    await w.app.next('answer');
    await w.v1.post(`/calls/${id}`, { state: 'completed' });
    await w.app.next('recording');
  }
  const [{ media }, ...none] = (await w.v1.get('/recordings')).body;
  expect(none).toEqual([]);
  expect((await w.v1.get('/media')).body).toHaveLength(1);
  await w.close();
  expect(await readdir(folder)).toEqual([media.split('/').pop()]);
  w = await world();
});
