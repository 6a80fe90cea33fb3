import net from 'node:net';
import { startServer, webhookUrlOf, type TandemServer } from '../../src/server/server';
import { apiServer, type ApiServer } from '../helpers/api-server';
import { CALLEE, CALLER, ENDPOINT, NUMBER, PSTN, recordingLog, type RecordingLog } from '../helpers/builders';
import { answerBody, hangupBody, incomingCallBody } from '../helpers/v1-events';
import { runTandem, testConfig, type RunningTandem } from '../helpers/tandem';

const BOB = 'sip:bob@xyz-corp-testing.bwapp.bwsip.io';
const LINES = `${NUMBER}=${ENDPOINT},+1555444334=${BOB}`;

describe('calls, end to end over HTTP', () => {
  let tandem: RunningTandem;
  beforeEach(async () => {
    tandem = await runTandem({ LINES, WEBHOOK_USERNAME: 'hook', WEBHOOK_PASSWORD: 'p@ss/wörd', API_TOKEN: 'sesame' });
    await tandem.phone(ENDPOINT);
  });
  afterEach(() => tandem.close());

  /** What nobody may find after a call: a leg that is still there. */
  async function legs(flowId: string): Promise<string[]> {
    return (await tandem.sandbox.legsOf(flowId)).map(({ state }) => state);
  }

  it('SIP → PSTN: the phone dials out, both are bridged, both are gone at the end', async () => {
    const id = await tandem.sandbox.dial({ from: ENDPOINT, to: PSTN, hangUpAfterMs: 1_000 });
    const call = await tandem.ended(id);
    expect(call).toMatchObject({ direction: 'sip-to-pstn', reason: 'completed', from: ENDPOINT });
    expect(call.bridgeId).toMatch(/^brg-/);
    expect(await legs(id)).toEqual(['ended', 'ended']);
    const far = (await tandem.sandbox.legsOf(id)).find(({ kind }) => kind === 'pstn');
    expect(far).toMatchObject({ party: PSTN, direction: 'out' });
    expect(far?.history.map(({ what }) => what)).toContain('connected');
  });

  it.each([86_400_000, -86_400_000])('go on when the clock of the machine jumps by %d ms', async (ms) => {
    const started = Date.now();
    const id = await tandem.sandbox.dial({ from: ENDPOINT, to: PSTN, hangUpAfterMs: 1_500 });
    while ((await tandem.tandem.call(id))?.phase !== 'bridged') await new Promise(setImmediate);
    const now = Date.now.bind(Date);
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => now() + ms);
    try {
      const call = await tandem.ended(id);
      expect(call.reason).toBe('completed');
      expect(Math.abs(Date.parse(call.createdAt) - (started + ms))).toBeLessThan(60_000);
    } finally {
      clock.mockRestore();
    }
  });

  it('PSTN → SIP: somebody calls the number, the phone rings', async () => {
    const id = await tandem.sandbox.dial({ from: '+12223334444', to: NUMBER, hangUpAfterMs: 1_000 });
    const call = await tandem.ended(id);
    expect(call).toMatchObject({ direction: 'pstn-to-sip', reason: 'completed', to: NUMBER });
    expect(await legs(id)).toEqual(['ended', 'ended']);
  });

  it.each([BOB, 'bob', '+1555444334', '1555444334'])('SIP → SIP: one phone dials the other as %s', async (to) => {
    await tandem.phone(BOB);
    const id = await tandem.sandbox.dial({ from: ENDPOINT, to, hangUpAfterMs: 1_000 });
    expect(await tandem.ended(id)).toMatchObject({ direction: 'sip-to-sip', reason: 'completed' });
    expect(await legs(id)).toEqual(['ended', 'ended']);
  });

  it('speak and hang up: the phone hears the sentence, and Tandem hangs up', async () => {
    const id = await tandem.tandem.speak('jsmith_mobile', 'Hello sip client');
    expect(await tandem.ended(id)).toMatchObject({ kind: 'speak-and-hang-up', reason: 'completed' });
    const [far, ...others] = await tandem.sandbox.legsOf(id);
    expect(others).toEqual([]);
    expect(far?.history).toContainEqual(
      expect.objectContaining({ what: 'speech-started', detail: 'Hello sip client' }),
    );
  });

  it.each([
    ['+15550000001', 'busy', 'USER_BUSY'],
    ['+15550000003', 'rejected', 'CALL_REJECTED'],
    ['+15550000004', 'unallocated', 'UNALLOCATED_NUMBER'],
    ['+15550000002', 'no-answer', 'NO_ANSWER'],
  ])('the callee %s: the caller is rejected (%s)', async (to, reason, cause) => {
    const id = await tandem.sandbox.dial({ from: ENDPOINT, to });
    const call = await tandem.ended(id);
    expect(call).toMatchObject({
      reason,
      legs: [
        { role: 'caller', state: 'gone' },
        { role: 'callee', cause },
      ],
    });
    expect(call.bridgeId).toBeUndefined();
    expect(await legs(id)).toEqual(['ended', 'ended']);
    const caller = (await tandem.sandbox.legsOf(id)).find(({ direction }) => direction === 'in');
    expect(caller?.callId).toBe(id);
    expect(caller?.history.map(({ what }) => what)).not.toContain('answered'); // and not billed
  });

  it('the caller gives up while the callee rings: the callee is hung up', async () => {
    const id = await tandem.sandbox.dial({ from: ENDPOINT, to: '+15550000006', giveUpAfterMs: 60 });
    expect(await tandem.ended(id)).toMatchObject({ reason: 'caller-gave-up' });
    expect(await legs(id)).toEqual(['ended', 'ended']);
  });

  it('the callee answers and hangs up at once: the caller does not stay alone', async () => {
    const id = await tandem.sandbox.dial({ from: ENDPOINT, to: '+15550000005', hangUpAfterMs: 60_000 });
    expect(['completed', 'callee-left']).toContain((await tandem.ended(id)).reason);
    expect(await legs(id)).toEqual(['ended', 'ended']);
  });

  it('somebody who dials nonsense is rejected, and nobody rings', async () => {
    const id = await tandem.sandbox.dial({ from: ENDPOINT, to: '911' });
    expect(await tandem.ended(id)).toMatchObject({ reason: 'unroutable', direction: 'unroutable' });
    expect(await legs(id)).toEqual(['ended']);
  });

  it('many calls at once all end as they should', async () => {
    const ids = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        tandem.sandbox.dial({ from: ENDPOINT, to: i % 3 === 0 ? '+15550000001' : PSTN, hangUpAfterMs: 4_000 }),
      ),
    );
    const reasons = await Promise.all(ids.map(async (id) => (await tandem.ended(id)).reason));
    expect(reasons.filter((reason) => reason === 'busy')).toHaveLength(10);
    expect(reasons.filter((reason) => reason === 'completed')).toHaveLength(20);
  });

  it('is at the URL that it says, with the credentials in it', () => {
    const { url, webhookUrl } = tandem.server;
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(webhookUrl).toBe(`${url.replace('http://', 'http://hook:p%40ss%2Fw%C3%B6rd@')}/webhooks/voice`);
  });

  it('logs no secret', () => {
    const log = JSON.stringify(tandem.lines);
    for (const secret of ['p@ss', 'p%40ss', 'sesame', 's-1']) expect(log).not.toContain(secret);
  });
});

describe('a server', () => {
  it('says where its webhooks are for a platform that reaches it elsewhere', async () => {
    const config = testConfig({ PUBLIC_BASE_URL: 'https://tandem.example.com/', ALLOW_OPEN: 'on' });
    const server = await startServer(config, 'http://127.0.0.1:1', recordingLog().log);
    expect(server.webhookUrl).toBe('https://tandem.example.com/webhooks/voice');
    await server.close();
  });

  it('warns of what is open, and of what a platform elsewhere cannot reach', async () => {
    const warned = async (settings: Record<string, string> = {}) => {
      const { log, lines } = recordingLog();
      await (await startServer(testConfig(settings), 'http://127.0.0.1:1', log)).close();
      return lines
        .filter(({ event, level }) => level === 40 && /^(open|public|shared)-/.test(String(event)))
        .map(({ event, open }) => [event, open]);
    };
    const credentials = { WEBHOOK_USERNAME: 'a', WEBHOOK_PASSWORD: 'b', API_TOKEN: 'c' };
    const elsewhere = { BANDWIDTH_API_URL: 'https://api.example.com', PUBLIC_BASE_URL: 'https://x.y' };
    expect(await warned()).toEqual([]);
    expect(await warned({ ...elsewhere, ...credentials })).toEqual([]);
    expect(await warned({ ...elsewhere, ...credentials, ALLOW_OPEN: 'on' })).toEqual([]);
    expect(await warned({ ...elsewhere, ALLOW_OPEN: 'on' })).toEqual([['open-access', ['/webhooks/voice', '/calls']]]);
    expect(await warned({ ...elsewhere, ...credentials, PUBLIC_BASE_URL: '' })).toEqual([
      ['public-base-url-missing', undefined],
    ]);
  });

  it('warns of a password that endpoints share, and of none that each has alone', async () => {
    const warned = async (SIP_PASSWORD: string, LINES: string) => {
      const { log, lines } = recordingLog();
      await (await startServer(testConfig({ SIP_PASSWORD, LINES }), 'http://127.0.0.1:1', log)).close();
      expect(JSON.stringify(lines)).not.toContain('hunter22');
      return lines.filter(({ event }) => event === 'shared-sip-password').map(({ endpoints }) => endpoints);
    };
    const [alice, bob] = ['sip:alice@a.bwapp.bwsip.io', 'sip:bob@a.bwapp.bwsip.io'];
    expect(await warned('hunter22', `+15551234567=${alice},+15551234568=${bob}`)).toEqual([[alice, bob]]);
    expect(await warned('hunter22', `+15551234567=${alice},+15551234568=${alice}`)).toEqual([]);
    expect(await warned('hunter22', `+15551234567=${alice},+15551234568=${bob}=secret2`)).toEqual([]);
    expect(await warned('', `+15551234567=${alice},+15551234568=${bob}`)).toEqual([]);
  });

  it('rejects when its port is in use', async () => {
    const first = await startServer(testConfig(), 'http://127.0.0.1:1', recordingLog().log);
    const config = testConfig({ PORT: new URL(first.url).port });
    await expect(startServer(config, 'http://127.0.0.1:1', recordingLog().log)).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    await first.close();
  });

  it('has its credentials escaped in the URL', () => {
    const url = new URL(webhookUrlOf('https://x.y', { username: 'a b', password: "@:/?#%'ü" }));
    expect([decodeURIComponent(url.username), decodeURIComponent(url.password)]).toEqual(['a b', "@:/?#%'ü"]);
  });
});

describe('a server that goes down', () => {
  let api: ApiServer;
  let recording: RecordingLog;
  let server: TandemServer;
  let closed: boolean;
  beforeEach(async () => {
    api = await apiServer(({ method, path }) =>
      method === 'POST' && path.endsWith('/calls')
        ? { status: 201, headers: { location: `/calls/${CALLEE}` } }
        : { status: 200 },
    );
    closed = false;
    recording = recordingLog();
    server = await startServer(testConfig(), api.url, recording.log);
  });
  afterEach(async () => {
    if (!closed) await server.close();
    await api.close();
  });

  function post(event: object): Promise<Response> {
    const headers = { 'content-type': 'application/json' };
    return fetch(`${server.url}/webhooks/voice`, { method: 'POST', headers, body: JSON.stringify(event) });
  }
  /** What the server asks at its start: what is up, and whether the platform is in order. */
  const isRecovery = ({ path }: { path: string }) => /\/calls\?page=|\/applications\?/.test(path);
  const creates = ({ method, path }: { method: string; path: string }) => method === 'POST' && path.endsWith('/calls');

  it('lets a live command finish, refuses new calls meanwhile, and closes', async () => {
    let reply = (): void => undefined;
    const held = new Promise<void>((resolve) => (reply = resolve));
    api.answer = async () => {
      await held;
      return { status: 201, headers: { location: `/calls/${CALLEE}` } };
    };
    expect((await post(incomingCallBody())).status).toBe(200);
    await api.next(creates);

    const closing = server.close();
    const refused = await post(incomingCallBody({ callId: 'c-new' }));
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '10']);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    expect((await post(incomingCallBody())).status).toBe(200); // a known one
    expect(api.requests.filter((request) => !isRecovery(request))).toHaveLength(1);

    reply();
    await closing;
    expect(recording.lines).toContainEqual(expect.objectContaining({ step: 'command dial', outcome: 'done' }));
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
  });

  it('closes at once where bridged calls survive the process, though connections are kept alive', async () => {
    await post(incomingCallBody());
    await post(answerBody(CALLEE, { tag: CALLER }));
    await post(answerBody(CALLER));
    await recording.line(({ event, phase }) => event === 'session.step' && phase === 'bridged');
    const before = performance.now();
    await server.close();
    expect(performance.now() - before).toBeLessThan(6_000); // and not when the patience of 8 s is over
  });

  /** A server that goes down while the platform is silent: closed when its patience is over. */
  async function closeWithoutReply(): Promise<void> {
    api.answer = () => 'hang';
    await post(incomingCallBody());
    await api.next(creates);
    api.answer = () => ({ status: 404 });
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'performance'] });
    try {
      const closing = server.close();
      await jest.advanceTimersByTimeAsync(9_900);
      await closing;
      closed = true;
    } finally {
      jest.useRealTimers();
    }
    await recording.line(({ command }) => command === 'dial');
  }

  it('waits for a command no longer than ten seconds', async () => {
    await closeWithoutReply();
    expect(recording.lines).toContainEqual(expect.objectContaining({ level: 40, event: 'commands-cut-off' }));
  });

  // The commands that were cut off would bring new ones, and retry them for minutes.
  it('sends nothing any more once it is closed', async () => {
    await closeWithoutReply();
    const next = api.next((request) => request.method === 'GET' && !isRecovery(request)).then(() => 'one more request');
    const later = new Promise((resolve) => setTimeout(resolve, 300, 'nothing').unref());
    const sent = await Promise.race([next, later]);
    expect(sent).toBe('nothing');
  });

  it('may be closed twice', async () => {
    await Promise.all([server.close(), server.close()]);
    await expect(server.close()).resolves.toBeUndefined();
  });

  // What is acknowledged between the drain and the end of the last connection is owed too.
  it('finishes the commands of an event that it acknowledges while it closes', async () => {
    await post(incomingCallBody());
    await post(answerBody(CALLEE, { tag: CALLER }));
    await post(answerBody(CALLER));
    await recording.line(({ step }) => step === 'command bridge');

    const body = JSON.stringify(hangupBody(CALLEE));
    const socket = net.connect(Number(new URL(server.url).port), '127.0.0.1');
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    const fields = ['Host: 127.0.0.1', 'Content-Type: application/json', `Content-Length: ${body.length}`];
    const head = `POST /webhooks/voice HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`;
    await new Promise((resolve) => socket.write(head + body.slice(0, 5), resolve));
    // The server has read the head once it answers a request that came after it.
    await fetch(`${server.url}/healthz`);

    const acknowledged = new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString())));
    const closing = server.close();
    closed = true;
    // The platform takes its time for the hang-up: longer than the server takes to close where it does not wait.
    const slow = new Promise<void>((resolve) => setTimeout(resolve, 1_500).unref());
    api.answer = () => Promise.race([closing, slow]).then(() => ({ status: 200 }));
    await new Promise((resolve) => setImmediate(resolve));
    socket.write(body.slice(5));
    expect(await acknowledged).toMatch(/^HTTP\/1.1 200 /);
    await closing;
    const steps = recording.lines.map(({ step }) => step);
    socket.destroy();
    await recording.line(({ step }) => step === 'command hang-up'); // its retry, where the process has not ended yet
    expect(steps).toContain('command hang-up');
  });
});

describe('calls that are up when the server stops', () => {
  let tandem: RunningTandem;
  afterEach(() => tandem.close());

  async function bridged(drainSeconds: string, embedded: boolean, hangUpAfterMs: number): Promise<string> {
    tandem = await runTandem({ DRAIN_SECONDS: drainSeconds }, {}, embedded);
    await tandem.phone(ENDPOINT);
    const id = await tandem.sandbox.dial({ from: ENDPOINT, to: PSTN, hangUpAfterMs });
    await tandem.line(({ sessionId, phase }) => sessionId === id && phase === 'bridged');
    return id;
  }
  const reasons = () => tandem.lines.filter(({ event }) => event === 'session.ended').map(({ reason }) => reason);
  const cut = () => tandem.lines.filter(({ event }) => event === 'calls-cut').map(({ count }) => count);
  const legs = async (id: string) => (await tandem.sandbox.legsOf(id)).map(({ state }) => state);

  it('with the platform in the same process: those that DRAIN_SECONDS is too short for are server-stopped', async () => {
    const id = await bridged('0', true, 60_000);
    await tandem.server.close();
    expect([reasons(), cut()]).toEqual([['server-stopped'], [1]]);
    expect(await legs(id)).toEqual(['ended', 'ended']);
  });

  it('with the platform in the same process: those that end within DRAIN_SECONDS are completed', async () => {
    await bridged('30', true, 1_000);
    await tandem.server.close();
    expect([reasons(), cut()]).toEqual([['completed'], []]);
  });

  it('with a platform elsewhere: bridged calls go on', async () => {
    const id = await bridged('30', false, 60_000);
    await tandem.server.close();
    expect([reasons(), cut()]).toEqual([[], []]);
    expect(await legs(id)).toEqual(['up', 'up']);
  });

  it('with a platform elsewhere: a call that still rings is ended, as no process knows it any more', async () => {
    tandem = await runTandem({ DRAIN_SECONDS: '0', CALL_TIMEOUT_SECONDS: '60' });
    await tandem.phone(ENDPOINT);
    const id = await tandem.sandbox.dial({ from: ENDPOINT, to: '+15550000002' });
    await tandem.line(({ sessionId, step }) => sessionId === id && step === 'command dial');
    await tandem.server.close();
    expect([reasons(), cut()]).toEqual([['server-stopped'], [1]]);
    expect(await legs(id)).toEqual(['ended', 'ended']);
  });
});
