/** Cross-site browser requests to Tandem and to the embedded platform. */
import { once } from 'node:events';
import request from 'supertest';
import { WebSocket } from 'ws';
import type { Platform } from '../../src/platform';
import { ACCOUNT, fastPlatform } from '../helpers/tandem';
import { CALLER, NUMBER, PSTN, testApp } from '../helpers/builders';
import { incomingCallBody } from '../helpers/v1-events';

type Fields = Record<string, string>;

const OURS = 'https://voice.example.com';
const FRIEND = 'https://app.example.org';
const ORIGINS = { own: [OURS], allowed: [FRIEND] };
const SPEECH = { to: PSTN, from: NUMBER, sentence: 'Hello' };

/** Headers that browsers send for a page of another site. */
const FOREIGN: [string, Fields, string][] = [
  ['a cross-site request', { 'sec-fetch-site': 'cross-site', origin: 'http://evil.example' }, 'cross-site-request'],
  ['a cross-site request without an Origin', { 'sec-fetch-site': 'cross-site' }, 'cross-site-request'],
  ['a page of another port', { 'sec-fetch-site': 'same-site', origin: 'http://127.0.0.1:8080' }, 'cross-site-request'],
  ['an unknown Sec-Fetch-Site', { 'sec-fetch-site': 'cousin' }, 'cross-site-request'],
  ['two Sec-Fetch-Sites', { 'sec-fetch-site': 'same-origin, cross-site' }, 'cross-site-request'],
  ['an older browser', { origin: 'http://evil.example' }, 'origin-not-allowed'],
  ['a sandboxed frame', { origin: 'null' }, 'origin-not-allowed'],
  ['a friend over http', { origin: 'http://app.example.org' }, 'origin-not-allowed'],
  ['a name that begins like a friend', { origin: `${FRIEND}.evil.example` }, 'origin-not-allowed'],
  ['an extension', { origin: 'chrome-extension://abcdef' }, 'origin-not-allowed'],
  ['our host on another port', { origin: 'http://voice.example.com:81' }, 'origin-not-allowed'],
  // DNS rebinding: for the browser the page is same-origin.
  ['a name that leads here', { host: 'evil.example:3000', origin: 'http://evil.example:3000' }, 'host-not-allowed'],
];
const OWN: [string, Fields][] = [
  ['a program', {}],
  ['a page of PUBLIC_BASE_URL', { 'sec-fetch-site': 'same-origin', origin: OURS, host: 'voice.example.com' }],
  [
    'a page at the address in Host',
    { 'sec-fetch-site': 'same-origin', origin: 'http://127.0.0.1:8', host: '127.0.0.1:8' },
  ],
  ['a page at localhost', { 'sec-fetch-site': 'same-origin', origin: 'http://localhost:8', host: 'localhost:8' }],
  ['a page at an IPv6 address', { origin: 'http://[::1]:8', host: '[::1]:8' }],
  ['a page of an allowed origin', { 'sec-fetch-site': 'cross-site', origin: FRIEND }],
  ['an address that was typed', { 'sec-fetch-site': 'none' }],
];

describe('Tandem', () => {
  const sends: [string, (app: ReturnType<typeof testApp>['app']) => request.Test][] = [
    ['POST /calls', (app) => request(app).post('/calls').send(SPEECH)],
    ['POST /webhooks/voice', (app) => request(app).post('/webhooks/voice').send(incomingCallBody())],
    ['POST /WebHooks/voice/', (app) => request(app).post('/WebHooks/voice/').send(incomingCallBody())],
  ];

  describe.each(sends)('%s', (_, send) => {
    it.each(FOREIGN)('of %s is refused without effect', async (_what, headers, code) => {
      const { app, control, store } = testApp({ origins: ORIGINS });
      const { status, body, headers: answer } = await send(app).set(headers);
      expect([status, body.code]).toEqual([403, code]);
      expect(answer['access-control-allow-origin']).toBeUndefined();
      expect(control.asked).toEqual([]);
      expect(await store.get(CALLER)).toBeUndefined();
    });

    it.each(OWN)('of %s is allowed', async (_what, headers) => {
      const { app, control } = testApp({ origins: ORIGINS });
      expect((await send(app).set(headers)).status).toBeLessThan(300);
      expect(control.names()).toEqual(['dial']);
    });
  });

  it('refuses before authentication, so that credentials of the browser have no effect', async () => {
    const { app } = testApp({ apiToken: 'secret', webhookCredentials: { username: 'a', password: 'b' } });
    const foreign = { 'sec-fetch-site': 'cross-site' };
    expect(
      (await request(app).post('/calls').set(foreign).auth('secret', { type: 'bearer' }).send(SPEECH)).status,
    ).toBe(403);
    expect((await request(app).post('/webhooks/voice').set(foreign).send(incomingCallBody())).status).toBe(403);
  });

  it.each(['get', 'head'] as const)('refuses %s of an event, which also changes state', async (method) => {
    const webhookCredentials = { username: 'a', password: 'b' };
    const { app, control } = testApp({ webhookMethod: 'GET', webhookCredentials });
    const image = request(app)[method]('/webhooks/voice').set('sec-fetch-site', 'cross-site').auth('a', 'b');
    expect((await image.query({ ...incomingCallBody() })).status).toBe(403);
    expect(control.asked).toEqual([]);
  });

  it('refuses reads of a page with a foreign name of this server, even without credentials', async () => {
    const { app } = testApp();
    const { status, body } = await request(app).get('/calls').set('host', 'evil.example:3000');
    expect([status, body.code]).toEqual([403, 'host-not-allowed']);
    const closed = testApp({ apiToken: 'secret', webhookCredentials: { username: 'a', password: 'b' } });
    expect((await request(closed.app).get('/calls').set('host', 'tandem.internal')).status).toBe(401);
  });

  it('answers preflights of allowed origins only', async () => {
    const { app } = testApp({ origins: ORIGINS, apiToken: 'secret' });
    const preflight = (origin: string) =>
      request(app)
        .options('/calls')
        .set({ origin, 'access-control-request-method': 'POST', 'sec-fetch-site': 'cross-site' });
    const { status, headers } = await preflight(FRIEND);
    expect(status).toBe(204);
    expect(headers).toMatchObject({
      'access-control-allow-origin': FRIEND,
      'access-control-allow-headers': expect.stringMatching(/authorization.*content-type/),
      vary: expect.stringContaining('Origin'),
    });
    expect(headers['access-control-allow-credentials']).toBeUndefined();
    expect((await preflight('http://evil.example')).headers['access-control-allow-origin']).toBeUndefined();
    const read = await request(app).get('/calls').set('origin', FRIEND).auth('secret', { type: 'bearer' });
    expect([read.status, read.headers['access-control-allow-origin']]).toEqual([200, FRIEND]);
  });
});

describe('the platform', () => {
  let platform: Platform;
  beforeAll(async () => {
    const origins = { ...ORIGINS, webSocket: ['https://phone.example.net'] };
    platform = await fastPlatform({ origins, sip: { host: '127.0.0.1', port: 0 } });
  });
  afterAll(() => platform.close());

  const send = (method: 'post' | 'put' | 'delete', path: string) =>
    request(platform.url)[method](path).auth(ACCOUNT.token, ACCOUNT.secret);
  const userPath = `/v1/users/${ACCOUNT.userId}`;
  const resources = () =>
    Promise.all(
      ['/applications', '/phoneNumbers', '/calls', '/media'].map(async (path) => {
        const { body } = await request(platform.url)
          .get(userPath + path)
          .auth(ACCOUNT.token, ACCOUNT.secret);
        return body as unknown;
      }),
    );
  const noHost = FOREIGN.filter(([, { host }]) => host === undefined);

  it.each(noHost)('refuses every change of state by %s, even with correct credentials', async (_, headers, code) => {
    const before = await resources();
    for (const attempt of [
      send('post', `${userPath}/applications`).send({ name: 'x', incomingCallUrl: 'http://127.0.0.1/' }),
      send('post', '/v1/availableNumbers/local?areaCode=910&quantity=1'),
      send('post', '/sandbox/calls').send({ from: '+15551112222', to: PSTN }),
      send('put', `${userPath}/media/x.wav`).type('audio/wav').send('RIFF'),
      send('delete', `${userPath}/applications/a-1`),
    ]) {
      const { status, body } = await attempt.set(headers);
      expect([status, body]).toEqual([403, { category: 'forbidden', code, message: expect.any(String), details: [] }]);
    }
    expect(await resources()).toEqual(before);
  });

  it('does not trust a foreign name of this server', async () => {
    const rebound = { host: 'evil.example:3001', origin: 'http://evil.example:3001' };
    const { status, body } = await send('post', '/sandbox/calls').set(rebound).send({ from: PSTN, to: NUMBER });
    expect([status, body.code]).toEqual([403, 'origin-not-allowed']);
  });

  it.each(OWN)('accepts requests of %s', async (_, headers) => {
    const made = send('post', `${userPath}/applications`).send({ name: 'x', incomingCallUrl: 'http://127.0.0.1/' });
    const { status, headers: answer } = await made.set(headers);
    expect(status).toBe(201);
    const id = String(answer['location']).split('/').pop();
    expect((await send('delete', `${userPath}/applications/${id}`)).status).toBe(200);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/json'])(
    'takes no body of the type %s: 415',
    async (type) => {
      for (const path of [`${userPath}/calls`, '/sandbox/calls', `${userPath}/domains`]) {
        const { status, body } = await send('post', path)
          .type(type)
          .send('{"from":"+15551112222","to":"+15552223333"}');
        expect([status, body.code]).toEqual([415, 'unsupported-media-type']);
      }
    },
  );

  it('accepts a POST without a body and without a type', async () => {
    const { status } = await send('post', '/v1/availableNumbers/local?areaCode=910&quantity=1');
    expect(status).toBe(200);
  });

  const upgrade = async (headers: Fields, { url } = platform): Promise<number> => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/sip`, 'sip', { headers });
    const refused = once(socket, 'unexpected-response').then(
      ([, response]: { statusCode: number }[]) => response!.statusCode,
    );
    socket.on('error', () => undefined);
    const status = await Promise.race([once(socket, 'open').then(() => 101), refused]);
    socket.terminate();
    return status;
  };

  it.each([
    ['http://evil.example', 403],
    ['http://127.0.0.1:1', 403],
    [FRIEND, 403],
    ['null', 403],
    ['', 403],
    ['https://phone.example.net', 101],
    [OURS, 101],
  ])('answers a WebSocket of the origin "%s" with %d', async (origin, status) => {
    expect(await upgrade({ origin })).toBe(status);
  });

  it('accepts WebSockets of its own pages and of programs, but not of a foreign name of this server', async () => {
    expect(await upgrade({ origin: platform.url })).toBe(101);
    expect(await upgrade({})).toBe(101);
    expect(await upgrade({ host: 'evil.example', origin: 'http://evil.example' })).toBe(403);
  });

  it('accepts WebSockets of any origin if SIP_WS_ORIGINS is *', async () => {
    const origins = { own: [], allowed: [], webSocket: '*' as const };
    const open = await fastPlatform({ origins, sip: { host: '127.0.0.1', port: 0 } });
    expect(await upgrade({ origin: 'http://evil.example' }, open)).toBe(101);
    await open.close();
  });
});
