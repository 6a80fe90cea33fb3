import http from 'node:http';
import { SECRET, TOKEN, world, type World } from '../support/harness';

let w: World;
beforeEach(async () => {
  w = await world();
});
afterEach(() => w.close());

const authorization = `Basic ${Buffer.from(`${TOKEN}:${SECRET}`).toString('base64')}`;
const SOUND = Buffer.from([0x52, 0x49, 0x46, 0x46, 0x00, 0xff, 0x80, 0x7b, 0x22]); // neither JSON nor UTF-8

interface Raw {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
}

/** Sends the path unchanged, which fetch would normalise. */
function send(method: string, path: string, body?: Buffer, headers: http.OutgoingHttpHeaders = {}): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      { port: w.platform.port, host: '127.0.0.1', method, path, headers: { authorization, ...headers }, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
        );
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}
const MEDIA = '/v1/users/u-test/media';
const put = (name: string, body: Buffer, type?: string): Promise<Raw> =>
  send('PUT', `${MEDIA}/${name}`, body, type === undefined ? {} : { 'content-type': type });
const code = ({ body }: Raw): string => JSON.parse(body.toString()).code;

it('is a download, so that a browser neither shows it nor runs its scripts', async () => {
  await put('page.html', Buffer.from('<script>fetch("/sandbox/calls")</script>'), 'text/html');
  expect((await send('GET', `${MEDIA}/page.html`)).headers).toMatchObject({
    'content-type': 'text/html',
    'content-disposition': 'attachment',
    'content-security-policy': "sandbox; default-src 'none'",
    'x-content-type-options': 'nosniff',
  });
});

it('is uploaded, listed, fetched unchanged, and deleted', async () => {
  expect((await put('greeting.mp3', SOUND, 'audio/mpeg')).status).toBe(200);
  expect((await put('my%20file', SOUND)).status).toBe(200);
  const { body } = await w.v1.get('/media');
  expect(body).toEqual([
    { mediaName: 'greeting.mp3', content: `${w.platform.url}${MEDIA}/greeting.mp3`, contentLength: 9 },
    { mediaName: 'my file', content: `${w.platform.url}${MEDIA}/my%20file`, contentLength: 9 },
  ]);
  const fetched = await send('GET', `${MEDIA}/greeting.mp3`);
  expect(fetched.body).toEqual(SOUND);
  expect(fetched.headers).toMatchObject({ 'content-type': 'audio/mpeg', 'content-length': '9' });
  expect((await send('GET', `${MEDIA}/my%20file`)).headers['content-type']).toBe('application/octet-stream');
  expect((await send('HEAD', `${MEDIA}/greeting.mp3`)).headers['content-length']).toBe('9');
  expect((await w.v1.delete('/media/greeting.mp3')).status).toBe(200);
  expect((await w.v1.delete('/media/greeting.mp3')).body.code).toBe('media-not-found');
  expect((await w.v1.get('/media/greeting.mp3')).status).toBe(404);
});

it('may be JSON, text, larger than other bodies, empty, or a repeated upload', async () => {
  for (const [body, type] of [
    [Buffer.from('{"broken'), 'application/json'],
    [Buffer.from('text'), 'text/plain'],
    [Buffer.alloc(200_000, 7), 'audio/wav'],
    [Buffer.alloc(0), 'audio/wav'],
  ] as const) {
    expect((await put('a', body, type)).status).toBe(200);
    const fetched = await send('GET', `${MEDIA}/a`);
    expect(fetched.body.equals(body)).toBe(true);
    expect(fetched.headers['content-type']).toBe(type);
  }
  expect((await w.v1.get('/media')).body).toHaveLength(1);
});

it.each([
  ['by a byte', 20 * 1024 * 1024 + 1, {}],
  ['by far', 60 * 1024 * 1024, {}],
  ['by far, without saying so', 60 * 1024 * 1024, { 'transfer-encoding': 'chunked' }],
])('that is too large %s is a 413, and leaves nothing on disk', async (_how, size, headers) => {
  const refused = await send('PUT', `${MEDIA}/large`, Buffer.alloc(size), headers);
  expect([refused.status, code(refused)]).toEqual([413, 'media-too-large']);
  expect((await w.v1.get('/media')).body).toEqual([]);
});

it.each(['..%2F..%2Fetc%2Fpasswd', '%2Fetc%2Fpasswd', '..%5Cx', '%00', 'a%0Ab', '%2e%2e'])(
  'a name that is a trick, %s, leads nowhere',
  async (name) => {
    const refused = await put(name, SOUND);
    expect([refused.status, code(refused)]).toEqual([400, 'validation-error']);
    const [got, deleted] = [await send('GET', `${MEDIA}/${name}`), await send('DELETE', `${MEDIA}/${name}`)];
    expect([got.status, code(got), deleted.status]).toEqual([404, 'media-not-found', 404]);
  },
);

it('a path traversal is not a resource', async () => {
  for (const path of [`${MEDIA}/../../../etc/passwd`, `${MEDIA}/a/b`, `${MEDIA}/%`])
    expect((await send('GET', path)).status).toBeGreaterThanOrEqual(400);
  expect((await put('%zz', SOUND)).status).toBe(400);
});

it('is for its user only', async () => {
  const wrongUser = { authorization: `Basic ${Buffer.from('x:y').toString('base64')}` };
  expect((await send('PUT', `${MEDIA}/a`, SOUND, wrongUser)).status).toBe(401);
  const other = await send('PUT', '/v1/users/u-other/media/a', SOUND);
  expect([other.status, code(other)]).toEqual([401, 'user-access-denied']);
  expect((await w.v1.get('/media')).body).toEqual([]);
});

it('counts against the rate limits', async () => {
  await w.close();
  w = await world({ rateLimits: true });
  const statuses = await Promise.all(Array.from({ length: 30 }, async () => (await put('a', SOUND)).status));
  expect(statuses).toContain(429);
});
