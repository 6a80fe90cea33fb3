import request from 'supertest';
import { gzipSync } from 'node:zlib';
import { CALLEE, CALLER, ENDPOINT, PSTN, failingStore, fakeControl, testApp } from '../helpers/builders';
import { answerBody, hangupBody, incomingCallBody } from '../helpers/v1-events';

const PATH = '/webhooks/voice';
const CREDENTIALS = { username: 'tandem', password: 'secret' };

/** An app that was set up for events by GET, and the request of one. */
function getApp(options: Parameters<typeof testApp>[0] = {}) {
  const parts = testApp({ webhookMethod: 'GET', webhookCredentials: CREDENTIALS, ...options });
  const get = (query: object | string) =>
    request(parts.app).get(PATH).auth(CREDENTIALS.username, CREDENTIALS.password).query(query);
  return { ...parts, get };
}

describe('an event that comes by POST', () => {
  it('is acknowledged with an empty 200 and stored', async () => {
    const { app, store, control } = testApp();
    const { status, text } = await request(app).post(PATH).send(incomingCallBody());
    expect([status, text]).toEqual([200, '']);
    expect(await store.get(CALLER)).toMatchObject({ kind: 'bridge-legs', direction: 'sip-to-pstn' });
    expect(control.names()).toEqual(['dial']);
  });

  it('is acknowledged before its commands have a result', async () => {
    const { app, control } = testApp({ control: fakeControl() });
    expect((await request(app).post(PATH).send(incomingCallBody())).status).toBe(200);
    expect(control.names()).toEqual(['dial']);
  });

  it('moves its flow on', async () => {
    const { app, store } = testApp();
    await request(app).post(PATH).send(incomingCallBody());
    await request(app)
      .post(PATH)
      .send(answerBody(CALLEE, { tag: CALLER }));
    await request(app).post(PATH).send(answerBody(CALLER));
    expect((await store.get(CALLER))?.phase).toBe('bridged');
  });

  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON;charset="UTF-8"',
    'application/vnd.bandwidth.v1+json',
  ])('is taken as %s', async (type) => {
    const { app, store } = testApp();
    const { status } = await request(app).post(PATH).set('content-type', type).send(JSON.stringify(incomingCallBody()));
    expect(status).toBe(200);
    expect(await store.get(CALLER)).toBeDefined();
  });

  it.each([
    'text/plain',
    'text/plain; application/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=application/json',
    'application/jsonp',
    'text/json',
    '',
  ])('is refused as "%s": 415, and nothing happens', async (type) => {
    const { app, store, control } = testApp();
    const post = request(app).post(PATH).set('content-type', type);
    const { status, body } = await post
      .serialize((data: unknown) => data as string)
      .send(JSON.stringify(incomingCallBody()));
    expect([status, body.code]).toEqual([415, 'unsupported-media-type']);
    expect(await store.get(CALLER)).toBeUndefined();
    expect(control.asked).toEqual([]);
  });

  it('may have fields that nobody knows', async () => {
    const { app, store } = testApp();
    const event = {
      ...incomingCallBody(),
      displayName: null,
      diversion: { origTo: '+1', more: [1] },
      constructor: 'x',
    };
    expect((await request(app).post(PATH).send(event)).status).toBe(200);
    expect(await store.get(CALLER)).toBeDefined();
  });

  it('may be compressed', async () => {
    const { app, store } = testApp();
    const body = gzipSync(JSON.stringify(incomingCallBody()));
    const post = request(app).post(PATH).set({ 'content-type': 'application/json', 'content-encoding': 'gzip' });
    expect((await post.serialize((data: unknown) => data as string).send(body)).status).toBe(200);
    expect(await store.get(CALLER)).toBeDefined();
  });

  it.each(['sms', 'conference', 'INCOMINGCALL', 'toString', '__proto__'])(
    'is tolerated and logged when its type is %s',
    async (eventType) => {
      const { app, lines, control } = testApp();
      expect((await request(app).post(PATH).send({ eventType, callId: CALLER })).status).toBe(200);
      expect(lines).toContainEqual(expect.objectContaining({ level: 40, eventType, event: 'event-type-unknown' }));
      expect(control.asked).toEqual([]);
    },
  );
});

describe('an event that comes by GET', () => {
  it('has its fields in the query', async () => {
    const { get, store, control } = getApp();
    const { status, text } = await get({ ...incomingCallBody() });
    expect([status, text]).toEqual([200, '']);
    expect((await store.get(CALLER))?.dial).toMatchObject({ to: PSTN });
    expect(control.names()).toEqual(['dial']);
  });

  it.each([
    ['no credentials are set', { webhookMethod: 'GET' }],
    ['GET was not provisioned', { webhookMethod: 'POST', webhookCredentials: CREDENTIALS }],
  ] as const)('is refused where %s: 405, and nothing happens', async (_, options) => {
    const { app, control } = testApp(options);
    const get = request(app).get(PATH).auth(CREDENTIALS.username, CREDENTIALS.password);
    const { status, headers, body } = await get.query({ ...incomingCallBody() });
    expect([status, headers['allow'], body.code]).toEqual([405, 'POST', 'method-not-allowed']);
    expect(control.asked).toEqual([]);
  });

  it('is not taken by HEAD, which Express gives to the handler of GET', async () => {
    const { app, control } = getApp();
    const head = request(app).head(PATH).auth(CREDENTIALS.username, CREDENTIALS.password);
    const { status, headers } = await head.query({ ...incomingCallBody() });
    expect([status, headers['allow']]).toEqual([405, 'POST, GET']);
    expect(control.asked).toEqual([]);
  });

  it('may repeat no field', async () => {
    const { get, store } = getApp();
    const { status, body } = await get(`eventType=hangup&callId=${CALLER}&callId=c-2`);
    expect(status).toBe(400);
    expect(body.detail).toMatch(/^callId: /);
    expect(await store.get(CALLER)).toBeUndefined();
  });

  it('whose type is unknown is tolerated', async () => {
    expect((await getApp().get({ eventType: 'sms' })).status).toBe(200);
  });

  it('without a query is malformed', async () => {
    const { status, body } = await getApp().get('');
    expect([status, body.detail]).toEqual([400, expect.stringMatching(/^eventType: /)]);
  });

  // The query of a GET has every field, those without a value too; so this is a hangup that overtook its incomingcall.
  it('takes the + of a query that was not escaped for what it is', async () => {
    const { get, control } = getApp();
    await get('eventType=incomingcall&callId=c-1&from=+12223334444&to=+1555444333');
    expect(control.names()).toEqual(['dial']);
    expect(control.last('dial').argument).toMatchObject({ from: '+1555444333' });
  });

  it('with an empty tag is an event without one', async () => {
    const { get, control } = getApp();
    await get({ eventType: 'hangup', callId: CALLER, tag: '', cause: 'ORIGINATOR_CANCEL' });
    await get({ ...incomingCallBody(), tag: '' });
    expect(control.names()).toEqual([]);
  });
});

describe('a malformed event', () => {
  const event = incomingCallBody();
  it.each([
    ['eventType', {}],
    ['eventType', { callId: CALLER }],
    ['eventType', { ...event, eventType: 7 }],
    ['eventType', { ...event, eventType: '' }],
    ['callId', { ...event, callId: undefined }],
    ['callId', { ...event, callId: '' }],
    ['callId', { ...event, callId: { $ne: '' } }],
    ['callId', { ...event, callId: 'x'.repeat(257) }],
    ['from', { ...event, from: 7 }],
    ['to', { ...event, to: '' }],
    ['to', { ...event, to: ['+1', '+2'] }],
  ])('is a 400 that names the field: %s', async (field, body) => {
    const { app, control } = testApp();
    const answer = await request(app).post(PATH).send(body);
    expect([answer.status, answer.type]).toEqual([400, 'application/problem+json']);
    expect(answer.body).toMatchObject({ status: 400, code: 'bad-request' });
    expect(answer.body.detail).toMatch(new RegExp(`^${field}: .`));
    expect(control.asked).toEqual([]);
  });

  it.each([
    ['tag', { ...answerBody(CALLER), tag: 5 }],
    ['cause', { ...hangupBody(CALLER), cause: {} }],
    ['dtmfDigit', { eventType: 'dtmf', callId: CALLER, dtmfDigit: [] }],
  ])('is taken for what it says where a field that is not needed is unreadable: %s', async (_, body) => {
    expect((await request(testApp().app).post(PATH).send(body)).status).toBe(200);
  });

  it.each(['', '{', '[]', '"text"', '17', 'null', '{"eventType":"hangup",}', 'eventType=hangup', '\ufeff'])(
    'is a 400: %j',
    async (text) => {
      const { status, type, body } = await request(testApp().app)
        .post(PATH)
        .set('content-type', 'application/json')
        .send(text);
      expect([status, type]).toEqual([400, 'application/problem+json']);
      expect(body.detail).not.toBe('');
    },
  );

  it('is a 413 when it is larger than 64 KiB', async () => {
    const { status, type } = await request(testApp().app)
      .post(PATH)
      .send({ ...event, more: 'x'.repeat(65_536) });
    expect([status, type]).toEqual([413, 'application/problem+json']);
  });

  it('is a 413 when it is larger than 64 KiB once it is unpacked', async () => {
    const body = gzipSync(JSON.stringify({ ...event, more: 'x'.repeat(5_000_000) }));
    expect(body.length).toBeLessThan(64_000);
    const post = request(testApp().app)
      .post(PATH)
      .set({ 'content-type': 'application/json', 'content-encoding': 'gzip' });
    expect((await post.serialize((data: unknown) => data as string).send(body)).status).toBe(413);
  });

  it('is read up to just under 64 KiB', async () => {
    const { status } = await request(testApp().app)
      .post(PATH)
      .send({ ...event, more: 'x'.repeat(65_000) });
    expect(status).toBe(200);
  });
});

describe('credentials of callbacks', () => {
  const webhookCredentials = { username: 'tandem', password: 'pässwörd:with:colons' };
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
  const right = basic('tandem:pässwörd:with:colons');

  it.each([
    ['none', undefined],
    ['an empty header', ''],
    ['another password', basic('tandem:guess')],
    ['the right password and more', basic('tandem:pässwörd:with:colons ')],
    ['another user', basic('x:pässwörd:with:colons')],
    ['another scheme', right.replace('Basic', 'Bearer')],
    ['no base64', 'Basic tandem:pässwörd'],
  ])('%s: 401 with a challenge, and nothing happens', async (_, authorization) => {
    const { app, store } = testApp({ webhookCredentials, webhookMethod: 'GET' });
    for (const send of [
      request(app).post(PATH).send(incomingCallBody()),
      request(app)
        .get(PATH)
        .query({ ...incomingCallBody() }),
    ]) {
      if (authorization !== undefined) void send.set('authorization', Buffer.from(authorization).toString('latin1'));
      const { status, type, headers, text } = await send;
      expect([status, type]).toEqual([401, 'application/problem+json']);
      expect(headers['www-authenticate']).toBe('Basic realm="tandem webhooks", charset="UTF-8"');
      expect(text).not.toContain('pässwörd');
    }
    expect(await store.get(CALLER)).toBeUndefined();
  });

  it.each(['POST', 'GET'])('the right ones pass by %s', async (method) => {
    const { app, store } = testApp({ webhookCredentials, webhookMethod: 'GET' });
    const event = { ...incomingCallBody() };
    const send = method === 'POST' ? request(app).post(PATH).send(event) : request(app).get(PATH).query(event);
    expect((await send.set('authorization', right)).status).toBe(200);
    expect(await store.get(CALLER)).toBeDefined();
  });

  it('are looked at before the body is', async () => {
    const { status } = await request(testApp({ webhookCredentials }).app).post(PATH).send('x'.repeat(100_000));
    expect(status).toBe(401);
  });

  it('are not those of /calls or of the health check', async () => {
    const { app } = testApp({ webhookCredentials });
    expect((await request(app).get('/calls')).status).toBe(200);
    expect((await request(app).get('/healthz')).status).toBe(200);
  });
});

describe('an event that cannot be stored', () => {
  it.each([
    ['incomingcall', 'create', incomingCallBody()],
    ['answer', 'update', answerBody(CALLEE, { tag: CALLER })],
    ['hangup', 'idOfCall', hangupBody(CALLER)],
  ] as const)('is a 5xx, so that the platform uses its fallback: %s', async (_, method, event) => {
    const store = failingStore(method);
    const { app, control } = testApp({ store, control: fakeControl() });
    if (method === 'update') await request(app).post(PATH).send(incomingCallBody());
    const before = control.names();
    const { status, type } = await request(app).post(PATH).send(event);
    expect([status, type]).toEqual([500, 'application/problem+json']);
    expect(control.names()).toEqual(before); // what is not kept is not acted upon
  });
});

describe('a server that goes down', () => {
  it('refuses new calls with 503 and Retry-After, so that the fallback takes them', async () => {
    const { app, engine, store } = testApp();
    engine.drain();
    const { status, type, headers, body } = await request(app).post(PATH).send(incomingCallBody());
    expect([status, type, headers['retry-after']]).toEqual([503, 'application/problem+json', '10']);
    expect(body.code).toBe('draining');
    expect(await store.get(CALLER)).toBeUndefined();
  });

  it('still takes the events of the calls that it has, a second incomingcall too', async () => {
    const { app, engine, store } = testApp();
    await request(app).post(PATH).send(incomingCallBody());
    engine.drain();
    expect((await request(app).post(PATH).send(incomingCallBody())).status).toBe(200);
    expect((await request(app).post(PATH).send(answerBody(CALLEE))).status).toBe(200);
    expect((await request(app).post(PATH).send(answerBody(CALLER))).status).toBe(200);
    expect((await store.get(CALLER))?.phase).toBe('bridged');
  });

  it('still acknowledges what it does not know', async () => {
    const { app, engine } = testApp();
    engine.drain();
    expect((await request(app).post(PATH).send({ eventType: 'sms' })).status).toBe(200);
    expect(
      (
        await request(app)
          .post(PATH)
          .send(hangupBody('c-unknown', { tag: 'x' }))
      ).status,
    ).toBe(200);
  });
});

describe('a caller who withholds the number', () => {
  // withholdCallerNumber: there is a call, and nobody to show.
  it.each([{ from: '' }, { from: undefined }])('is let through without one: %j', async (over) => {
    const { app, store } = testApp();
    const event = { ...incomingCallBody({ to: '+1555444333' }), withholdCallerNumber: true, ...over };
    expect((await request(app).post(PATH).send(event)).status).toBe(200);
    expect((await store.get(CALLER))?.dial?.to).toBe(ENDPOINT);
  });
});
