import { NUMBER, world, type World, type Json } from '../support/harness';

let w: World;
beforeEach(async () => {
  w = await world();
});
afterEach(() => w.close());

const active = async (to = '+15552223333'): Promise<string> => {
  const id = await w.dial(to);
  await w.app.next('answer', (event) => event['callId'] === id);
  return id;
};
const bridgeOf = async (...callIds: string[]): Promise<string> => {
  const { status, id, headers } = await w.v1.post('/bridges', { callIds });
  expect(status).toBe(201);
  expect(headers.get('location')).toBe(`${w.platform.url}/v1/users/u-test/bridges/${id}`);
  return id;
};
const bridge = async (id: string): Promise<Json> => (await w.v1.get(`/bridges/${id}`)).body;
const last = async (callId: string): Promise<string> =>
  (await w.sandbox.get(`/calls/${callId}`)).body.history.at(-1).what;

describe('a bridge', () => {
  it('of two active calls is active at once, and both far ends are connected', async () => {
    const [a, b] = [await active(), await active()];
    const id = await bridgeOf(a, b);
    expect(await bridge(id)).toMatchObject({
      id,
      state: 'active',
      bridgeAudio: true,
      activatedTime: expect.any(String),
      calls: `${w.platform.url}/v1/users/u-test/bridges/${id}/calls`,
    });
    expect(await Promise.all([last(a), last(b)])).toEqual(['connected', 'connected']);
    expect((await w.v1.get(`/calls/${a}`)).body).toMatchObject({ bridgeId: id });
    const members = (await w.v1.get(`/bridges/${id}/calls`)).body;
    expect(members.map((call: Json) => call.id)).toEqual([a, b]);
    expect((await w.v1.get(`/calls?bridgeId=${id}`)).body).toHaveLength(2);
  });

  it('keeps one leg up after the end of the other, and completes when both have ended', async () => {
    const [a, b] = [await active(), await active()];
    const id = await bridgeOf(a, b);
    await w.sandbox.delete(`/calls/${a}`);
    await w.app.next('hangup');
    expect((await w.v1.get(`/calls/${b}`)).body.state).toBe('active');
    expect(await bridge(id)).toMatchObject({ state: 'active' });
    expect(await last(b)).toBe('disconnected');
    await w.v1.post(`/calls/${b}`, { state: 'completed' });
    expect(await bridge(id)).toMatchObject({ state: 'completed', completedTime: expect.any(String) });
    expect((await w.v1.post(`/bridges/${id}`, { bridgeAudio: false })).body.code).toBe('bridge-invalid-state');
  });

  it('has no audio before both legs have answered', async () => {
    const a = await active();
    const b = await w.incoming('+12223334444', NUMBER);
    const id = await bridgeOf(a, b);
    expect(await bridge(id)).toMatchObject({ state: 'created' });
    expect(await last(a)).toBe('answered');
    await w.v1.post(`/calls/${b}`, { state: 'active' });
    await w.app.next('answer', (event) => event['callId'] === b);
    expect(await bridge(id)).toMatchObject({ state: 'active' });
    expect(await last(a)).toBe('connected');
  });

  it('refuses a third call, a repeated call, a call of another bridge, an ended and an unknown call', async () => {
    const [a, b, c] = [await active(), await active(), await active()];
    await bridgeOf(a, b);
    const refusal = async (callIds: string[]): Promise<unknown> => {
      const { status, body } = await w.v1.post('/bridges', { callIds });
      return [status, body.code];
    };
    expect(await refusal([a, b, c])).toEqual([403, 'bridge-callIds-overflow']);
    expect(await refusal([c, c])).toEqual([400, 'validation-error']);
    expect(await refusal([a, c])).toEqual([400, 'bridge-bridged-callId']);
    expect(await refusal([c, 'c-none'])).toEqual([404, 'call-not-found']);
    await w.v1.post(`/calls/${c}`, { state: 'completed' });
    expect(await refusal([c])).toEqual([400, 'bridge-invalid-state']);
    expect((await w.v1.get('/bridges')).body).toHaveLength(1); // a refused one leaves nothing behind
  });

  it('may be created empty, and calls join it on creation and by an update', async () => {
    const id = await bridgeOf();
    expect(await bridge(id)).toMatchObject({ state: 'created', callIds: [] });
    const a = await w.dial('+15552223333', { bridgeId: id });
    const b = await active();
    await w.app.next('answer', (event) => event['callId'] === a);
    expect((await w.v1.post(`/bridges/${id}`, { callIds: [a, b] })).status).toBe(200);
    expect(await bridge(id)).toMatchObject({ state: 'active', callIds: [a, b] });
    const full = await w.v1.post('/calls', { from: NUMBER, to: '+15552223333', bridgeId: id });
    expect([full.status, full.body.code]).toEqual([403, 'bridge-callIds-overflow']);
    expect((await w.v1.post(`/bridges/${id}`, { callIds: [] })).status).toBe(200);
    expect(await bridge(id)).toMatchObject({ state: 'completed', callIds: [] });
    expect((await w.v1.get(`/calls/${a}`)).body).toMatchObject({ state: 'active' });
    await bridgeOf(a, b); // they are free again
  });

  it('is on hold while bridgeAudio is off', async () => {
    const [a, b] = [await active(), await active()];
    const id = await bridgeOf(a, b);
    await w.v1.post(`/bridges/${id}`, { bridgeAudio: 'false' });
    expect(await bridge(id)).toMatchObject({ state: 'hold', bridgeAudio: false });
    expect(await last(a)).toBe('disconnected');
    await w.v1.post(`/bridges/${id}`, { bridgeAudio: true });
    expect(await bridge(id)).toMatchObject({ state: 'active' });
  });

  it('plays to all of its calls', async () => {
    const [a, b] = [await active(), await active()];
    const id = await bridgeOf(a, b);
    expect((await w.v1.post(`/bridges/${id}/audio`, { sentence: 'hello' })).status).toBe(200);
    const done = (callId: string) =>
      w.app.next('speak', (event) => event['callId'] === callId && event['status'] === 'done');
    await Promise.all([done(a), done(b)]);
    await w.v1.post(`/bridges/${id}/audio`, { fileUrl: 'http://x/y.wav', loopEnabled: true });
    await w.app.next('playback', (event) => event['callId'] === b);
    expect((await w.v1.post(`/bridges/${id}/audio`, { fileUrl: '' })).status).toBe(200);
    await w.app.next('playback', (event) => event['callId'] === b && event['status'] === 'done');
    for (const call of [a, b]) await w.v1.post(`/calls/${call}`, { state: 'completed' });
    const refused = await w.v1.post(`/bridges/${id}/audio`, { sentence: 'hello' });
    expect([refused.status, refused.body.code]).toEqual([400, 'bridge-invalid-state']);
  });
});
