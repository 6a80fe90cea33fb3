/** What `node dist/cli/main.js` prints and keeps of its secrets: in a terminal, elsewhere, and in production. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildTandem } from './helpers/spawn-tandem';
import { startChild, type Child } from './phones/support/child';
import { eventually } from './phones/support/waiting';

const MAIN = join(__dirname, '../dist/cli/main.js');
const FREE = {
  HOST: '127.0.0.1',
  SIP_HOST: '127.0.0.1',
  PORT: '0',
  PLATFORM_PORT: '0',
  SIP_PORT: '0',
  RTP_PORTS: '0',
};
/** As a user sets them; each value can be found in a text. */
const CONFIGURED = {
  WEBHOOK_USERNAME: 'hook',
  WEBHOOK_PASSWORD: 'hook-Passw0rd',
  API_TOKEN: 'api-T0ken',
  BANDWIDTH_USER_ID: 'u-me',
  BANDWIDTH_API_TOKEN: 't-account-T0ken',
  BANDWIDTH_API_SECRET: 's-account-Secret',
  LINES: '+1555444333=sip:jsmith_mobile@xyz-corp-testing.bwapp.bwsip.io=line-Passw0rd',
};
const SECRETS = /hook-Passw0rd|api-T0ken|t-account-T0ken|s-account-Secret|line-Passw0rd/;

interface Kept {
  url: string;
  apiToken?: string;
  webhooks?: { username: string; password: string };
  platform: { url: string; userId: string; token?: string; secret?: string };
  passwords: Record<string, string>;
}

jest.setTimeout(120_000);
let folder: string;
const children = new Set<Child>();
beforeAll(() => buildTandem(), 240_000);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tandem-'));
});
afterEach(async () => {
  for (const child of children) await child.end('SIGTERM', 20_000);
  children.clear();
  rmSync(folder, { recursive: true, force: true });
});

function start(args: string[], env: Record<string, string>): Child {
  const child = startChild(process.execPath, [MAIN, ...args], { cwd: folder, env });
  children.add(child);
  return child;
}

/** In a terminal, which `script` plays. */
function startInTerminal(args: string[], env: Record<string, string>): Child {
  const command = [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(' ');
  const child = startChild('script', ['-qfec', `exec ${command}`, '/dev/null'], { cwd: folder, env });
  children.add(child);
  return child;
}

const until = (child: Child, text: RegExp) =>
  eventually(
    `${text.source} in its output`,
    () => {
      if (!text.test(child.output()) && child.exit() !== undefined) throw new Error(`it ended:\n${child.output()}`);
      return text.test(child.output()) || undefined;
    },
    60_000,
  );
const ready = (child: Child) => until(child, /Try in another terminal[\s\S]*\/calls/);
const path = (name: string) => join(folder, '.tandem', name);
const read = (name: string) => JSON.parse(readFileSync(path(name), 'utf8')) as Kept;
const mode = (name: string) => statSync(path(name)).mode & 0o777;

function secretsOf({ apiToken, webhooks, platform, passwords }: Kept): string[] {
  const all = [apiToken, webhooks?.password, platform.token, platform.secret, ...Object.values(passwords)];
  return all.filter((secret) => secret !== undefined);
}

describe('generated secrets', () => {
  it('are not printed where the output is no terminal; a file for its owner has them', async () => {
    const tandem = start([], { ...FREE, PUBLIC_BASE_URL: 'https://tunnel.example.com' });
    await ready(tandem);
    const kept = read('running.json');
    expect(mode('running.json')).toBe(0o600);
    expect(secretsOf(kept)).toHaveLength(5);
    for (const secret of secretsOf(kept)) expect(tandem.output()).not.toContain(secret);
    expect(tandem.output()).toContain('.tandem/running.json');
    expect(tandem.output()).toMatch(/Set BANDWIDTH_API_TOKEN, .*SIP_PASSWORD/);

    const calls = (authorization?: string) =>
      fetch(`${kept.url}/calls`, authorization === undefined ? {} : { headers: { authorization } });
    expect((await calls()).status).toBe(401);
    expect((await calls(`Bearer ${kept.apiToken ?? ''}`)).status).toBe(200);
    const event = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"eventType":"x"}' };
    expect((await fetch(`${kept.url}/webhooks/voice`, event)).status).toBe(401);
  });

  it('are printed in a terminal, and never what the webhooks need', async () => {
    const tandem = startInTerminal([], FREE);
    await ready(tandem);
    const { platform, passwords, webhooks } = read('running.json');
    expect(tandem.output()).toContain(`${platform.token ?? '?'}:${platform.secret ?? '?'}`);
    for (const password of Object.values(passwords)) expect(tandem.output()).toContain(password);
    expect(tandem.output()).not.toContain(webhooks?.password);

    // A second terminal can ask for the phone's password again.
    const again = startInTerminal(['provision'], {});
    await again.gone;
    for (const password of Object.values(passwords)) expect(again.output()).toContain(password);
    const piped = start(['provision', '--json'], {});
    await piped.gone;
    expect(piped.exit()).toBe('exit code 0');
    for (const password of Object.values(passwords)) expect(piped.output()).not.toContain(password);
  });

  it('are not printed in production, in a terminal either', async () => {
    const { WEBHOOK_USERNAME, WEBHOOK_PASSWORD, API_TOKEN } = CONFIGURED;
    const tandem = startInTerminal([], {
      ...FREE,
      NODE_ENV: 'production',
      WEBHOOK_USERNAME,
      WEBHOOK_PASSWORD,
      API_TOKEN,
    });
    await ready(tandem);
    const secrets = secretsOf(read('running.json'));
    expect(secrets).toHaveLength(3);
    for (const secret of secrets) expect(tandem.output()).not.toContain(secret);
    expect(tandem.output()).not.toMatch(SECRETS);
  });

  it('of the platform alone are in a file while it runs', async () => {
    const platform = start(['platform'], FREE);
    await until(platform, /v1 API is at \S+\/v1\/users\/\S+, with the generated credentials.*platform\.json/);
    const { url, userId, token, secret } = JSON.parse(readFileSync(path('platform.json'), 'utf8')) as Record<
      string,
      string
    >;
    expect(mode('platform.json')).toBe(0o600);
    expect(platform.output()).not.toContain(token);
    const authorization = `Basic ${Buffer.from(`${token ?? ''}:${secret ?? ''}`).toString('base64')}`;
    expect((await fetch(`${url}/v1/users/${userId ?? ''}/applications`, { headers: { authorization } })).status).toBe(
      200,
    );
    await platform.end('SIGTERM', 20_000);
    expect(platform.exit()).toBe('exit code 0');
    expect(existsSync(path('platform.json'))).toBe(false);
  });
});

describe('secrets of the settings', () => {
  it('are neither printed nor kept; commands with the same settings find the server, others name what is missing', async () => {
    const tandem = startInTerminal([], { ...FREE, ...CONFIGURED });
    await ready(tandem);
    expect(tandem.output()).not.toMatch(SECRETS);
    expect(readFileSync(path('running.json'), 'utf8')).not.toMatch(SECRETS);

    const provision = start(['provision', '--json'], CONFIGURED);
    await provision.gone;
    expect(provision.exit()).toBe('exit code 0');
    expect(provision.output()).not.toMatch(SECRETS);
    const { steps, sip } = JSON.parse(provision.output()) as { steps: { outcome: string }[]; sip: object[] };
    expect(steps[0]).toMatchObject({ what: 'application', outcome: 'kept' });
    expect(sip[0]).toMatchObject({ passwordFrom: 'settings' });

    const demo = start(['demo', 'busy'], CONFIGURED);
    await demo.gone;
    expect(demo.output()).toContain('using the running Tandem');
    expect(demo.exit()).toBe('exit code 0');

    const { API_TOKEN, WEBHOOK_PASSWORD, ...some } = CONFIGURED;
    const lost = start(['demo', 'busy'], { ...some, WEBHOOK_PASSWORD });
    await lost.gone;
    expect(lost.exit()).toBe('exit code 1');
    expect(lost.output()).toMatch(/was started with API_TOKEN; set the same value/);
    expect(API_TOKEN).toBeDefined();
  });

  it('of a platform elsewhere: a password that is generated for it goes into a file', async () => {
    const { LINES: _, ...account } = CONFIGURED;
    const platform = start(['platform'], { ...FREE, ...account });
    // The log has the URL earlier, without the path.
    const apiUrl = /http:\/\/127\.0\.0\.1:\d+(?=\/v1)/;
    await until(platform, apiUrl);
    const [url = ''] = apiUrl.exec(platform.output()) ?? [];
    const env = { ...account, BANDWIDTH_API_URL: url, PUBLIC_BASE_URL: 'http://127.0.0.1:1' };
    const provision = start(['provision'], env);
    await provision.gone;
    expect(provision.exit()).toBe('exit code 0');
    const passwords = Object.values(JSON.parse(readFileSync(path('passwords.json'), 'utf8')) as Record<string, string>);
    expect(passwords).toHaveLength(1);
    expect(mode('passwords.json')).toBe(0o600);
    expect(provision.output()).not.toContain(passwords[0]);
    expect(provision.output()).toContain('.tandem/passwords.json');
  });
});
