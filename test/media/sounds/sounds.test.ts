/** Fetches and decodes files from servers on this host. */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { WaveFile } from 'wavefile';
import { createSounds, type Sounds, type SoundsOptions } from '../../../src/media/create-sounds';
import { amplitudeOf, toInt16, tone } from './tones';
import { silentLog } from '../../helpers/silent-log';

const fixture = (name: string): Buffer => readFileSync(join(__dirname, '../../fixtures', name));
const MP3 = fixture('tone-440.mp3');
const WAV = wav(440);

let requests: IncomingMessage[] = [];
const routes = new Map<string, (request: IncomingMessage, response: ServerResponse) => void>();
const server = createServer((request, response) => {
  requests.push(request);
  const route = routes.get(new URL(request.url ?? '', base).pathname);
  if (route) return route(request, response);
  response.writeHead(404).end();
});
let base: string;
const opened: Sounds[] = [];

beforeAll(async () => {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  requests = [];
  routes.clear();
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((sounds) => sounds.close()));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function open(options: Partial<SoundsOptions> = {}): (url: string) => Promise<Int16Array> {
  const sounds = createSounds({ log: silentLog, allowPrivate: true, ...options });
  opened.push(sounds);
  return (content) => sounds.load({ kind: 'playback', content });
}

function wav(hz: number): Buffer {
  const file = new WaveFile();
  file.fromScratch(1, 8_000, '16', toInt16(tone(hz, 8_000, 1)));
  return Buffer.from(file.toBuffer());
}

const serve = (path: string, body: Buffer | string, headers = {}): Map<string, unknown> =>
  routes.set(path, (_, response) => response.writeHead(200, headers).end(body));
const redirect = (path: string, location: string): Map<string, unknown> =>
  routes.set(path, (_, response) => response.writeHead(302, { location }).end());

it.each([
  ['gzip', gzipSync],
  ['X-GZIP', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
])('decodes a file that is stored with Content-Encoding %s', async (coding, encode) => {
  serve('/a.wav', encode(WAV), { 'content-encoding': coding });
  expect(await open()(`${base}/a.wav`)).toHaveLength(8_000);
});

it('limits the decoded size of a file, and rejects a broken one', async () => {
  serve('/a.wav', gzipSync(Buffer.alloc(21_000_000)), { 'content-encoding': 'gzip' });
  await expect(open()(`${base}/a.wav`)).rejects.toMatchObject({ code: 'file-too-large' });
  serve('/b.wav', WAV, { 'content-encoding': 'gzip' });
  await expect(open()(`${base}/b.wav`)).rejects.toMatchObject({ code: 'file-unreachable' });
});

it('accepts a file that a proxy has transformed (203)', async () => {
  routes.set('/a.wav', (_, response) => response.writeHead(203).end(WAV));
  expect(await open()(`${base}/a.wav`)).toHaveLength(8_000);
});

it.each([
  ['WAV', WAV, 'audio/mpeg'],
  ['MP3', MP3, 'text/plain'],
])('plays %s, whatever its media type', async (_, body, type) => {
  serve('/tone', body, { 'content-type': type });
  const samples = await open()(`${base}/tone`);
  expect(Math.abs(samples.length - 8_000)).toBeLessThan(500);
  expect(amplitudeOf(440, samples.subarray(800, 7_200)) / 32_768).toBeCloseTo(0.5, 1);
});

it('mixes all channels of an MP3, at 8 kHz and full length', async () => {
  serve('/tone', MP3);
  const samples = await open()(`${base}/tone`);
  expect(samples).toHaveLength(8_000); // without the padding of the encoder
});

it('plays two concatenated MP3s of different rates', async () => {
  serve('/tones', Buffer.concat([MP3, fixture('tone-1000-16khz.mp3')])); // 24 kHz, and 16
  const samples = await open()(`${base}/tones`);
  expect(samples.length).toBeGreaterThan(15_800);
  expect(samples.length).toBeLessThan(17_500);
  const level = (hz: number, from: number): number => amplitudeOf(hz, samples.subarray(from, from + 5_000)) / 32_768;
  expect(level(440, 1_000)).toBeCloseTo(0.5, 1);
  expect(level(1_000, 10_500)).toBeCloseTo(0.5, 1);
});

it.each<[string, Buffer | string]>([
  ['a page', '<html>not here</html>'],
  ['nothing', ''],
  ['an empty WAV', WAV.subarray(0, 44)],
  ['a file that only begins like an MP3', Buffer.concat([Buffer.from('ID3'), Buffer.alloc(2_000)])],
  ['noise', Buffer.from(Array.from({ length: 5_000 }, (_, i) => (i * 7919) & 0xff))],
])('refuses %s', async (_, body) => {
  serve('/odd', body);
  await expect(open()(`${base}/odd`)).rejects.toMatchObject({ code: 'file-not-audio' });
});

it.each([
  [404, 'file-not-found'],
  [410, 'file-not-found'],
  [401, 'file-unreachable'],
  [500, 'file-unreachable'],
  [204, 'file-unreachable'],
  [304, 'file-unreachable'],
])('tells %d as %s', async (status, code) => {
  routes.set('/x', (_, response) => response.writeHead(status).end());
  await expect(open()(`${base}/x?signature=secret`)).rejects.toMatchObject({
    code,
    message: `${base}/x returned status ${status}`,
  });
});

it('reports an unreachable server without the credentials', async () => {
  const closed = createServer();
  await new Promise<void>((listening) => closed.listen(0, '127.0.0.1', listening));
  const { port } = closed.address() as AddressInfo;
  await new Promise((done) => closed.close(done));
  const failure = open()(`http://user:secret@127.0.0.1:${port}/a.wav`);
  await expect(failure).rejects.toMatchObject({ code: 'file-unreachable' });
  await expect(failure).rejects.not.toMatchObject({ message: expect.stringContaining('secret') });
});

it('sends the credentials of the URL', async () => {
  serve('/a', WAV);
  await open()(`${base.replace('//', '//us%40er:pass@')}/a`);
  expect(requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from('us@er:pass').toString('base64')}`);
});

describe('limits', () => {
  it('rejects a file that is too large, or whose header says so', async () => {
    serve('/told', WAV);
    routes.set('/endless', (_, response) => {
      response.writeHead(200);
      const more = (): boolean => response.write(Buffer.alloc(50_000));
      response.on('drain', more);
      while (more());
    });
    const load = open({ maxBytes: 10_000 });
    await expect(load(`${base}/told`)).rejects.toMatchObject({ code: 'file-too-large' });
    await expect(load(`${base}/endless`)).rejects.toMatchObject({ code: 'file-too-large' });
  });

  it('times out if a server does not respond', async () => {
    routes.set('/mute', () => undefined);
    await expect(open({ answerMs: 50 })(`${base}/mute`)).rejects.toMatchObject({ code: 'file-too-slow' });
  });

  it('times out if a response never ends', async () => {
    routes.set('/drip', (_, response) => void response.writeHead(200).write('RIFF'));
    await expect(open({ totalMs: 50 })(`${base}/drip`)).rejects.toMatchObject({ code: 'file-too-slow' });
  });

  it('follows three redirects, not four', async () => {
    serve('/0', WAV);
    for (const hop of [1, 2, 3, 4]) redirect(`/${hop}`, `/${hop - 1}`);
    const load = open();
    expect(await load(`${base}/3`)).toHaveLength(8_000);
    await expect(load(`${base}/4`)).rejects.toMatchObject({ code: 'file-unreachable' });
  });

  it.each(['file:///etc/passwd', 'ftp://127.0.0.1/a.wav', 'data:audio/wav;base64,'])(
    'does not fetch %s',
    async (to) => {
      redirect('/away', to);
      await expect(open()(`${base}/away`)).rejects.toMatchObject({ code: 'file-unreachable' });
      await expect(open()(to)).rejects.toMatchObject({ code: 'file-unreachable' });
    },
  );
});

describe('private addresses', () => {
  /** Returns one address after the other, like an attacker's name server. */
  const rebinding = (...answers: string[]): SoundsOptions['lookup'] => {
    const lookup = (_: string, __: object, callback: (error: null, found: object[]) => void): void =>
      callback(null, [{ address: answers.shift() ?? '127.0.0.1', family: 4 }]);
    return lookup as never;
  };

  it('are not connected to', async () => {
    await expect(open({ allowPrivate: false })(`${base}/a`)).rejects.toMatchObject({ code: 'address-not-allowed' });
    expect(requests).toEqual([]);
  });

  it('are not connected to by a name', async () => {
    const load = open({ allowPrivate: false, lookup: rebinding() });
    const { port } = server.address() as AddressInfo;
    await expect(load(`http://files.example:${port}/a`)).rejects.toMatchObject({ code: 'address-not-allowed' });
    expect(requests).toEqual([]);
  });

  /** This server counts as public, all other addresses of this host do not. */
  const isAllowed = (address: string): boolean => address === '127.0.0.1';
  const port = (): number => (server.address() as AddressInfo).port;

  it.each(['http://127.0.0.2/', 'http://169.254.169.254/latest/meta-data', 'http://[::ffff:127.0.0.1]/'])(
    'are not connected to by a redirect to %s',
    async (location) => {
      redirect('/public', location);
      const load = open({ allowPrivate: false, isAllowed });
      await expect(load(`${base}/public`)).rejects.toMatchObject({ code: 'address-not-allowed' });
      expect(requests).toHaveLength(1);
    },
  );

  it('are not connected to if the name resolves to them later', async () => {
    const load = open({ allowPrivate: false, isAllowed, lookup: rebinding('127.0.0.1', '127.0.0.2') });
    serve('/a', WAV);
    expect(await load(`http://files.example:${port()}/a`)).toHaveLength(8_000);
    await expect(load(`http://files.example:${port()}/a`)).rejects.toMatchObject({ code: 'address-not-allowed' });
    expect(requests).toHaveLength(1);
  });
});

describe('a cached file', () => {
  it('is shared by concurrent requests', async () => {
    serve('/a', WAV);
    const load = open();
    const [first, second] = await Promise.all([load(`${base}/a`), load(`${base}/a`)]);
    expect(first).toBe(second);
    expect(requests).toHaveLength(1);
  });

  it('is revalidated, and not fetched again while it is unchanged', async () => {
    let etag = '"1"';
    routes.set('/a', (request, response) => {
      if (request.headers['if-none-match'] === etag) return void response.writeHead(304).end();
      response.writeHead(200, { etag }).end(etag === '"1"' ? WAV : wav(1_000));
    });
    const load = open();
    const first = await load(`${base}/a`);
    expect(await load(`${base}/a`)).toBe(first);
    etag = '"2"';
    const changed = await load(`${base}/a`);
    expect(amplitudeOf(1_000, changed) / 32_768).toBeCloseTo(0.5, 2);
    expect(requests).toHaveLength(3);
  });

  it('is fetched again if the server sends no validators', async () => {
    serve('/a', WAV);
    const load = open();
    expect(await load(`${base}/a`)).not.toBe(await load(`${base}/a`));
  });

  it('is dropped after a failure', async () => {
    const load = open();
    await expect(load(`${base}/a`)).rejects.toMatchObject({ code: 'file-not-found' });
    serve('/a', WAV);
    expect(await load(`${base}/a`)).toHaveLength(8_000);
  });
});

describe('the platform’s own media', () => {
  it('is read, not fetched', async () => {
    const own = { version: '1', length: WAV.length, read: () => Promise.resolve(WAV) };
    const load = open({ ownMedia: (url) => (url.endsWith('/media/a.wav') ? own : undefined) });
    expect(await load(`${base}/media/a.wav`)).toHaveLength(8_000);
    expect(WAV).toHaveLength(16_044); // still the caller's own
    expect(requests).toEqual([]);
    await expect(load(`${base}/media/b.wav`)).rejects.toMatchObject({ code: 'file-not-found' });
  });

  it('reports a missing file', async () => {
    const gone = (): never => {
      throw new Error('gone');
    };
    for (const ownMedia of [
      gone,
      () => ({ version: '1', length: 1, read: async () => Promise.reject(new Error('gone')) }),
    ])
      await expect(open({ ownMedia })(`${base}/media/a.wav`)).rejects.toMatchObject({ code: 'file-not-found' });
  });

  it('is not read if it is a recording of many hours', async () => {
    const read = jest.fn(() => Promise.resolve(WAV));
    const load = open({ ownMedia: () => ({ version: '1', length: 1_000_000_000, read }) });
    await expect(load(`${base}/media/a.wav`)).rejects.toMatchObject({ code: 'file-too-large' });
    expect(read).not.toHaveBeenCalled();
  });

  it('is decoded once while its version is the same', async () => {
    let version = '1';
    const read: string[] = [];
    const ownMedia = () => ({
      version,
      length: WAV.length,
      read: async () => {
        read.push(version);
        return Promise.resolve(version === '1' ? WAV : wav(1_000));
      },
    });
    const load = open({ ownMedia });
    const first = await load(`${base}/media/a.wav`);
    expect(await load(`${base}/media/a.wav`)).toBe(first);
    version = '2';
    expect(amplitudeOf(1_000, await load(`${base}/media/a.wav`)) / 32_768).toBeCloseTo(0.5, 2);
    expect(read).toEqual(['1', '2']);
  });
});

it('stops fetching and does not decode after cancellation', async () => {
  const sounds = createSounds({ log: silentLog, allowPrivate: true });
  opened.push(sounds);
  let broken: Promise<unknown> | undefined;
  const asked = new Promise<void>((resolve) =>
    routes.set('/slow', (_, response) => {
      broken = new Promise((closed) => response.once('close', closed));
      response.writeHead(200, { 'content-length': 1_000 }).flushHeaders();
      resolve();
    }),
  );
  const unwanted = new AbortController();
  const load = sounds.load({ kind: 'playback', content: `${base}/slow` }, unwanted.signal);
  load.catch(() => undefined);
  await asked;
  unwanted.abort();
  await expect(load).rejects.toMatchObject({ code: 'sounds-cancelled' });
  await broken;
});

it('aborts loads on close', async () => {
  const sounds = createSounds({ log: silentLog, allowPrivate: true });
  const asked = new Promise<void>((resolve) => routes.set('/mute', () => resolve()));
  const load = sounds.load({ kind: 'playback', content: `${base}/mute` });
  load.catch(() => undefined);
  await asked;
  await sounds.close();
  await expect(load).rejects.toMatchObject({ code: 'sounds-closed' });
});
