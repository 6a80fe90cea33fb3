import { NUMBER, receiver, world, type Json, type Receiver, type World } from '../support/harness';

let w: World;
let fallback: Receiver;
beforeEach(async () => {
  w = await world();
  fallback = await receiver();
});
afterEach(async () => {
  await w.close();
  await fallback.close();
});

const events = async (callId: string): Promise<Json> => (await w.sandbox.get(`/calls/${callId}`)).body.events;
const errors = async (): Promise<Json> => (await w.v1.get('/errors')).body;

describe('the delivery of events', () => {
  it('sends each event of a call once, after the previous one was answered', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    w.app.reply = async ({ event }) => {
      if (event['eventType'] === 'answer') await held;
      return 200;
    };
    const id = await w.dial('+15550000005'); // answers and hangs up at once
    await w.app.next('answer');
    const other = await w.dial('+15550000001');
    expect(await w.app.next('hangup')).toMatchObject({ callId: other }); // another call does not wait
    expect((await events(id)).map((event: Json) => event.outcome)).toEqual(['pending', 'pending']);
    release();
    expect(await w.app.next('hangup')).toMatchObject({ callId: id });
    expect(w.app.types().filter((type) => type === 'answer')).toHaveLength(1);
  });

  it('as GET carries the same fields as query parameters, beside those of the URL', async () => {
    const id = await w.dial('+15550000001', {
      callbackUrl: `${w.app.url}/hook?key=a%20b`,
      callbackHttpMethod: 'get',
      tag: 'x&y=ü',
    });
    const event = await w.app.next('hangup');
    expect(event).toMatchObject({ key: 'a b', callId: id, from: NUMBER, cause: 'USER_BUSY', tag: 'x&y=ü' });
    expect(w.app.received[0]?.method).toBe('GET');
    expect(w.app.received[0]?.headers['user-agent']).toBe('BandwidthAPI/v1');
  });

  it('sends the credentials of the URL as Authorization, and never shows them', async () => {
    w.app.reply = () => 401;
    const id = await w.dial('+15550000001', { callbackUrl: w.app.url.replace('//', '//user:p%40ss@') + '/a?b=c' });
    await w.app.next('hangup');
    const [{ headers, path }] = w.app.received as [Receiver['received'][0]];
    expect(headers.authorization).toBe(`Basic ${Buffer.from('user:p@ss').toString('base64')}`);
    expect(path).toBe('/a?b=c');
    await w.dial('+15550000004', { callbackUrl: fallback.url });
    await fallback.next('hangup');
    expect(JSON.stringify([await events(id), await errors()])).not.toContain('p%40ss');
  });

  it.each([
    ['a 500', () => 500],
    ['a redirect, which is not followed', () => ({ status: 302, headers: { Location: '/elsewhere' } })],
    ['a cut connection', () => 'cut' as const],
    ['no reply within callbackTimeout', () => 'hang' as const],
  ])('falls back once after %s', async (_what, reply) => {
    w.app.reply = reply;
    const id = await w.dial('+15550000001', { fallbackUrl: `${fallback.url}/fallback`, callbackTimeout: '100' });
    expect(await fallback.next('hangup')).toMatchObject({ callId: id, cause: 'USER_BUSY' });
    expect(w.app.received).toHaveLength(1);
    expect((await errors())[0]).toMatchObject({ code: 'callback-failed', category: 'unavailable' });
    const [event] = await events(id);
    expect(event.attempts.map((attempt: Json) => attempt.url)).toEqual([w.app.url, `${fallback.url}/fallback`]);
  });

  it('falls back after a refused connection, and records every failure', async () => {
    const gone = await receiver();
    await gone.close();
    fallback.reply = () => 404;
    const id = await w.dial('+15550000001', { callbackUrl: gone.url, fallbackUrl: fallback.url });
    await fallback.next('hangup');
    await w.dial('+15550000001'); // its hangup comes after the failure above was noted
    await w.app.next('hangup');
    const [second, first] = await errors();
    expect(second.message).toContain('HTTP status 404');
    expect(first.message).toContain('ECONNREFUSED');
    expect(await events(id)).toMatchObject([{ eventType: 'hangup', outcome: 'failed', cause: 'USER_BUSY' }]);
  });

  it('uses the callback URL, method and tag of an update', async () => {
    const id = await w.dial('+15550000002');
    const update = { callbackUrl: fallback.url, callbackHttpMethod: 'GET', tag: 'new', callbackTimeout: 500 };
    expect((await w.v1.post(`/calls/${id}`, update)).status).toBe(200);
    expect((await w.v1.get(`/calls/${id}`)).body).toMatchObject(update);
    await w.v1.post(`/calls/${id}`, { state: 'completed' });
    expect(await fallback.next('hangup')).toMatchObject({ tag: 'new' });
    expect(fallback.received[0]?.method).toBe('GET');
  });
});
