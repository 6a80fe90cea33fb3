/** A platform elsewhere is checked: its credentials, whether it is there, and whether its application leads here. */
import { createApiHttp } from '../../../src/providers/bandwidth-v1/http';
import { createPlatformCheck } from '../../../src/providers/bandwidth-v1/platform-check';
import type { ProviderCheck } from '../../../src/providers/provider';
import { provision } from '../../../src/providers/bandwidth-v1/provisioning/provision';
import { startServer, type TandemServer } from '../../../src/server/server';
import { apiServer, type ApiAnswer, type ApiServer } from '../../helpers/api-server';
import { recordingLog } from '../../helpers/builders';
import { ACCOUNT, fastPlatform, testConfig } from '../../helpers/tandem';

const HERE = 'https://user:secret@tandem.example.com/webhooks/voice';
const TANDEM = { id: 'a-1', name: 'Tandem', incomingCallUrl: HERE };
const OTHER = { id: 'a-2', name: 'other', incomingCallUrl: 'https://other.example.com/hook' };
const app = (incomingCallUrl: string | null) => ({ ...TANDEM, incomingCallUrl });
const ok = (...body: object[]): ApiAnswer => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body,
});

let api: ApiServer;
let recording: ReturnType<typeof recordingLog>;
let time: number;
let check: ProviderCheck;
let close: () => void;
beforeEach(async () => {
  api = await apiServer(() => ok(TANDEM));
  recording = recordingLog();
  time = 0;
  const http = createApiHttp({ ...ACCOUNT, url: api.url, timeoutMs: 2_000 });
  close = () => http.close();
  check = createPlatformCheck({ http, webhookUrl: () => HERE, log: recording.log, now: () => time });
});
afterEach(async () => {
  close();
  await api.close();
});

/** Asks the platform, as if it were time to. */
async function faultOf(answer: ApiAnswer): Promise<string | undefined> {
  api.answer = () => answer;
  time += 3_600_000;
  await check.run();
  return check.fault();
}
const logged = () =>
  recording.lines
    .filter(({ event }) => String(event).startsWith('platform-check'))
    .map(({ event, fault }) => [event, fault].filter(Boolean).join(' '));

describe('at start', () => {
  it.each<[string, ApiAnswer, string | undefined]>([
    ['an application leads here', ok(OTHER, TANDEM), undefined],
    ['wrong credentials', { status: 401 }, 'platform-credentials'],
    ['an account of others', { status: 403 }, 'platform-credentials'],
    ['an unknown account', { status: 404 }, 'platform-credentials'],
    ['no reply', 'cut', 'platform-unreachable'],
    ['a failure of the platform', { status: 500 }, 'platform-unreachable'],
    ['a server of something else', { status: 200, body: '<html>' }, 'platform-unreachable'],
    ['an application that leads elsewhere', ok(app('https://old.example.com/webhooks/voice')), 'application-url'],
    ['an application without a URL', ok(app(null)), 'application-url'],
    ['an application without our credentials', ok(app('https://tandem.example.com/webhooks/voice')), 'application-url'],
    ['an application with old credentials', ok(app(HERE.replace('secret', 'old'))), 'application-url'],
  ])('%s', async (_, answer, fault) => {
    expect(await faultOf(answer)).toBe(fault);
    expect(logged()).toEqual(fault === undefined ? [] : [`platform-check-failed ${fault}`]);
    expect(JSON.stringify(recording.lines)).not.toMatch(/secret@|old@/);
  });

  it('without an application of ours it works for outgoing calls, with a warning', async () => {
    expect(await faultOf(ok(OTHER))).toBeUndefined();
    expect(logged()).toEqual(['platform-check-failed application-url']);
    const { msg } = await recording.line(({ event }) => event === 'platform-check-failed');
    expect(msg).toContain('npm run provision');
  });

  it('is fine at once when the fault is mended', async () => {
    expect(await faultOf({ status: 401 })).toBe('platform-credentials');
    expect(await faultOf({ status: 401 })).toBe('platform-credentials');
    expect(await faultOf(ok(TANDEM))).toBeUndefined();
    expect(logged()).toEqual(['platform-check-failed platform-credentials', 'platform-check-passed']);
  });
});

describe('later', () => {
  beforeEach(() => faultOf(ok(TANDEM)));

  it.each<[string, ApiAnswer]>([
    ['platform-unreachable', 'cut'],
    ['platform-credentials', { status: 401 }],
  ])('%s counts when it was found three times in a row', async (fault, answer) => {
    expect(await faultOf(answer)).toBeUndefined();
    expect(await faultOf(answer)).toBeUndefined();
    expect(await faultOf(ok(TANDEM))).toBeUndefined();
    expect(await faultOf(answer)).toBeUndefined();
    expect(await faultOf(answer)).toBeUndefined();
    expect(await faultOf(answer)).toBe(fault);
    expect(await faultOf(ok(TANDEM))).toBeUndefined();
  });

  it('an application that is led elsewhere is logged, and calls that are up keep their server', async () => {
    for (let times = 0; times < 5; times++) expect(await faultOf(ok(app(OTHER.incomingCallUrl)))).toBeUndefined();
    expect(logged()).toEqual(['platform-check-failed application-url']);
  });

  it('is asked again after a minute, sooner only while there is a fault', async () => {
    const asked = api.requests.length;
    await check.run();
    time += 59_000;
    await check.run();
    expect(api.requests).toHaveLength(asked);
    time += 2_000;
    api.answer = () => 'cut';
    await check.run();
    await check.run();
    expect(api.requests).toHaveLength(asked + 2);
  });
});

describe('/readyz', () => {
  let server: TandemServer | undefined;
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });
  const ready = async () => {
    const response = await fetch(`${server?.url ?? ''}/readyz`);
    return [response.status, await response.json()];
  };

  it('says it with a fixed word, and waits for the first answer', async () => {
    let answer = (): void => undefined;
    const held = new Promise<void>((resolve) => (answer = resolve));
    api.answer = async () => {
      await held;
      return { status: 401 };
    };
    server = await startServer(testConfig({ BANDWIDTH_API_URL: api.url }), api.url, recording.log);
    const probes = [ready(), ready()];
    answer();
    for (const probe of probes)
      expect(await probe).toEqual([503, { status: 'not ready', fault: 'platform-credentials' }]);
    expect(api.requests.filter(({ path }) => path.includes('/applications'))).toHaveLength(1);
  });

  it('is 200 against a platform that was provisioned, 503 where it was for another URL', async () => {
    const platform = await fastPlatform();
    const http = createApiHttp({ ...ACCOUNT, url: platform.url, timeoutMs: 2_000 });
    try {
      const config = testConfig({ BANDWIDTH_API_URL: platform.url, PUBLIC_BASE_URL: 'http://127.0.0.1:3999' });
      const { lines, sipPasswords } = config;
      const at = (webhookUrl: string) => provision(http, { lines, sipPasswords, webhookUrl });
      await at('http://127.0.0.1:3998/webhooks/voice');
      server = await startServer(config, platform.url, recording.log);
      expect(await ready()).toEqual([503, { status: 'not ready', fault: 'application-url' }]);
      await server.close();
      await at('http://127.0.0.1:3999/webhooks/voice');
      server = await startServer(config, platform.url, recording.log);
      expect(await ready()).toEqual([200, { status: 'ready' }]);
    } finally {
      http.close();
      await platform.close();
    }
  });
});
