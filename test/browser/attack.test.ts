/** A web page of an attacker in a real Chromium, against a Tandem that needs no credentials and a platform that the browser knows. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromium, type Browser, type BrowserContext } from 'playwright-core';
import { ACCOUNT, runTandem, type RunningTandem } from '../helpers/tandem';
import { attackPage, ATTACKS, type Attack } from './support/attack-page';
import { findChromium } from './support/demand-chromium';
import { startWitness, type Attempt, type Witness } from './support/witness';

const USER_PATH = `/v1/users/${ACCOUNT.userId}`;
const REBOUND = 'evil.example';
const ALL = Object.keys(ATTACKS) as Attack[];

let browser: Browser;
beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: findChromium() ?? 'chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--host-resolver-rules=MAP ${REBOUND} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost`,
    ],
  });
});
afterAll(() => browser.close());

interface Scene {
  tandem: RunningTandem;
  witnesses: { tandem: Witness; platform: Witness };
  attacker: Server;
  attackerPort: number;
  context: BrowserContext;
}

let scene: Scene;
async function setUp(blind: boolean): Promise<void> {
  const tandem = await runTandem({}, { sip: { host: '127.0.0.1', port: 0 } });
  const witnesses = {
    tandem: await startWitness(tandem.server.url, { blind }),
    platform: await startWitness(tandem.platform.url, { blind }),
  };
  const attacker = createServer((request, response) => {
    // A sandboxed page has the opaque origin `null`.
    if (request.url === '/sandboxed')
      response.setHeader('Content-Security-Policy', 'sandbox allow-scripts allow-forms');
    const { tandem, platform } = witnesses;
    const page = attackPage({ tandem: tandem.url, platform: platform.url, userPath: USER_PATH });
    response.setHeader('Content-Type', 'text/html').end(page);
  });
  await new Promise<void>((resolve) => attacker.listen(0, '127.0.0.1', resolve));
  const context = await browser.newContext();
  scene = { tandem, witnesses, attacker, attackerPort: (attacker.address() as AddressInfo).port, context };
}
afterEach(async () => {
  await scene.context.close();
  scene.attacker.closeAllConnections();
  await new Promise((resolve) => scene.attacker.close(resolve));
  for (const witness of Object.values(scene.witnesses)) await witness.close();
  await scene.tandem.close();
});

/** The developer looks at the platform with credentials in the URL, which the browser remembers; then opens the page. */
async function visit(url: string): Promise<Map<Attack, Attempt>> {
  const page = await scene.context.newPage();
  const { port } = scene.witnesses.platform;
  const known = `http://${ACCOUNT.token}:${ACCOUNT.secret}@127.0.0.1:${port}`;
  for (const path of [`${USER_PATH}/calls`, '/sandbox/calls', '/v1/availableNumbers/local?areaCode=910'])
    await page.goto(known + path);
  await page.goto(url, { waitUntil: 'commit' });
  const answered = async (name: Attack) => [name, await scene.witnesses[ATTACKS[name]].answered(name)] as const;
  const answers = await Promise.all(ALL.filter((name) => name !== 'sandbox-top-form').map(answered));
  await page.evaluate('leave()');
  return new Map([...answers, await answered('sandbox-top-form')]);
}

/** What came of it, by Tandem's and the platform's own account. */
async function effects() {
  const { server, platform } = scene.tandem;
  const authorization = `Basic ${Buffer.from(`${ACCOUNT.token}:${ACCOUNT.secret}`).toString('base64')}`;
  const read = async (url: string, headers = {}) => (await fetch(url, { headers })).json() as Promise<unknown[]>;
  const { calls } = (await (await fetch(`${server.url}/calls`)).json()) as { calls: { id: string }[] };
  const v1 = (path: string) => read(`${platform.url}${path}`, { authorization });
  return {
    calls: calls.map(({ id }) => id),
    platformCalls: await v1(`${USER_PATH}/calls`),
    farEnds: await v1('/sandbox/calls'),
    numbers: (await v1(`${USER_PATH}/phoneNumbers`)).length,
  };
}

describe.each([
  ['another port of 127.0.0.1', () => `http://127.0.0.1:${scene.attackerPort}/`],
  ['localhost', () => `http://localhost:${scene.attackerPort}/`],
  ['another site', () => `http://${REBOUND}:${scene.attackerPort}/`],
  ['an opaque origin', () => `http://${REBOUND}:${scene.attackerPort}/sandboxed`],
])('a page of %s', (_, url) => {
  it('gets nothing through', async () => {
    await setUp(false);
    const answers = await visit(url());
    const statuses = Object.fromEntries([...answers].map(([name, { status }]) => [name, status]));
    for (const name of ALL.filter((one) => one !== 'fetch-json' && one !== 'fetch-delete'))
      expect([name, statuses[name]]).toEqual([name, 403]);
    // Their preflights get no CORS headers, so the requests never leave.
    for (const name of ['fetch-json', 'fetch-delete'] as const) expect(answers.get(name)?.method).toBe('OPTIONS');
    expect(await effects()).toEqual({ calls: [], platformCalls: [], farEnds: [], numbers: 1 });
  });
});

describe('where Tandem does not see where requests come from', () => {
  const arrived = (answers: Map<Attack, Attempt>): Attack[] =>
    [...answers].filter(([, { method, status }]) => method !== 'OPTIONS' && status < 300).map(([name]) => name);
  // JSON needs a preflight, and events by GET a setting: the browser and Tandem refuse them in any case.
  const real = ALL.filter((name) => !['fetch-json', 'fetch-delete', 'image-event', 'frame-event'].includes(name));

  it('the same page gets through, with the credentials that the browser remembers', async () => {
    await setUp(true);
    const answers = await visit(`http://127.0.0.1:${scene.attackerPort}/`);
    expect(answers.get('websocket')?.status).toBe(101);
    expect(arrived(answers).sort()).toEqual(real.sort());
    expect(answers.get('sandbox-fetch')?.headers.authorization).toMatch(/^Basic /);
    const { calls, farEnds, platformCalls, numbers } = await effects();
    for (const list of [calls, farEnds, platformCalls]) expect(list).not.toEqual([]);
    expect(numbers).toBe(2);
  });

  // Chromium keeps remembered credentials apart for each site of the page, but uses them when the page is left.
  it('a page of another site reaches what needs no credentials, and the sandbox by leaving', async () => {
    await setUp(true);
    const answers = await visit(`http://${REBOUND}:${scene.attackerPort}/`);
    const open = real.filter(
      (name) => name === 'sandbox-top-form' || name === 'websocket' || ATTACKS[name] === 'tandem',
    );
    expect(arrived(answers).sort()).toEqual(open.sort());
  });
});

describe('a page whose name leads to this machine (DNS rebinding)', () => {
  const open = (): Promise<Map<Attack, Attempt>> => {
    const { tandem, platform } = scene.witnesses;
    const own = (witness: Witness): string => `http://${REBOUND}:${witness.port}`;
    const targets = { tandem: own(tandem), platform: own(platform), userPath: USER_PATH };
    tandem.pages.set('/page', attackPage(targets));
    return visit(`${own(tandem)}/page`);
  };

  it('gets nothing through, though it is same-origin to the browser', async () => {
    await setUp(false);
    const answers = await open();
    for (const name of ALL.filter((one) => one !== 'fetch-json' && one !== 'fetch-delete'))
      expect([name, answers.get(name)?.status]).toEqual([name, 403]);
    expect(answers.get('fetch-json')).toMatchObject({ method: 'POST', status: 403 });
    expect(answers.get('fetch-delete')).toMatchObject({ method: 'DELETE', status: 403 });
    expect(await effects()).toEqual({ calls: [], platformCalls: [], farEnds: [], numbers: 1 });
  });

  it('gets through where Tandem does not see the Host', async () => {
    await setUp(true);
    const answers = await open();
    expect(answers.get('fetch-json')).toMatchObject({ method: 'POST', status: 201 });
    expect((await effects()).calls.length).toBeGreaterThan(0);
  });
});
