import { ENDPOINT, NUMBER, world, type Answer, type Json, type World } from '../support/harness';

let w: World;
beforeEach(async () => {
  w = await world();
});
afterEach(() => w.close());

const refusal = async (answer: Promise<Answer>): Promise<[number, string, string]> => {
  const { status, body } = await answer;
  return [status, body.code, body.message];
};

describe('/sandbox/phones', () => {
  it('attaches a phone to an endpoint, lists it and detaches it', async () => {
    const { status, headers, body } = await w.sandbox.post('/phones', { sipUri: ENDPOINT.slice(4), name: 'desk' });
    expect([status, headers.get('location')]).toEqual([201, `${w.platform.url}/sandbox/phones/${body.id}`]);
    const phone = { id: body.id, name: 'desk', sipUri: ENDPOINT, behaviour: 'answer', answerAfterMs: 10 };
    expect(body).toEqual({ ...phone, hangUpAfterMs: 5_000 });
    expect((await w.sandbox.get('/phones')).body).toEqual([body]);
    expect((await w.sandbox.delete(`/phones/${body.id}`)).status).toBe(200);
    expect(await refusal(w.sandbox.delete(`/phones/${body.id}`))).toMatchObject({ 0: 404, 1: 'phone-not-found' });
  });

  it('refuses a phone of an unknown endpoint, and an unknown behaviour', async () => {
    expect(await refusal(w.sandbox.post('/phones', { sipUri: 'sip:x@y.z' }))).toEqual([
      404,
      'endpoint-not-found',
      expect.stringContaining('create it with POST'),
    ]);
    expect((await w.sandbox.post('/phones', { sipUri: ENDPOINT, behaviour: 'sulk' })).status).toBe(400);
  });

  it.each([
    ['busy', ['dialled', 'ended'], 'USER_BUSY'],
    ['reject', ['dialled', 'ringing', 'ended'], 'CALL_REJECTED'],
  ])('a phone that is %s', async (behaviour, history, cause) => {
    await w.sandbox.post('/phones', { sipUri: ENDPOINT, behaviour });
    const id = await w.dial(ENDPOINT);
    expect(await w.app.next('hangup')).toMatchObject({ cause });
    const leg = (await w.sandbox.get(`/calls/${id}`)).body;
    expect(leg.history.map((entry: Json) => entry.what)).toEqual(history);
  });
});

describe('/sandbox/calls', () => {
  it('shows a leg from the view of its far end, and the events of the application', async () => {
    const { status, headers, body } = await w.sandbox.post('/calls', { from: ENDPOINT, to: '+15552223333' });
    expect([status, headers.get('location')]).toEqual([201, `${w.platform.url}/sandbox/calls/${body.id}`]);
    await w.app.next('incomingcall');
    await w.v1.post(`/calls/${body.callId}`, { state: 'active', tag: 't' });
    await w.app.next('answer');
    const time = expect.stringMatching(/\.\d{3}Z$/);
    const { body: leg } = await w.sandbox.get(`/calls/${body.id}`);
    expect(leg).toEqual({
      id: body.id,
      kind: 'phone',
      name: 'jsmith_mobile',
      party: ENDPOINT,
      direction: 'in',
      from: ENDPOINT,
      to: '+15552223333',
      state: 'up',
      startTime: time,
      callId: body.callId,
      callState: 'active',
      tag: 't',
      history: [
        { time, what: 'dialled' },
        { time, what: 'ringing' },
        { time, what: 'answered' },
      ],
      events: [
        {
          time,
          eventType: 'incomingcall',
          outcome: 'delivered',
          attempts: [{ time, url: w.app.url, status: 200, durationMs: expect.any(Number) }],
        },
        { time, eventType: 'answer', outcome: expect.any(String), attempts: expect.any(Array) },
      ],
    });
    expect((await w.sandbox.get(`/calls?callId=${body.callId}`)).body).toHaveLength(1);
    expect((await w.sandbox.get('/calls?callId=c-none')).body).toEqual([]);
  });

  it('refuses calls that a far end cannot make, with a remedy', async () => {
    const call = (from: unknown, to: unknown): Promise<Answer> => w.sandbox.post('/calls', { from, to });
    expect(await refusal(call('+12223334444', '+15558887777'))).toEqual([
      404,
      'number-not-found',
      expect.stringContaining('order it first'),
    ]);
    expect(await refusal(call('+12223334444', ENDPOINT))).toEqual([
      400,
      'validation-error',
      expect.stringMatching(/^to: .*only a number/),
    ]);
    expect(await refusal(call('sip:x@y.z', NUMBER))).toEqual([
      404,
      'endpoint-not-found',
      expect.stringContaining('create it'),
    ]);
    expect((await call('bob', NUMBER)).status).toBe(400);
    expect((await call('+12223334444', '')).status).toBe(400);
    expect((await w.sandbox.get('/calls/sc-none')).body.code).toBe('sandbox-call-not-found');
  });

  it('refuses to end an ended call, and keys on a call that is not up', async () => {
    const id = await w.incoming('+12223334444', NUMBER);
    expect(await refusal(w.sandbox.post(`/calls/${id}/dtmf`, { digits: '1' }))).toMatchObject({
      0: 400,
      1: 'call-invalid-state',
    });
    expect((await w.sandbox.delete(`/calls/${id}`)).status).toBe(200);
    expect(await refusal(w.sandbox.delete(`/calls/${id}`))).toMatchObject({ 0: 400, 1: 'call-invalid-state' });
    expect((await w.sandbox.post(`/calls/${id}/dtmf`, { digits: 'x' })).status).toBe(400);
  });

  it('a call between two numbers of the account carries keys and speech, and only the API controls it', async () => {
    const out = await w.dial(NUMBER);
    const incoming = (await w.app.next('incomingcall'))['callId'] ?? '';
    expect(await refusal(w.sandbox.delete(`/calls/${out}`))).toMatchObject({
      0: 400,
      2: expect.stringContaining('between two numbers'),
    });
    await w.v1.post(`/calls/${incoming}`, { state: 'active' });
    await w.app.next('answer', (event) => event['callId'] === out);
    await w.v1.post(`/calls/${out}/dtmf`, { dtmfOut: '1,2' });
    const pressed = [await w.app.next('dtmf'), await w.app.next('dtmf')];
    expect(pressed).toMatchObject([
      { callId: incoming, dtmfDigit: '1' },
      { callId: incoming, dtmfDigit: '2' },
    ]);
    await w.v1.post(`/calls/${out}/audio`, { sentence: 'x' });
    expect(await w.app.next('speak')).toMatchObject({ callId: out, status: 'started' });
    await w.v1.post(`/calls/${out}/audio`, { sentence: '' });
    expect(await w.app.next('speak')).toMatchObject({ callId: out, status: 'done' });
    await w.v1.post('/bridges', { callIds: [out, incoming] });
    await w.v1.post(`/calls/${incoming}`, { state: 'completed' });
    const ended = [await w.app.next('hangup'), await w.app.next('hangup')];
    expect(ended.map((event) => event['cause'])).toEqual(['NORMAL_CLEARING', 'NORMAL_CLEARING']);
  });

  it('a call between two numbers of the account is cancelled, rejected, refused', async () => {
    const out = await w.dial(NUMBER, { callTimeout: 1 });
    const incoming = (await w.app.next('incomingcall'))['callId'] ?? '';
    expect(await w.app.next('hangup', (event) => event['callId'] === incoming)).toMatchObject({
      cause: 'ORIGINATOR_CANCEL',
    });
    expect(await w.app.next('hangup')).toMatchObject({ callId: out, cause: 'NO_ANSWER' });

    const again = await w.dial(NUMBER);
    const rejected = (await w.app.next('incomingcall'))['callId'] ?? '';
    await w.v1.post(`/calls/${rejected}`, { state: 'rejected' });
    expect(await w.app.next('hangup', (event) => event['callId'] === again)).toMatchObject({ cause: 'CALL_REJECTED' });

    await w.v1.post('/phoneNumbers', { number: '+19195550100' });
    const refused = await w.dial('+19195550100'); // a number without application
    expect(await w.app.next('hangup', (event) => event['callId'] === refused)).toMatchObject({
      cause: 'CALL_REJECTED',
    });

    const quick = await w.dial(NUMBER);
    await w.v1.post(`/calls/${quick}`, { state: 'completed' });
    expect(await w.app.next('hangup', (event) => event['callId'] === quick)).toMatchObject({
      cause: 'ORIGINATOR_CANCEL',
    });
    for (const leg of (await w.sandbox.get('/calls')).body) expect(leg.state).toBe('ended');
  });
});
