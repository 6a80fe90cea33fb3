import { ENDPOINT, NUMBER, receiver, world, type Receiver, type World, type Json } from '../support/harness';

let w: World;
afterEach(() => w.close());

const CALLER = '+12223334444';
const state = async (id: string): Promise<string> => (await w.v1.get(`/calls/${id}`)).body.state;
const leg = async (id: string): Promise<Json> => (await w.sandbox.get(`/calls/${id}`)).body;

describe('an incoming call', () => {
  beforeEach(async () => {
    w = await world();
  });

  it('to a number is announced to the number’s application', async () => {
    const id = await w.incoming(CALLER, NUMBER);
    expect(await w.app.next('incomingcall')).toEqual({
      eventType: 'incomingcall',
      callId: id,
      callUri: `${w.platform.url}/v1/users/u-test/calls/${id}`,
      time: expect.any(String),
      eventId: expect.stringMatching(/^ev-/),
      from: CALLER,
      to: NUMBER,
      callState: 'active',
      applicationId: w.applicationId,
    });
    expect((await w.v1.get(`/calls/${id}`)).body).toMatchObject({ direction: 'in', state: 'started', from: CALLER });
    expect((await leg(id)).history.map((entry: Json) => entry.what)).toEqual(['dialled', 'ringing']);
  });

  it.each([
    ['+15552223333', '+15552223333'],
    ['5552223333', '5552223333'],
    ['jsmith_mobile', ENDPOINT],
    ['SIP:jsmith_mobile@XYZ-corp-testing.bwapp.bwsip.io', ENDPOINT],
    ['nobody', 'nobody'],
  ])('from a phone that dials %s is announced to the endpoint’s application, to %s', async (dialled, to) => {
    await w.incoming('jsmith_mobile@xyz-corp-testing.bwapp.bwsip.io', dialled);
    expect(await w.app.next('incomingcall')).toMatchObject({ from: ENDPOINT, to });
  });

  it('answered over the API stays started until the line is up, and only then sends answer', async () => {
    await w.close();
    w = await world({ timing: { pickUpMs: 300 } });
    const id = await w.incoming(CALLER, NUMBER);
    await w.app.next('incomingcall');
    expect((await w.v1.post(`/calls/${id}`, { state: 'active' })).status).toBe(200);
    expect(await state(id)).toBe('started');
    expect((await w.v1.post(`/calls/${id}`, { state: 'active' })).status).toBe(200); // once more does no harm
    expect(w.app.types()).toEqual(['incomingcall']);
    expect(await w.app.next('answer')).toMatchObject({ callId: id, from: CALLER, to: NUMBER, callState: 'active' });
    expect(await state(id)).toBe('active');
    expect((await w.v1.post(`/calls/${id}`, { state: 'active' })).status).toBe(200);
  });

  it('rejected over the API ends with CALL_REJECTED, in the state rejected', async () => {
    const id = await w.incoming(CALLER, NUMBER);
    await w.app.next('incomingcall');
    expect((await w.v1.post(`/calls/${id}`, { state: 'rejected' })).status).toBe(200);
    expect(await w.app.next('hangup')).toMatchObject({ callId: id, cause: 'CALL_REJECTED' });
    expect(await state(id)).toBe('rejected');
    expect(await leg(id)).toMatchObject({ state: 'ended', cause: 'CALL_REJECTED' });
  });

  it('whose caller gives up ends with ORIGINATOR_CANCEL', async () => {
    const id = await w.incoming(CALLER, NUMBER, { giveUpAfterMs: 30 });
    expect(await w.app.next('hangup')).toMatchObject({ callId: id, cause: 'ORIGINATOR_CANCEL' });
    expect((await w.v1.post(`/calls/${id}`, { state: 'active' })).status).toBe(409);
  });

  it('whose caller gives up during the answer is never answered', async () => {
    await w.close();
    w = await world({ timing: { pickUpMs: 20_000 } });
    const id = await w.incoming(CALLER, NUMBER);
    await w.app.next('incomingcall');
    await w.v1.post(`/calls/${id}`, { state: 'active' });
    await w.sandbox.delete(`/calls/${id}`);
    expect(await w.app.next('hangup')).toMatchObject({ cause: 'ORIGINATOR_CANCEL' });
    expect(w.app.types()).toEqual(['incomingcall', 'hangup']);
  });

  it('whose caller hangs up after the answer ends with NORMAL_CLEARING', async () => {
    const id = await w.incoming(CALLER, NUMBER, { hangUpAfterMs: 20 });
    await w.app.next('incomingcall');
    await w.v1.post(`/calls/${id}`, { state: 'active' });
    expect(await w.app.next('hangup')).toMatchObject({ cause: 'NORMAL_CLEARING' });
  });

  it('to a number or from an endpoint without application is rejected, with an entry in /errors', async () => {
    await w.v1.delete(`/applications/${w.applicationId}`);
    for (const [from, to, code] of [
      [CALLER, NUMBER, 'no-application-for-number'],
      [ENDPOINT, '+15552223333', 'no-application-for-endpoint'],
    ] as const) {
      const { body } = await w.sandbox.post('/calls', { from, to });
      expect(body).toMatchObject({ state: 'ended', cause: 'CALL_REJECTED' });
      expect(body.callId).toBeUndefined();
      expect((await w.v1.get('/errors')).body[0]).toMatchObject({ code, category: 'unavailable' });
    }
    expect((await w.v1.get('/calls')).body).toEqual([]);
  });

  it('from a disabled endpoint is rejected', async () => {
    await w.v1.post(`/domains/${w.domainId}/endpoints/${w.endpointId}`, { enabled: false });
    const { body } = await w.sandbox.post('/calls', { from: ENDPOINT, to: '+15552223333' });
    expect(body).toMatchObject({ state: 'ended', cause: 'CALL_REJECTED' });
  });
});

describe('an incoming call that the application does not answer', () => {
  it('ends at the platform’s limit with NO_ANSWER', async () => {
    w = await world({ ringLimitSeconds: 0.05 });
    await w.incoming(CALLER, NUMBER);
    expect(await w.app.next('hangup')).toMatchObject({ cause: 'NO_ANSWER' });
    expect(w.app.types()).toEqual(['incomingcall', 'hangup']);
  });
});

describe('with autoAnswer', () => {
  beforeEach(async () => {
    w = await world({}, { autoAnswer: 'true' });
  });

  it('is answered once incomingcall is delivered', async () => {
    const id = await w.incoming(CALLER, NUMBER);
    await w.app.next('answer');
    expect(w.app.types()).toEqual(['incomingcall', 'answer']);
    expect(await state(id)).toBe('active');
  });

  it('is not answered if the application has rejected it in the meantime', async () => {
    w.app.reply = async ({ event }) => {
      if (event['eventType'] === 'incomingcall') await w.v1.post(`/calls/${event['callId']}`, { state: 'rejected' });
      return 200;
    };
    await w.incoming(CALLER, NUMBER);
    expect(await w.app.next('hangup')).toMatchObject({ cause: 'CALL_REJECTED' });
    expect(w.app.types()).toEqual(['incomingcall', 'hangup']);
  });
});

describe('an unreachable application', () => {
  let fallback: Receiver;
  beforeEach(async () => {
    fallback = await receiver();
    w = await world();
    w.app.reply = () => 503;
  });
  afterEach(() => fallback.close());

  it('leaves the call to the fallback URL', async () => {
    await w.v1.post(`/applications/${w.applicationId}`, { incomingCallFallbackUrl: fallback.url, autoAnswer: true });
    const id = await w.incoming(CALLER, NUMBER);
    expect(await fallback.next('incomingcall')).toMatchObject({ callId: id });
    expect(await fallback.next('answer')).toMatchObject({ callId: id });
    expect(w.app.types()).toEqual(['incomingcall', 'answer']);
  });

  it('ends the call without a fallback URL and number', async () => {
    const id = await w.incoming(CALLER, NUMBER);
    await w.app.next('hangup');
    expect(await leg(id)).toMatchObject({ state: 'ended', cause: 'NORMAL_TEMPORARY_FAILURE' });
    const [error] = (await w.v1.get('/errors')).body.reverse();
    expect(error).toMatchObject({
      id: expect.stringMatching(/^ue-/),
      category: 'unavailable',
      code: 'callback-failed',
      details: expect.arrayContaining([
        { name: 'callId', value: id },
        { name: 'reason', value: 'HTTP status 503' },
      ]),
    });
    expect((await w.v1.get(`/errors/${error.id}`)).body).toEqual(error);
  });

  it('connects the call to the fallback number, and answers it when that answers', async () => {
    await w.v1.post(`/phoneNumbers/${encodeURIComponent(NUMBER)}`, { fallbackNumber: '+15557770000' });
    const id = await w.incoming(CALLER, NUMBER);
    await w.app.next('answer');
    const legs = (await w.sandbox.get('/calls')).body;
    expect(legs).toMatchObject([
      { party: '+15557770000', direction: 'out', from: CALLER, state: 'up' },
      { party: CALLER, direction: 'in', callId: id, state: 'up' },
    ]);
    for (const { history } of legs) expect(history.at(-1).what).toBe('connected');
    await w.sandbox.delete(`/calls/${legs[0].id}`);
    await w.app.next('hangup');
    expect(await leg(id)).toMatchObject({ state: 'ended', cause: 'NORMAL_CLEARING' });
  });

  it('ends the call if the fallback number is busy, and the other leg if the caller gives up', async () => {
    await w.v1.post(`/phoneNumbers/${encodeURIComponent(NUMBER)}`, { fallbackNumber: '+15550000001' });
    const busy = await w.incoming(CALLER, NUMBER);
    await w.app.next('hangup');
    expect(await leg(busy)).toMatchObject({ state: 'ended', cause: 'USER_BUSY' });

    await w.v1.post(`/phoneNumbers/${encodeURIComponent(NUMBER)}`, { fallbackNumber: '+15550000002' });
    await w.incoming(CALLER, NUMBER, { giveUpAfterMs: 1_500 });
    await w.app.next('hangup');
    expect((await w.sandbox.get('/calls')).body[0]).toMatchObject({ party: '+15550000002', state: 'ended' });
  });
});
