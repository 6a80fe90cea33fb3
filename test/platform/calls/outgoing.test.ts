import { ENDPOINT, NUMBER, world, type World, type Json } from '../support/harness';

let w: World;
beforeEach(async () => {
  w = await world();
});
afterEach(() => w.close());

const state = async (id: string): Promise<string> => (await w.v1.get(`/calls/${id}`)).body.state;

describe('a call dialled over the API', () => {
  it('is answered by a PSTN subscriber, with the documented answer event', async () => {
    const id = await w.dial('+15552223333', { tag: 'flow-1' });
    const event = await w.app.next('answer');
    expect(event).toEqual({
      eventType: 'answer',
      callId: id,
      callUri: `${w.platform.url}/v1/users/u-test/calls/${id}`,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      eventId: expect.stringMatching(/^ev-/),
      from: NUMBER,
      to: '+15552223333',
      callState: 'active',
      tag: 'flow-1',
    });
    expect(w.app.received[0]?.headers['user-agent']).toBe('BandwidthAPI/v1');
    expect(w.app.received[0]?.method).toBe('POST');
    expect(await state(id)).toBe('active');
  });

  it('ends with NORMAL_CLEARING when the API hangs up, and can still be read', async () => {
    const id = await w.dial('+15552223333', { tag: 'x' });
    await w.app.next('answer');
    expect((await w.v1.post(`/calls/${id}`, { state: 'completed' })).status).toBe(200);
    const event = await w.app.next('hangup');
    expect(event).toMatchObject({ cause: 'NORMAL_CLEARING', from: NUMBER, to: '+15552223333', tag: 'x', callId: id });
    const { body } = await w.v1.get(`/calls/${id}`);
    expect(body).toMatchObject({ state: 'completed', direction: 'out', chargeableDuration: expect.any(Number) });
    expect(Date.parse(body.endTime)).toBeGreaterThanOrEqual(Date.parse(body.activeTime));
    expect(w.app.types()).toEqual(['answer', 'hangup']);
  });

  it.each([
    ['+15550000001', 'USER_BUSY'],
    ['+15550000003', 'CALL_REJECTED'],
    ['+15550000004', 'UNALLOCATED_NUMBER'],
  ])('to %s ends with %s and never with an answer', async (to, cause) => {
    const id = await w.dial(to);
    expect(await w.app.next('hangup')).toMatchObject({ callId: id, cause });
    expect(w.app.types()).toEqual(['hangup']);
    expect(await state(id)).toBe('completed');
  });

  it('to a number that answers and hangs up at once: answer, then hangup', async () => {
    await w.dial('+15550000005');
    await w.app.next('hangup');
    expect(w.app.types()).toEqual(['answer', 'hangup']);
  });

  it('to a slow number rings until the answer', async () => {
    await w.close();
    w = await world({ timing: { slowAnswerAfterMs: 150 } });
    const started = Date.now();
    await w.dial('+15550000006');
    await w.app.next('answer');
    expect(Date.now() - started).toBeGreaterThanOrEqual(150);
  });

  it('not answered within callTimeout: timeout, then hangup with NO_ANSWER', async () => {
    const id = await w.dial('+15550000002', { callTimeout: '1', tag: 't' });
    await w.app.next('hangup');
    expect(w.app.received.map(({ event }) => event)).toMatchObject([
      { eventType: 'timeout', callId: id, from: NUMBER, to: '+15550000002', tag: 't' },
      { eventType: 'hangup', callId: id, cause: 'NO_ANSWER', tag: 't' },
    ]);
    const [leg] = (await w.sandbox.get(`/calls?callId=${id}`)).body;
    expect(leg).toMatchObject({ state: 'ended', cause: 'NO_ANSWER' });
    expect(leg.history.map((entry: { what: string }) => entry.what)).toEqual(['dialled', 'ringing', 'cancelled']);
  });

  it('hung up while ringing is cancelled at the far end, and ends with ORIGINATOR_CANCEL', async () => {
    const id = await w.dial('+15550000002');
    await w.v1.post(`/calls/${id}`, { state: 'completed' });
    expect(await w.app.next('hangup')).toMatchObject({ cause: 'ORIGINATOR_CANCEL' });
  });

  it('to an endpoint without a phone, unknown or disabled fails with a cause', async () => {
    await w.dial(ENDPOINT);
    expect(await w.app.next('hangup')).toMatchObject({ cause: 'NORMAL_TEMPORARY_FAILURE' });
    await w.dial('sip:nobody@xyz-corp-testing.bwapp.bwsip.io');
    expect(await w.app.next('hangup')).toMatchObject({ cause: 'UNALLOCATED_NUMBER' });
    await w.v1.post(`/domains/${w.domainId}/endpoints/${w.endpointId}`, { enabled: 'false' });
    await w.dial(ENDPOINT);
    expect(await w.app.next('hangup')).toMatchObject({ cause: 'CALL_REJECTED' });
  });

  it('to an endpoint with several phones: all ring, the first that answers gets the call, the others are cancelled', async () => {
    await w.sandbox.post('/phones', { sipUri: ENDPOINT, name: 'desk', behaviour: 'no-answer' });
    await w.sandbox.post('/phones', { sipUri: ENDPOINT, name: 'mobile', answerAfterMs: 30 });
    const id = await w.dial('jsmith_mobile@XYZ-corp-testing.bwapp.bwsip.io');
    await w.app.next('answer');
    const legs = (await w.sandbox.get(`/calls?callId=${id}`)).body;
    expect(legs).toHaveLength(2);
    expect(legs.find((leg: Json) => leg.name === 'mobile')).toMatchObject({
      state: 'up',
      kind: 'phone',
      direction: 'out',
    });
    expect(legs.find((leg: Json) => leg.name === 'desk')).toMatchObject({ state: 'ended', cause: 'ORIGINATOR_CANCEL' });
    await w.v1.post(`/calls/${id}`, { state: 'completed' });
    await w.app.next('hangup');
    expect(w.app.types()).toEqual(['answer', 'hangup']);
  });

  it('to phones that all refuse ends with the preferred cause', async () => {
    await w.sandbox.post('/phones', { sipUri: ENDPOINT, behaviour: 'reject' });
    await w.sandbox.post('/phones', { sipUri: ENDPOINT, behaviour: 'busy' });
    await w.dial(ENDPOINT);
    expect(await w.app.next('hangup')).toMatchObject({ cause: 'USER_BUSY' });
  });

  it('to a number of the account comes in as a separate call', async () => {
    const out = await w.dial(NUMBER, { tag: 'out' });
    const arrived = await w.app.next('incomingcall');
    const incoming = arrived['callId'] ?? '';
    expect(arrived).toMatchObject({ from: NUMBER, to: NUMBER, callState: 'active', applicationId: w.applicationId });
    expect(incoming).not.toBe(out);
    expect(await state(out)).toBe('started');
    await w.v1.post(`/calls/${incoming}`, { state: 'active' });
    const answers = [await w.app.next('answer'), await w.app.next('answer')];
    expect(new Set(answers.map((event) => event['callId']))).toEqual(new Set([out, incoming]));
    await w.v1.post(`/calls/${out}`, { state: 'completed' });
    const hangups = [await w.app.next('hangup'), await w.app.next('hangup')];
    expect(hangups.map((event) => event['cause'])).toEqual(['NORMAL_CLEARING', 'NORMAL_CLEARING']);
  });

  it('without a callbackUrl sends nothing, but stores its events', async () => {
    const id = await w.dial('+15550000001', { callbackUrl: undefined });
    await w.dial('+15550000004');
    await w.app.next('hangup');
    expect(w.app.received).toHaveLength(1);
    const { body } = await w.v1.get(`/calls/${id}/events`);
    expect(body).toEqual([{ id: expect.any(String), time: expect.any(String), name: 'hangup', data: 'USER_BUSY' }]);
    expect((await w.v1.get(`/calls/${id}/events/${body[0].id}`)).body).toEqual(body[0]);
    expect((await w.v1.get(`/calls/${id}/events/ev-none`)).body).toMatchObject({ code: 'event-not-found' });
  });
});
