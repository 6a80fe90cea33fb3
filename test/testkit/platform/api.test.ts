/** The parts of the kit's API that Tandem does not use. */
import {
  createStubPlatform,
  LINE,
  outcomeOf,
  PHONE,
  type Script,
  type StubPlatform,
} from '../../../src/testkit/platform';
import { eventOf, serve, type TestServer } from '../run-kit';

const answers: Script = { farEnd: 'answer', farEndAfterMs: 10, endsBy: 'caller', talkMs: 30 };

let stub: StubPlatform;
let app: TestServer;
let onEvent: (event: Record<string, string>) => void;

beforeEach(async () => {
  stub = createStubPlatform({ seed: 1, timeScale: 0.05 });
  await stub.start();
  onEvent = () => undefined;
  app = await serve((req, res) => {
    void eventOf(req).then((event) => {
      res.end();
      onEvent(event);
    });
  });
  stub.setIncomingCallUrl(app.url);
});
afterEach(async () => {
  await stub.close();
  await app.close();
});

async function api(method: string, path: string, body?: unknown, user = '/users/u-test') {
  const { token, secret } = stub.user;
  const reply = await fetch(`${stub.url}/v1${user}${path}`, {
    method,
    headers: { authorization: `Basic ${Buffer.from(`${token}:${secret}`).toString('base64')}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await reply.text();
  const id = reply.headers.get('location')?.split('/').pop() ?? '';
  return { status: reply.status, id, link: reply.headers.get('link'), body: text ? JSON.parse(text) : undefined };
}

/** Events of a leg, each once. */
function nextEvent(eventType: string, callId?: string): Promise<Record<string, string>> {
  return new Promise((resolve) => {
    const before = onEvent;
    onEvent = (event) => {
      before(event);
      if (event['eventType'] === eventType && (callId === undefined || event['callId'] === callId)) resolve(event);
    };
  });
}

describe('the account', () => {
  it('has the number, the domain and the endpoint of the played calls', async () => {
    const [number] = (await api('GET', `/phoneNumbers?applicationId=a-testkit1`)).body;
    expect(number).toMatchObject({ number: LINE, numberState: 'enabled' });
    expect((await api('GET', `/phoneNumbers/${encodeURIComponent(LINE)}`)).body).toEqual(number);
    const [domain] = (await api('GET', '/domains')).body;
    expect((await api('GET', `/domains/${domain.id}/endpoints`)).body).toMatchObject([
      { sipUri: PHONE, enabled: true },
    ]);
  });

  it('creates, changes and deletes, and never returns a password', async () => {
    const domain = await api('POST', '/domains', { name: 'new-domain' });
    expect(domain.status).toBe(201);
    expect((await api('POST', '/domains', { name: 'new-domain' })).status).toBe(409);
    const fields = { name: 'bob', credentials: { password: 'secret' } };
    const endpoint = await api('POST', `/domains/${domain.id}/endpoints`, fields);
    const path = `/domains/${domain.id}/endpoints/${endpoint.id}`;
    expect((await api('GET', path)).body).toMatchObject({
      sipUri: 'sip:bob@new-domain.bwapp.bwsip.io',
      credentials: { realm: 'new-domain.bwapp.bwsip.io', username: 'bob' },
    });
    expect(JSON.stringify((await api('GET', path)).body)).not.toContain('secret');
    expect((await api('POST', path, { enabled: false })).status).toBe(200);
    expect((await api('GET', path)).body).toMatchObject({ enabled: false });
    expect((await api('DELETE', path)).status).toBe(200);
    expect((await api('GET', path)).status).toBe(404);
  });

  it('sells numbers, from which the app may then call', async () => {
    const [sold] = (await api('POST', '/availableNumbers/local?areaCode=910&quantity=1', undefined, '')).body;
    const call = { to: '+15550001111', callbackUrl: app.url };
    expect((await api('POST', '/calls', { ...call, from: '+15559999999' })).body).toMatchObject({
      code: 'number-access-denied',
    });
    expect((await api('POST', '/calls', { ...call, from: sold.number })).status).toBe(201);
  });

  it('pages its lists', async () => {
    for (const name of ['one', 'two']) await api('POST', '/applications', { name, incomingCallUrl: 'http://a.test' });
    const first = await api('GET', '/applications?size=2');
    expect(first.body).toHaveLength(2);
    expect(first.link).toContain('page=1');
    expect((await api('GET', '/applications?size=2&page=1')).body).toMatchObject([{ name: 'two' }]);
    expect((await api('GET', '/applications?size=0')).status).toBe(400);
  });

  it('reports unknown paths and wrong credentials', async () => {
    expect((await api('GET', '/conferences/1')).status).toBe(404);
    expect((await fetch(`${stub.url}/v1/users/u-test/calls`)).status).toBe(401);
    expect(stub.strayRequests().map(({ kind }) => kind)).toEqual(['unknown-route', 'wrong-credentials']);
  });
});

describe('a call', () => {
  it('is transferred: dialled, connected, and ended together', async () => {
    const scenario = stub.dialFromPhone(answers);
    const { callId } = await nextEvent('incomingcall');
    const gone = nextEvent('hangup', callId);
    expect((await api('POST', `/calls/${callId}`, { state: 'transferring', transferTo: '+15550001111' })).status).toBe(
      201,
    );
    await gone;
    expect(outcomeOf(scenario)).toBe('bridged');
    expect(stub.isOver(scenario)).toBe(true);
    expect(scenario.journal.violations).toEqual([]);
  });

  it('joins on answer a bridge that existed before the dial', async () => {
    const scenario = stub.dialFromPstn(answers);
    const { callId = '' } = await nextEvent('incomingcall');
    const bridge = await api('POST', '/bridges', {});
    const answered = nextEvent('answer');
    const dial = { from: LINE, to: PHONE, callbackUrl: app.url, bridgeId: bridge.id, tag: `{"id":"${callId}"}` };
    const callee = await api('POST', '/calls', dial);
    expect((await answered)['callId']).toBe(callee.id);
    const up = nextEvent('answer', callId);
    await api('POST', `/calls/${callId}`, { state: 'active' });
    await up;
    expect(outcomeOf(scenario)).toBe('answered, not bridged');
    expect((await api('POST', `/bridges/${bridge.id}`, { callIds: [callId] })).status).toBe(200);
    expect((await api('GET', `/bridges/${bridge.id}/calls`)).body).toHaveLength(2);
    expect(outcomeOf(scenario)).toBe('bridged');
    expect(scenario.journal.violations).toEqual([]);
    expect(stub.guesses()).toBe(0);
  });

  it('that does not name its caller belongs to the waiting one, and is counted', async () => {
    const scenario = stub.dialFromPstn(answers);
    await nextEvent('incomingcall');
    await api('POST', '/calls', { from: LINE, to: PHONE, callbackUrl: app.url });
    expect(scenario.legs.map(({ role }) => role)).toEqual(['caller', 'callee']);
    expect(stub.guesses()).toBe(1);
  });

  it.each([
    [{ to: '+15550001111' }, 'validation-error', 'bad-request'],
    [
      { from: LINE, to: '+15550001111', callTimeout: 301, callbackUrl: 'http://a.test' },
      'validation-error',
      'bad-request',
    ],
    [{ from: LINE, to: '+15550001111', callbackUrl: 'a.test/x' }, 'callback-url-invalid', 'bad-request'],
  ])('%j is refused and reported', async (body, code, found) => {
    const { dials } = stub.expectDial(answers);
    expect((await api('POST', '/calls', { ...body, to: dials })).body).toMatchObject({ code });
    expect(stub.report().violations).toMatchObject([{ code: found }]);
  });

  it('plays files, gathers and sends digits only while it is up', async () => {
    const { dials } = stub.expectDial({ ...answers, farEndAfterMs: 1_000 });
    const answered = nextEvent('answer');
    const { id } = await api('POST', '/calls', { from: LINE, to: dials, callbackUrl: app.url });
    expect((await api('POST', `/calls/${id}/dtmf`, { dtmfOut: '1' })).status).toBe(400);
    await answered;
    const [played, gathered] = [nextEvent('playback'), nextEvent('gather')];
    expect((await api('POST', `/calls/${id}/audio`, { fileUrl: 'http://a.test/hello.wav' })).status).toBe(200);
    expect(await played).toMatchObject({ callId: id, status: 'started' });
    expect((await api('POST', `/calls/${id}/gather`, { maxDigits: 1, tag: 'pin' })).status).toBe(201);
    expect(await gathered).toMatchObject({ state: 'completed', reason: 'inter-digit-timeout', tag: 'pin' });
    expect((await api('POST', `/calls/${id}/dtmf`, { dtmfOut: '1,2#' })).status).toBe(200);
    expect((await api('POST', `/calls/${id}/dtmf`, { dtmfOut: 'x' })).status).toBe(400);
  });
});
