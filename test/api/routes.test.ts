import request from 'supertest';
import { StoreUnavailableError } from '../../src/store/errors';
import { createMemoryStore } from '../../src/store/memory-store';
import type { FlowStore } from '../../src/store/store';
import { callList, callView, problem } from '../../src/api/schemas';
import { sentenceFault } from '../../src/v1-wire/speakable';
import {
  CALLEE,
  CALLER,
  ENDPOINT,
  NUMBER,
  PLAN,
  PSTN,
  answerOf,
  failingStore,
  fakeControl,
  endOf,
  offerOf,
  speechOf,
  testApp,
} from '../helpers/builders';
import { incomingCallBody } from '../helpers/v1-events';

const SPEECH = { to: 'jsmith_mobile', sentence: 'Hello sip client' };
const strictCall = callView.strict();

describe('POST /calls', () => {
  it('dials, and answers 201 with the Location and the call', async () => {
    const { app, control, store } = testApp({ control: fakeControl() });
    const { status, headers, body } = await request(app).post('/calls').send(SPEECH);
    expect(status).toBe(201);
    expect(headers['location']).toBe(`/calls/${body.id}`);
    expect(strictCall.parse(body)).toMatchObject({
      id: expect.stringMatching(/^f-[a-z2-7]{23}$/),
      kind: 'speak-and-hang-up',
      phase: 'dialling',
      from: NUMBER,
      to: ENDPOINT,
      legs: [{ role: 'callee', state: 'new' }],
    });
    expect(control.last('dial').argument).toMatchObject({
      from: NUMBER,
      to: ENDPOINT,
      correlation: body.id,
      callTimeout: 30,
    });
    expect(await store.get(body.id)).toBeDefined();
  });

  it('speaks with the voice that was asked for', async () => {
    const { app, control, engine } = testApp();
    const speech = { sentence: 'Bonjour', voice: 'JOLIE', gender: 'female', locale: 'fr' };
    const { body } = await request(app)
      .post('/calls')
      .send({ to: PSTN, ...speech });
    await engine.receive(answerOf(CALLEE, { correlation: body.id }));
    expect(control.last('say').argument).toEqual({ callId: CALLEE, ...speech, correlation: body.id });
  });

  it('gives each call an id of its own', async () => {
    const { app } = testApp();
    const [a, b] = [await request(app).post('/calls').send(SPEECH), await request(app).post('/calls').send(SPEECH)];
    expect(a.body.id).not.toBe(b.body.id);
  });

  const second = { number: '+15557770000', endpoint: 'sip:bob@xyz-corp-testing.bwapp.bwsip.io' };
  const plan = { ...PLAN, lines: [...PLAN.lines, second] };
  it.each([
    ['an endpoint by its user name', 'bob', second.endpoint, second.number],
    ['an endpoint by its URI', second.endpoint, second.endpoint, second.number],
    ['an endpoint by another spelling', 'bob@XYZ-corp-testing.bwapp.bwsip.io', second.endpoint, second.number],
    ['a SIP URI that is no endpoint', 'SIP:Eve@Example.ORG', 'sip:Eve@example.org', NUMBER],
    ['a number in E.164', PSTN, PSTN, NUMBER],
    ['a national number', '(555) 222-3333', PSTN, NUMBER],
    ['a tel URI', 'tel:+1-555-222-3333', PSTN, NUMBER],
    ['a number too short for any numbering plan', NUMBER, NUMBER, NUMBER],
  ])('calls %s', async (_, to, callee, shown) => {
    const { app, control } = testApp({ plan });
    expect((await request(app).post('/calls').send({ to, sentence: 'Hi' })).status).toBe(201);
    expect(control.last('dial').argument).toMatchObject({ to: callee, from: shown });
  });

  it('shows the number that was asked for', async () => {
    const { app, control } = testApp();
    await request(app)
      .post('/calls')
      .send({ ...SPEECH, from: '+15557770000' });
    expect(control.last('dial').argument).toMatchObject({ from: '+15557770000' });
  });

  it.each([
    ['to', { sentence: 'x' }],
    ['to', { to: '', sentence: 'x' }],
    ['to', { to: 5, sentence: 'x' }],
    ['to', { to: 'nobody', sentence: 'x' }],
    ['to', { to: '911', sentence: 'x' }],
    ['to', { to: 'x'.repeat(257), sentence: 'x' }],
    ['sentence', { to: PSTN }],
    ['sentence', { to: PSTN, sentence: ' \n' }],
    ['sentence', { to: PSTN, sentence: 'x'.repeat(1_001) }],
    ['voice', { ...SPEECH, voice: 'HAL' }],
    ['gender', { ...SPEECH, gender: 'other' }],
    ['locale', { ...SPEECH, locale: 'kl_KL' }],
    ['from', { ...SPEECH, from: '5552223333' }],
    ['from', { ...SPEECH, from: 'sip:a@b.c' }],
    ['speed', { ...SPEECH, speed: 2 }],
  ])('400 names the field: %s', async (field, body) => {
    const { app, control } = testApp();
    const { status, type, body: answer } = await request(app).post('/calls').send(body);
    expect([status, type]).toEqual([400, 'application/problem+json']);
    expect(problem.strict().parse(answer).detail).toContain(field);
    expect(control.asked).toEqual([]);
  });

  it.each(['', '{', '[]', 'null', '"x"'])('400 for a body that is no object: %j', async (text) => {
    const { status, type } = await request(testApp().app).post('/calls').type('application/json').send(text);
    expect([status, type]).toEqual([400, 'application/problem+json']);
  });

  it('takes a sentence of 1,000 characters', async () => {
    const { status } = await request(testApp().app)
      .post('/calls')
      .send({ ...SPEECH, sentence: 'x'.repeat(1_000) });
    expect(status).toBe(201);
  });

  it('413 for a body above 64 KiB', async () => {
    const { status } = await request(testApp().app)
      .post('/calls')
      .send({ ...SPEECH, sentence: 'x'.repeat(70_000) });
    expect(status).toBe(413);
  });

  it('503 with Retry-After while the server goes down', async () => {
    const { app, engine, control } = testApp();
    engine.drain();
    const { status, headers, type } = await request(app).post('/calls').send(SPEECH);
    expect([status, headers['retry-after'], type]).toEqual([503, '10', 'application/problem+json']);
    expect(control.asked).toEqual([]);
  });

  it('500 and no call where the flow cannot be kept', async () => {
    const { app, control } = testApp({ store: failingStore('create') });
    expect((await request(app).post('/calls').send(SPEECH)).status).toBe(500);
    expect(control.asked).toEqual([]);
  });
});

describe('GET /calls', () => {
  async function withThree() {
    const parts = testApp();
    const { app, clock } = parts;
    await request(app)
      .post('/webhooks/voice')
      .send(incomingCallBody({ callId: 'c-1' }));
    clock.now += 1_000;
    await request(app)
      .post('/webhooks/voice')
      .send(incomingCallBody({ callId: 'c-2', from: 'sip:stranger@x.y' }));
    clock.now += 1_000;
    const { body } = await request(app).post('/calls').send(SPEECH);
    return { ...parts, spoken: body.id as string };
  }
  const idsOf = (body: { calls: { id: string }[] }) => body.calls.map(({ id }) => id);

  it('lists calls newest first, each as the document says', async () => {
    const { app, spoken } = await withThree();
    const { status, body } = await request(app).get('/calls');
    expect(status).toBe(200);
    expect(idsOf(body)).toEqual([spoken, 'c-2', 'c-1']);
    callList.strict().parse(body);
    for (const call of body.calls) strictCall.parse(call);
  });

  it('filters by phase, by kind, and limits', async () => {
    const { app, spoken } = await withThree();
    const list = async (query: object) => idsOf((await request(app).get('/calls').query(query)).body);
    expect(await list({ phase: 'ended' })).toEqual(['c-2']);
    expect(await list({ phase: 'dialling' })).toEqual([spoken, 'c-1']);
    expect(await list({ kind: 'bridge-legs' })).toEqual(['c-2', 'c-1']);
    expect(await list({ kind: 'bridge-legs', phase: 'dialling' })).toEqual(['c-1']);
    expect(await list({ limit: '2' })).toEqual([spoken, 'c-2']);
    expect(await list({ phase: 'bridged' })).toEqual([]);
  });

  it.each([
    'phase=gone',
    'kind=x',
    'limit=0',
    'limit=1001',
    'limit=1.5',
    'limit=many',
    'limit=',
    'limit=1&limit=2',
    'state=x',
  ])('400 for %s', async (query) => {
    const { status, type, body } = await request(testApp().app).get(`/calls?${query}`);
    expect([status, type]).toEqual([400, 'application/problem+json']);
    expect(body.detail).toContain(query.split('=')[0]);
  });
});

describe('GET /calls/{id}', () => {
  it('shows legs, phase, reason and the timeline of a pair', async () => {
    const { app, clock, engine } = testApp({ control: fakeControl() });
    await engine.receive(offerOf());
    clock.now += 250;
    await engine.receive(endOf(CALLEE, 'busy', { raw: 'USER_BUSY', correlation: CALLER }));
    const { status, body } = await request(app).get(`/calls/${CALLER}`);
    expect(status).toBe(200);
    expect(strictCall.parse(body)).toEqual({
      id: CALLER,
      kind: 'bridge-legs',
      direction: 'sip-to-pstn',
      phase: 'ending',
      reason: 'busy',
      from: ENDPOINT,
      to: PSTN,
      legs: [
        { role: 'caller', callId: CALLER, state: 'ringing' },
        { role: 'callee', callId: CALLEE, state: 'gone', cause: 'USER_BUSY' },
      ],
      createdAt: '2023-11-14T22:13:20.000Z',
      timeline: [
        { time: '2023-11-14T22:13:20.000Z', what: 'begin', phase: 'dialling' },
        {
          time: '2023-11-14T22:13:20.250Z',
          what: 'event ended',
          leg: 'callee',
          callId: CALLEE,
          phase: 'ending',
          outcome: 'USER_BUSY',
        },
      ],
    });
  });

  it('shows how long commands took, and when it ended', async () => {
    const { app, clock, engine, control } = testApp({ control: fakeControl() });
    const { body: begun } = await request(app).post('/calls').send(SPEECH);
    clock.now += 40;
    await control.last('dial').done(CALLEE);
    await engine.receive(answerOf(CALLEE));
    await engine.receive(speechOf(CALLEE, 'done'));
    await engine.receive(endOf(CALLEE));
    await control.last('say').done();
    clock.now += 60;
    await control.last('hang-up').done();
    const { body } = await request(app).get(`/calls/${begun.id}`);
    expect(strictCall.parse(body)).toMatchObject({
      phase: 'ended',
      reason: 'completed',
      endedAt: '2023-11-14T22:13:20.100Z',
    });
    expect(body.timeline[1]).toMatchObject({ what: 'command dial', outcome: 'done', tookMs: 40 });
  });

  it.each(['c-unknown', '__proto__', 'x'.repeat(500), '%2F..%2F'])('404 for %s', async (id) => {
    const { status, type } = await request(testApp().app).get(`/calls/${id}`);
    expect([status, type]).toEqual([404, 'application/problem+json']);
  });
});

describe('DELETE /calls/{id}', () => {
  it('ends the flow and its legs, and says so with 202', async () => {
    const { app, control, engine } = testApp({ control: fakeControl() });
    await engine.receive(offerOf());
    await control.last('dial').done(CALLEE);
    const { status, body } = await request(app).delete(`/calls/${CALLER}`);
    expect(status).toBe(202);
    expect(strictCall.parse(body)).toMatchObject({ phase: 'ending', reason: 'ended-by-request' });
    expect(control.names()).toEqual(['dial', 'reject', 'hang-up']);
    expect([control.last('reject').argument, control.last('hang-up').argument]).toEqual([CALLER, CALLEE]);
  });

  it('changes nothing of a call that has ended', async () => {
    const { app, control } = testApp();
    await request(app)
      .post('/webhooks/voice')
      .send(incomingCallBody({ from: 'sip:stranger@x.y' }));
    const before = control.names();
    const { status, body } = await request(app).delete(`/calls/${CALLER}`);
    expect([status, body.phase, body.reason]).toEqual([202, 'ended', 'unroutable']);
    expect(control.names()).toEqual(before);
  });

  it('404 where there is none', async () => {
    expect((await request(testApp().app).delete('/calls/c-unknown')).status).toBe(404);
  });
});

describe('the bearer token', () => {
  it.each([
    ['none', undefined],
    ['another', 'Bearer other'],
    ['more than it', 'Bearer sesame '.concat('x')],
    ['a part of it', 'Bearer sesam'],
    ['bare', 'sesame'],
    ['as Basic', `Basic ${Buffer.from('sesame:').toString('base64')}`],
  ])('401 with a challenge for %s, whatever the method', async (_, authorization) => {
    const { app, control } = testApp({ apiToken: 'sesame' });
    const sends = [
      request(app).post('/calls').send(SPEECH),
      request(app).get('/calls'),
      request(app).get('/calls/c-1'),
      request(app).delete('/calls/c-1'),
    ];
    for (const send of sends) {
      if (authorization !== undefined) void send.set('authorization', authorization);
      const { status, type, headers, text } = await send;
      expect([status, type, headers['www-authenticate']]).toEqual([
        401,
        'application/problem+json',
        'Bearer realm="tandem"',
      ]);
      expect(text).not.toContain('sesame');
    }
    expect(control.asked).toEqual([]);
  });

  it('passes when it is right', async () => {
    const { app } = testApp({ apiToken: 'sesame' });
    expect((await request(app).get('/calls').set('authorization', 'Bearer sesame')).status).toBe(200);
  });

  it('is not needed for the document', async () => {
    expect((await request(testApp({ apiToken: 'sesame' }).app).get('/openapi.json')).status).toBe(200);
  });
});

describe('POST /calls with an Idempotency-Key', () => {
  it('repeated with the same body: 200, the same Location, the call as it is now', async () => {
    const { app, engine, control } = testApp();
    const start = () => request(app).post('/calls').set('idempotency-key', 'order 4711');
    const first = await start().send(SPEECH);
    expect(first.status).toBe(201);
    await engine.receive(answerOf(CALLEE, { correlation: first.body.id as string }));
    const again = await start().send({ sentence: ` ${SPEECH.sentence} `, to: SPEECH.to }); // the same, as it is understood
    expect([again.status, again.headers['location']]).toEqual([200, first.headers['location']]);
    expect(strictCall.parse(again.body)).toMatchObject({ id: first.body.id, phase: 'speaking' });
    expect(control.names().filter((name) => name === 'dial')).toHaveLength(1);
  });

  it('repeated with another body: 422, and nothing is dialled', async () => {
    const { app, control } = testApp();
    const start = () => request(app).post('/calls').set('idempotency-key', 'order 4711');
    await start().send(SPEECH);
    const { status, body } = await start().send({ ...SPEECH, to: PSTN });
    expect([status, problem.parse(body).code]).toEqual([422, 'idempotency-key-reused']);
    expect(control.names().filter((name) => name === 'dial')).toHaveLength(1);
  });

  it.each(['', 'x'.repeat(256), 'schl\u00fcssel'])('that is not valid: 400 (%j)', async (key) => {
    const { app, control } = testApp();
    const { status, body } = await request(app).post('/calls').set('idempotency-key', key).send(SPEECH);
    expect([status, problem.parse(body).detail]).toEqual([400, expect.stringContaining('Idempotency-Key')]);
    expect(control.names()).toEqual([]);
  });

  it('that has started a call is answered while the server shuts down', async () => {
    const { app, engine } = testApp();
    const start = () => request(app).post('/calls').set('idempotency-key', 'order 4711').send(SPEECH);
    await start();
    engine.drain();
    expect((await start()).status).toBe(200);
  });

  it.each([
    ['with a key', 'order 4711', 'the same Idempotency-Key'],
    ['without', undefined, 'GET /calls'],
  ])('a write that may have taken place: 503 says so (%s)', async (_, key, advice) => {
    const memory = createMemoryStore();
    let isLost = true;
    const store: FlowStore = {
      ...memory,
      async create(flow) {
        const created = await memory.create(flow);
        if (isLost) throw new StoreUnavailableError('the reply was lost');
        return created;
      },
    };
    const { app } = testApp({ store });
    const start = () => {
      const sent = request(app).post('/calls');
      return (key === undefined ? sent : sent.set('idempotency-key', key)).send(SPEECH);
    };
    const { status, body } = await start();
    expect([status, problem.parse(body)]).toEqual([
      503,
      expect.objectContaining({ code: 'call-may-be-placed', detail: expect.stringContaining(advice) }),
    ]);
    isLost = false;
    expect((await start()).status).toBe(key === undefined ? 201 : 200);
    expect(await store.list({ limit: 10 })).toHaveLength(key === undefined ? 2 : 1);
  });
});

it('POST /calls: a sentence that the platform is known not to speak is a 400, and nothing is dialled', async () => {
  const { app, control } = testApp({ sentenceFault });
  const { status, body } = await request(app)
    .post('/calls')
    .send({ ...SPEECH, sentence: '你好' });
  expect([status, problem.parse(body).detail]).toEqual([400, expect.stringMatching(/^sentence: contains "你"/)]);
  expect(control.names()).toEqual([]);
  expect((await request(app).post('/calls').send(SPEECH)).status).toBe(201);
});
