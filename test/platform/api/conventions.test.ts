/** Rules of all routes: credentials, errors, paging. */
import { client, NUMBER, platform, SECRET, TOKEN, USER, world, type Json, type World } from '../support/harness';

let w: World;
beforeAll(async () => {
  w = await world();
});
afterAll(() => w.close());

const BASE = `/v1/users/${USER}`;

describe('credentials', () => {
  it.each([
    ['none', {}],
    ['a wrong secret', { Authorization: `Basic ${Buffer.from(`${TOKEN}:nope`).toString('base64')}` }],
    ['another scheme', { Authorization: `Bearer ${SECRET}` }],
    ['rubbish', { Authorization: 'Basic ###' }],
  ])('%s: 401 with a body, on every path', async (_what, headers) => {
    for (const path of [`${BASE}/calls`, '/v1/availableNumbers/local', '/sandbox/calls', '/nowhere']) {
      const response = await fetch(w.platform.url + path, { headers });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toMatch(/^Basic /);
      expect(await response.json()).toMatchObject({ category: 'authentication', code: 'invalid-credentials' });
    }
  });

  it('of one user do not give access to resources of another', async () => {
    const { status, body } = await client(w.platform.url, '/v1/users/u-other').get('/calls');
    expect([status, body.category, body.code]).toEqual([401, 'authorization', 'user-access-denied']);
  });
});

describe('errors', () => {
  const v1Error = { category: expect.any(String), code: expect.any(String), message: expect.any(String) };

  it('have the body of v1 for everything unknown', async () => {
    for (const [path, code] of [
      ['/applications/a-none', 'application-not-found'],
      ['/phoneNumbers/%2B15550001111', 'number-not-found'],
      ['/domains/rd-none', 'domain-not-found'],
      ['/domains/rd-none/endpoints', 'domain-not-found'],
      [`/domains/${w.domainId}/endpoints/re-none`, 'endpoint-not-found'],
      ['/calls/c-none', 'call-not-found'],
      ['/calls/c-none/events', 'call-not-found'],
      ['/calls/c-none/recordings', 'call-not-found'],
      ['/bridges/brg-none', 'bridge-not-found'],
      ['/errors/ue-none', 'error-not-found'],
      ['/nowhere', 'resource-not-found'],
      ['/', 'resource-not-found'],
    ] as const) {
      const { status, body } = await w.v1.get(path);
      expect([path, status, body]).toEqual([path, 404, { ...v1Error, code, category: 'not-found', details: [] }]);
    }
    expect((await w.v1.send('PUT', '/applications', {})).status).toBe(404);
  });

  it.each([
    ['malformed JSON', '{"name":', 400],
    ['JSON that is no object', '[]', 400],
    ['text', 'name=x', 400],
    ['too much', JSON.stringify({ name: 'x'.repeat(70_000) }), 413],
  ])('%s: a validation-error, without a stack trace', async (_what, body, status) => {
    const answer = await w.v1.send('POST', '/applications', body);
    expect([answer.status, answer.body.code]).toEqual([status, 'validation-error']);
    expect(answer.text).not.toMatch(/node_modules|\bat /);
  });

  it('a badly encoded path: a validation-error', async () => {
    const { status, body } = await w.v1.get('/calls/%E0%A4%A');
    expect([status, body.code]).toEqual([400, 'validation-error']);
  });

  it('name the invalid field', async () => {
    const { body } = await w.v1.post('/calls', { from: NUMBER, to: 'x', callTimeout: 301, callbackUrl: 'nope' });
    expect(body.message).toMatch(/^to: /);
    expect(body.details.map((detail: Json) => detail.name)).toEqual(['to', 'callTimeout', 'callbackUrl']);
  });
});

describe('paging', () => {
  let page: World;
  beforeAll(async () => {
    page = await world();
    for (let i = 0; i < 4; i++) await page.v1.post('/phoneNumbers', { number: `+1919555010${i}`, name: 'n' });
  });
  afterAll(() => page.close());

  const links = (header: string | null): Record<string, string> =>
    Object.fromEntries([...(header ?? '').matchAll(/<([^>]+)>; rel="(\w+)"/g)].map(([, url, rel]) => [rel, url]));

  it('has absolute links to first, previous and next, which keep the filter', async () => {
    const { body, headers } = await page.v1.get('/phoneNumbers?name=n&size=2&page=1');
    expect(body.map((number: Json) => number.number)).toEqual(['+19195550102', '+19195550103']);
    const origin = `${page.platform.url}/v1/users/u-test/phoneNumbers`;
    expect(links(headers.get('link'))).toEqual({
      first: `${origin}?name=n&size=2&page=0`,
      previous: `${origin}?name=n&size=2&page=0`,
    });
    const first = await page.v1.get('/phoneNumbers?name=n&size=2');
    expect(links(first.headers.get('link'))['next']).toBe(`${origin}?name=n&size=2&page=1`);
  });

  it.each(['size=0', 'size=1001', 'page=-1', 'page=x', 'size=1&size=2'])('refuses %s', async (query) => {
    expect((await page.v1.get(`/phoneNumbers?${query}`)).status).toBe(400);
  });
});

describe('the platform', () => {
  it('has no sandbox if it is off', async () => {
    const running = await platform({ sandbox: false });
    expect((await client(running.url, '/sandbox').get('/calls')).status).toBe(404);
    await running.close();
  });

  it('rejects with EADDRINUSE if its port is taken', async () => {
    await expect(platform({ port: w.platform.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('closes with active calls, playbacks and pending deliveries', async () => {
    const busy = await world();
    busy.app.reply = ({ event }) => (event['eventType'] === 'answer' ? 'hang' : 200);
    const id = await busy.dial('+15552223333');
    await busy.app.next('answer');
    await busy.v1.post(`/calls/${id}/audio`, { sentence: 'x', loopEnabled: true });
    await busy.dial('+15550000002');
    await busy.close();
    await expect(fetch(busy.platform.url)).rejects.toThrow();
    expect(busy.app.types()).toEqual(['answer']); // what was still queued is never sent
  });
});
