/**
 * Requests of the official SDKs except Node's, and of old documentation samples, as raw HTTP, and how they read the
 * replies. `test/sdk` tests the Node SDK.
 */
import http from 'node:http';
import { ENDPOINT, NUMBER, SECRET, TOKEN, world, type World } from '../support/harness';

let w: World;
beforeEach(async () => {
  w = await world();
});
afterEach(() => w.close());

const USER = '/v1/users/u-test';

interface RawReply {
  status: number;
  /** The raw headers, with the case of their names. */
  rawHeaders: string[];
  headers: http.IncomingHttpHeaders;
  body: string;
}

function raw(method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<RawReply> {
  const authorization = `Basic ${Buffer.from(`${TOKEN}:${SECRET}`).toString('base64')}`;
  return new Promise((resolve, reject) => {
    const request = http.request(w.platform.url + path, { method, headers: { authorization, ...headers } });
    request.on('error', reject);
    request.on('response', (response) => {
      let text = '';
      response.on('data', (data) => (text += String(data)));
      response.on('end', () => {
        const { statusCode: status = 0, rawHeaders, headers: got } = response;
        resolve({ status, rawHeaders, headers: got, body: text });
      });
    });
    request.end(body);
  });
}

const json = { 'Content-Type': 'application/json' };

describe('Location', () => {
  it.each<[string, string, () => object]>([
    ['applications', '/applications', () => ({ name: 'a', incomingCallUrl: 'http://x/' })],
    ['calls', '/calls', () => ({ from: NUMBER, to: '+15552223333' })],
    ['bridges', '/bridges', () => ({})],
    ['domains', '/domains', () => ({ name: 'other' })],
    ['phoneNumbers', '/phoneNumbers', () => ({ number: '+15554440009' })],
    ['endpoints', '/domains/ID/endpoints', () => ({ name: 'bob', credentials: { password: 'secret1' } })],
  ])('of %s is absolute, and is the URL of the new resource', async (_, path, body) => {
    const resource = path.replace('ID', w.domainId);
    const { status, headers } = await w.v1.post(resource, body());
    const location = headers.get('location') ?? '';
    expect(status).toBe(201);
    expect(location).toMatch(`${w.platform.url}${USER}${resource}/`);
    // Java: the id is what follows the URL of the collection.
    const id = location.slice(`${w.platform.url}${USER}${resource}/`.length);
    expect((await w.v1.get(`${resource}/${id}`)).body).toMatchObject({ id });
  });

  it('of a gather and of the sandbox is also absolute', async () => {
    const id = await w.dial('+15552223333');
    await w.app.next('answer');
    const gather = await w.v1.post(`/calls/${id}/gather`, { maxDigits: '1' });
    expect(gather.headers.get('location')).toMatch(`${w.platform.url}${USER}/calls/${id}/gather/`);
    const phone = await w.sandbox.post('/phones', { sipUri: ENDPOINT });
    expect(phone.headers.get('location')).toMatch(`${w.platform.url}/sandbox/phones/`);
  });

  it('has the host that the client used, and https behind a TLS proxy', async () => {
    const body = JSON.stringify({ name: 'a', incomingCallUrl: 'http://x/' });
    const named = await raw('POST', `${USER}/applications`, { ...json, Host: 'platform.example:8080' }, body);
    expect(named.headers.location).toMatch(/^http:\/\/platform\.example:8080\/v1\/users\/u-test\/applications\/a-/);
    const proxied = { ...json, Host: 'api.example', 'X-Forwarded-Proto': 'https' };
    const secure = await raw('POST', `${USER}/applications`, proxied, body);
    expect(secure.headers.location).toMatch(/^https:\/\/api\.example\/v1\//);
  });
});

it('all times are whole seconds (Java)', async () => {
  const SECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
  const id = await w.dial('+15552223333', { recordingEnabled: true });
  await w.app.next('answer');
  const { id: gather } = await w.v1.post(`/calls/${id}/gather`, {});
  await w.v1.post(`/calls/${id}/gather/${gather}`, { state: 'completed' });
  const { id: bridge } = await w.v1.post('/bridges', { callIds: [id] });
  await w.v1.post(`/calls/${id}`, { state: 'completed' });
  await w.app.next('recording');
  await w.sandbox.post('/calls', { from: '+12223334444', to: NUMBER });
  w.app.reply = () => 500;
  await w.incoming('+12223334444', NUMBER);
  await w.app.next('hangup', (event) => event['from'] === '+12223334444');

  const shown = await Promise.all(
    [
      `/calls/${id}`,
      `/calls/${id}/events`,
      `/calls/${id}/gather/${gather}`,
      `/bridges/${bridge}`,
      '/recordings',
      '/phoneNumbers',
      '/errors',
    ].map(async (path) => (await w.v1.get(path)).text),
  );
  const events = w.app.received.map(({ event }) => JSON.stringify(event));
  const times = [...shown, ...events].flatMap((text) =>
    [...text.matchAll(/"(?:time|\w+Time)":"([^"]*)"/g)].map(([, time]) => time),
  );
  expect(times.length).toBeGreaterThan(15);
  for (const time of times) expect(time).toMatch(SECONDS);
});

it('events have an id, which distinguishes digits pressed twice within a second', async () => {
  const id = await w.dial('+15552223333');
  await w.app.next('answer');
  await w.sandbox.post(`/calls/${id}/dtmf`, { digits: '55' });
  const [one, two] = [await w.app.next('dtmf'), await w.app.next('dtmf')];
  expect(one['eventId']).toMatch(/^ev-/);
  expect(two['eventId']).not.toBe(one['eventId']);
  const listed = (await w.v1.get(`/calls/${id}/events`)).body as { id: string }[];
  expect(listed.map((event) => event.id)).toEqual(expect.arrayContaining([one['eventId'], two['eventId']]));
});

it('an event that goes to the fallback URL keeps its id', async () => {
  w.app.reply = ({ path }) => (path === '/fallback' ? 200 : 500);
  await w.dial('+15552223333', { fallbackUrl: `${w.app.url}/fallback` });
  const first = await w.app.next('answer');
  expect((await w.app.next('answer'))['eventId']).toBe(first['eventId']);
});

describe('locales', () => {
  const all = ['en_US', 'en_UK', 'es', 'es_MX', 'fr', 'fr_FR', 'de', 'de_DE', 'it', 'it_IT'];

  it.each([...all, 'ES_mx', 'de-DE'])('%s is spoken', async (locale) => {
    const id = await w.dial('+15552223333');
    await w.app.next('answer');
    expect((await w.v1.post(`/calls/${id}/audio`, { sentence: 'Hola', gender: 'female', locale })).status).toBe(200);
  });

  it('a voice speaks every locale of its language; an unknown locale names all', async () => {
    const id = await w.dial('+15552223333');
    await w.app.next('answer');
    const say = (locale: string, voice?: string) => w.v1.post(`/calls/${id}/audio`, { sentence: 'x', locale, voice });
    expect((await say('es_MX', 'jorge')).status).toBe(200);
    expect((await say('es_MX', 'katrin')).status).toBe(400);
    for (const locale of ['pt_BR', 'constructor', '__proto__']) {
      const refused = await say(locale);
      expect(refused.status).toBe(400);
      expect(refused.body.message).toContain(all.join(', '));
    }
  });
});

describe('the account', () => {
  it('has a balance and a type, with which clients test their credentials', async () => {
    const { status, body } = await w.v1.get('/account');
    expect([status, body]).toEqual([200, { balance: expect.stringMatching(/^\d+\.\d{5}$/), accountType: 'pre-pay' }]);
  });

  it('has no transactions, for any query', async () => {
    const { status, body, headers } = await w.v1.get(
      '/account/transactions?maxItems=1&type=payment&fromDate=2013-02-21T13:38:00&page=0&size=25',
    );
    expect([status, body]).toEqual([200, []]);
    expect(headers.get('link')).toContain('rel="first"');
  });
});

describe('the type of a reply', () => {
  it('is application/json alone, also for errors (Python compares the whole header)', async () => {
    for (const path of ['/calls', '/account', '/nowhere', '/calls/c-none']) {
      const { headers } = await raw('GET', USER + path);
      expect(headers['content-type']).toBe('application/json');
    }
    expect((await raw('GET', '/v1/users/u-other/calls')).headers['content-type']).toBe('application/json');
  });

  it('of a recording is audio/wav (PHP), also to HEAD (C#)', async () => {
    await w.v1.send('PUT', '/media/a.wav', 'RIFF');
    const id = await w.dial('+15552223333', { recordingEnabled: true });
    await w.app.next('answer');
    await w.v1.post(`/calls/${id}`, { state: 'completed' });
    await w.app.next('recording');
    for (const method of ['GET', 'HEAD']) {
      const { status, headers } = await raw(method, `${USER}/media/${id}-1.wav`);
      expect([status, headers['content-type']]).toEqual([200, 'audio/wav']);
    }
  });

  it('has header names in the documented case (PHP is case-sensitive)', async () => {
    const list = await raw('GET', `${USER}/calls`);
    expect(list.rawHeaders).toEqual(expect.arrayContaining(['Content-Type', 'Link']));
    const made = await raw('POST', `${USER}/bridges`, json, '{}');
    expect(made.rawHeaders).toContain('Location');
  });
});

describe('requests', () => {
  it.each<[string, string, string, Record<string, string>, string | undefined, number]>([
    ['a GET with a Content-Type and no body', 'GET', `${USER}/calls`, json, undefined, 200],
    ['a query that is empty (PHP)', 'GET', `${USER}/calls?`, {}, undefined, 200],
    ['a slash at the end (Java)', 'GET', `${USER}/calls/`, {}, undefined, 200],
    ['a page and a size as text', 'GET', `${USER}/calls?page=0&size=25`, {}, undefined, 200],
    ['unknown query parameters', 'GET', `${USER}/calls?maxItems=3&fetch=all`, {}, undefined, 200],
    [
      'a type with a charset',
      'POST',
      `${USER}/bridges`,
      { 'Content-Type': 'application/json; charset=utf-8' },
      '{}',
      201,
    ],
    [
      'a type with a charset in capitals (Java)',
      'POST',
      `${USER}/bridges`,
      { 'Content-Type': 'application/json; charset=UTF-8' },
      '{}',
      201,
    ],
    ...['iso-8859-1', 'US-ASCII', '"utf-8"', 'utf8'].map(
      (charset): [string, string, string, Record<string, string>, string, number] => [
        `the charset ${charset}, which means nothing`,
        'POST',
        `${USER}/bridges`,
        { 'Content-Type': `application/json; charset=${charset}` },
        '{}',
        201,
      ],
    ),
    ['an empty array for an empty object (PHP)', 'POST', `${USER}/bridges`, json, '[]', 201],
    ['null for an empty object', 'POST', `${USER}/bridges`, json, 'null', 201],
    ['no body at all', 'POST', `${USER}/bridges`, { 'Content-Length': '0' }, undefined, 201],
    ['a number whose + is not escaped', 'GET', `${USER}/phoneNumbers/${NUMBER}`, {}, undefined, 200],
    [
      'an order of numbers without a body',
      'POST',
      '/v1/availableNumbers/local?areaCode=910&quantity=1',
      { 'Content-Length': '0' },
      undefined,
      200,
    ],
    [
      'an order of numbers with its query as the body, too (PHP)',
      'POST',
      '/v1/availableNumbers/tollFree?quantity=1',
      json,
      '{"quantity":1}',
      200,
    ],
    ['an Accept-Charset and no Accept', 'GET', `${USER}/calls`, { 'Accept-Charset': 'utf-8' }, undefined, 200],
  ])('with %s are accepted', async (_, method, path, headers, body, status) => {
    expect((await raw(method, path, headers, body)).status).toBe(status);
  });

  it.each([true, false, 'true', 'false', 'True', 'FALSE', '1', '0', 1, 0])(
    'accept %j as a boolean',
    async (enabled) => {
      const path = `/domains/${w.domainId}/endpoints/${w.endpointId}`;
      expect((await w.v1.post(path, { enabled })).status).toBe(200);
      expect((await w.v1.get(path)).body.enabled).toBe([true, 'true', 'True', '1', 1].includes(enabled));
    },
  );

  it('accept words in any case (C# writes enums in another case)', async () => {
    const id = await w.incoming('+12223334444', NUMBER);
    await w.app.next('incomingcall');
    expect((await w.v1.post(`/calls/${id}`, { state: 'Active', callbackHttpMethod: 'post' })).status).toBe(200);
    await w.app.next('answer');
    const { id: gather } = await w.v1.post(`/calls/${id}/gather`, {});
    expect((await w.v1.post(`/calls/${id}/gather/${gather}`, { state: 'Completed' })).status).toBe(200);
    expect((await w.v1.post(`/calls/${id}`, { state: 'COMPLETED', recordingFileFormat: 'WAV' })).status).toBe(200);
    expect((await w.v1.get('/calls?sortOrder=ASC')).status).toBe(200);
  });

  describe('with empty fields', () => {
    const empty = {
      callTimeout: '',
      callbackTimeout: '',
      callbackHttpMethod: '',
      recordingEnabled: '',
      sipHeaders: [],
    };

    it('count as without them if an empty text is not a valid value', async () => {
      const ids = { bridgeId: '', conferenceId: '' };
      const body = { from: NUMBER, to: '+15552223333', callbackUrl: '', tag: null, ...ids, ...empty };
      const { status, id } = await w.v1.post('/calls', body);
      expect([status, (await w.v1.get(`/calls/${id}`)).body.callTimeout]).toEqual([201, 60]);
      expect((await w.v1.post(`/calls/${id}`, { state: '', recordingEnabled: '' })).status).toBe(200);
    });

    it('are refused if the field is required, or an empty text has a meaning', async () => {
      const refused = await w.v1.post('/calls', { from: NUMBER, to: '', callTimeout: '' });
      expect([refused.status, refused.body.message]).toEqual([400, expect.stringMatching(/^to: /)]);
      expect((await w.v1.post('/calls', { from: NUMBER, to: '+15552223333', callTimeout: 'x' })).status).toBe(400);
    });

    it('may have blanks around a URL', async () => {
      const id = await w.dial('+15552223333', { callbackUrl: ` ${w.app.url} ` });
      await w.app.next('answer');
      expect((await w.v1.post(`/calls/${id}/audio`, { fileUrl: ' http://192.0.2.1/a.wav ' })).status).toBe(200);
    });

    it('in audio commands and prompts', async () => {
      const id = await w.dial('+15552223333');
      await w.app.next('answer');
      const none = { fileUrl: '', gender: '', locale: '', voice: '', loopEnabled: '', volume: '', tag: '' };
      expect((await w.v1.post(`/calls/${id}/audio`, { sentence: 'Hello', ...none })).status).toBe(200);
      expect(await w.app.next('speak')).toMatchObject({ status: 'started' });
      const prompt = { sentence: 'Hello', ...none, gender: null, bargeable: '' };
      expect((await w.v1.post(`/calls/${id}/gather`, { maxDigits: '', prompt })).status).toBe(201);
    });

    it.each(['page=&size=', 'from=&to=&bridgeId=&conferenceId=&sortOrder='])('in the query %s', async (query) => {
      const id = await w.dial('+15552223333');
      expect((await w.v1.get(`/calls?${query}`)).body).toMatchObject([{ id }]);
    });

    it('in a search for numbers', async () => {
      const { status } = await raw('GET', '/v1/availableNumbers/local?areaCode=&state=NC&city=&quantity=');
      expect(status).toBe(200);
    });
  });

  it('accept numbers as text', async () => {
    const id = await w.dial('+15552223333', { tag: 7, sipHeaders: { 'X-Order': 12, 'X-None': null } });
    expect((await w.v1.get(`/calls/${id}`)).body).toMatchObject({ tag: '7', sipHeaders: { 'X-Order': '12' } });
    await w.app.next('answer');
    expect((await w.v1.post(`/calls/${id}/dtmf`, { dtmfOut: 123 })).status).toBe(200);
  });

  it('find calls by a number with an unescaped + in the query', async () => {
    const id = await w.dial('+15552223333');
    const { body } = await raw('GET', `${USER}/calls?to=+15552223333&from=${encodeURIComponent(NUMBER)}`);
    expect(JSON.parse(body)).toMatchObject([{ id }]);
  });
});
