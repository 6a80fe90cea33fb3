/** Recordings of simulated calls on a platform with sound contain what the platform plays. */
import { WaveFile } from 'wavefile';
import { NUMBER, SECRET, TOKEN, world, type World } from '../support/harness';

let w: World;
beforeEach(async () => {
  w = await world({ sip: { host: '127.0.0.1', port: 0 } });
});
afterEach(() => w.close());

async function samplesOf(url: string): Promise<Int16Array> {
  const authorization = `Basic ${Buffer.from(`${TOKEN}:${SECRET}`).toString('base64')}`;
  const response = await fetch(url, { headers: { authorization } });
  const wav = new WaveFile(new Uint8Array(await response.arrayBuffer()));
  return Int16Array.from(wav.getSamples(false, Int16Array));
}

/** Root mean square. */
function loudness(samples: Int16Array): number {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
}

/** Half a second of 440 Hz. */
function tone(): Buffer {
  const wav = new WaveFile();
  const samples = Int16Array.from({ length: 4_000 }, (_, i) => 8_000 * Math.sin((2 * Math.PI * 440 * i) / 8_000));
  wav.fromScratch(1, 8_000, '16', samples);
  return Buffer.from(wav.toBuffer());
}

it('an uploaded file played to a simulated far end is in the recording, between silence', async () => {
  const authorization = `Basic ${Buffer.from(`${TOKEN}:${SECRET}`).toString('base64')}`;
  const content = `${w.platform.url}/v1/users/u-test/media/tone.wav`;
  await fetch(content, { method: 'PUT', body: new Uint8Array(tone()), headers: { authorization } });
  const id = await w.dial('+15552223333', { recordingEnabled: true });
  await w.app.next('answer');
  await w.v1.post(`/calls/${id}/audio`, { fileUrl: content });
  await w.app.next('playback', ({ status }) => status === 'done');
  await w.v1.post(`/calls/${id}`, { state: 'completed' });
  const { recordingUri = '' } = await w.app.next('recording');
  const { media } = (await w.v1.get(`/recordings/${recordingUri.split('/').pop()}`)).body;
  const samples = await samplesOf(media);
  const begin = samples.findIndex((sample) => Math.abs(sample) > 1_000);
  const end = samples.findLastIndex((sample) => Math.abs(sample) > 1_000);
  expect((end - begin) / 8).toBeGreaterThan(480);
  expect((end - begin) / 8).toBeLessThan(520);
  expect(loudness(samples.subarray(begin, end))).toBeCloseTo(8_000 / Math.SQRT2, -3);
});

it('a playback into a loopback call is in the recording of the other call', async () => {
  const outgoing = await w.dial(NUMBER);
  const { callId: incoming } = await w.app.next('incomingcall');
  await w.v1.post(`/calls/${incoming}`, { state: 'active', recordingEnabled: true });
  await w.app.next('answer', ({ callId }) => callId === outgoing);
  await w.v1.post(`/calls/${outgoing}/audio`, { sentence: 'Hello' });
  await w.app.next('speak', ({ status }) => status === 'done');
  await w.v1.post(`/calls/${outgoing}`, { state: 'completed' });
  const { recordingUri = '' } = await w.app.next('recording', ({ callId }) => callId === incoming);
  const { media } = (await w.v1.get(`/recordings/${recordingUri.split('/').pop()}`)).body;
  expect(loudness(await samplesOf(media))).toBeGreaterThan(200);
});
