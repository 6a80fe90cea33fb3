/** `node dist/cli/main.js` as a process: its output and exit code. */
import { spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type AddressInfo } from 'node:net';
import { buildTandem } from '../helpers/spawn-tandem';

const MAIN = join(__dirname, '../../dist/cli/main.js');
jest.setTimeout(60_000);

let folder: string;
const children = new Set<ChildProcess>();
beforeAll(() => buildTandem(), 240_000);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tandem-'));
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
  rmSync(folder, { recursive: true, force: true });
});

interface Run {
  child: ChildProcessWithoutNullStreams;
  out: () => string;
  err: () => string;
  /** Resolves when stdout or stderr contains this. */
  says: (text: RegExp) => Promise<RegExpExecArray>;
  exit: Promise<number | string>;
}

const FREE = { HOST: '127.0.0.1', SIP_HOST: '127.0.0.1', PORT: '0', PLATFORM_PORT: '0', SIP_PORT: '0', RTP_PORTS: '0' };

function run(args: string[], env: Record<string, string> = {}): Run {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: folder, env: { PATH: process.env['PATH'], ...env } });
  children.add(child);
  let [out, err] = ['', ''];
  const waiting = new Set<() => void>();
  const note = () => waiting.forEach((check) => check());
  child.stdout.on('data', (data) => ((out += String(data)), note()));
  child.stderr.on('data', (data) => ((err += String(data)), note()));
  const exit = new Promise<number | string>((resolve) =>
    child.once('close', (code, signal) => resolve(code ?? signal ?? '')),
  );
  return {
    child,
    out: () => out,
    err: () => err,
    says: (text) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const found = text.exec(out) ?? text.exec(err);
          if (!found) return;
          waiting.delete(check);
          resolve(found);
        };
        waiting.add(check);
        check();
        void exit.then((code) =>
          reject(new Error(`it ended (${code}) without saying ${text.source}:\n${out}\n${err}`)),
        );
      }),
    exit,
  };
}

describe('bad settings', () => {
  it('are all listed, with exit code 1 and no stack', async () => {
    const { exit, err, out } = run(['serve'], { PORT: 'x', LINES: 'nonsense', LOG_LEVEL: 'loud', API_TOKEN: 'se5ame' });
    expect(await exit).toBe(1);
    expect(out()).toBe('');
    expect(err()).toMatch(/^tandem: invalid settings:\n( {2}- .+\n){3}$/);
    for (const name of ['PORT', 'LINES', 'LOG_LEVEL']) expect(err()).toContain(`  - ${name} `);
    expect(err()).not.toContain('se5ame');
  });

  it('in production include missing credentials', async () => {
    const { exit, err } = run([], { NODE_ENV: 'production' });
    expect(await exit).toBe(1);
    expect(err()).toMatch(/WEBHOOK_USERNAME and WEBHOOK_PASSWORD are missing.*\n.*API_TOKEN is missing/);
  });

  it('of .env count, and the environment overrides them', async () => {
    writeFileSync(join(folder, '.env'), 'PORT=x # no port\nLOG_LEVEL=loud\n');
    const { exit, err } = run(['serve'], { PORT: '0' });
    expect(await exit).toBe(1);
    expect(err()).toContain('LOG_LEVEL');
    expect(err()).not.toContain('PORT');
  });
});

describe('a faulty .env', () => {
  it('is listed with the faults of the settings, without its values', async () => {
    writeFileSync(join(folder, '.env'), '\ufeffPORT=x\nSIP_PASSWORD "se5ame"\nLOG_LEVEL=info\nAPI_TOKEN="se5ame\n');
    const { exit, err } = run(['serve']);
    expect(await exit).toBe(1);
    expect(err()).toMatch(/^tandem: [^\n]+:\n {2}- \.env line 2 has no "=".*\n {2}- \.env line 4 .*\n {2}- PORT .*\n$/);
    expect(err()).not.toContain('se5ame');
  });

  it.each([
    [
      'of UTF-16',
      () => writeFileSync(join(folder, '.env'), '\ufeffPORT=0', 'utf16le'),
      '.env is encoded in UTF-16; save it',
    ],
    ['that is a directory', () => mkdirSync(join(folder, '.env')), '.env is a directory; remove it'],
  ])('%s ends the start', async (_what, make, fault) => {
    make();
    const { exit, err } = run(['serve'], FREE);
    expect(await exit).toBe(1);
    expect(err()).toContain(`  - ${fault}`);
  });
});

describe('an unknown command', () => {
  it('is an error that lists the commands', async () => {
    const { exit, err } = run(['sevre']);
    expect(await exit).toBe(1);
    expect(err()).toContain('unknown command "sevre"; use one of serve, platform, provision, demo');
  });

  it.each(['constructor', '__proto__'])('even if every object has a property of that name: %s', async (name) => {
    const { exit, err } = run([name]);
    expect(await exit).toBe(1);
    expect(err()).toContain(`unknown command "${name}"`);
  });

  it.each([
    ['serve', '--port'],
    ['platform', '3002'],
    ['provision', 'all'],
  ])('%s takes no %s', async (name, arg) => {
    const { exit, err } = run([name, arg], FREE);
    expect(await exit).toBe(1);
    expect(err()).toContain(`tandem: ${name} has no option "${arg}"; settings are environment variables`);
  });

  it.each([['--help'], ['demo', '--help'], ['provision', '-h'], ['help']])(
    '%s %s prints the usage',
    async (...args) => {
      const { exit, out } = run(args);
      expect(await exit).toBe(0);
      expect(out()).toMatch(/provision \[--json\]/);
    },
  );
});

describe('serve', () => {
  it('prints its address and examples, serves, and exits 0 on SIGTERM', async () => {
    const { child, says, exit, out, err } = run([], FREE);
    const [, url = ''] = await says(
      /"event":"listening","url":"([^"]+)","webhooks":"[^"]+\/webhooks\/voice","platform":"[^"]+"/,
    );
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    await says(/npm run demo/);
    expect(err()).toContain('rings sip:jsmith_mobile@xyz-corp-testing.bwapp.bwsip.io, a simulated phone is attached');
    for (const line of out().trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('level');
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
    await expect(fetch(url)).rejects.toThrow();
  });

  it('is found by provision --json, which prints JSON and keeps existing resources', async () => {
    const { child, says, exit } = run([], FREE);
    await says(/npm run demo/);
    const provision = run(['provision', '--json']);
    expect(await provision.exit).toBe(0);
    const { steps, sip } = JSON.parse(provision.out()) as { steps: { outcome: string }[]; sip: { username: string }[] };
    expect(steps.map(({ outcome }) => outcome)).toEqual(['kept', 'kept', 'kept', 'kept']);
    expect(sip[0]?.username).toBe('jsmith_mobile');
    const text = run(['provision']);
    expect(await text.exit).toBe(0);
    expect(text.out()).toMatch(/SIP settings for a phone:\n {2}sip:jsmith_mobile@/);
    child.kill('SIGINT');
    expect(await exit).toBe(0);
  });

  it('is found by the demo, which draws its calls', async () => {
    const { child, says, exit } = run([], { ...FREE, CALL_TIMEOUT_SECONDS: '3' });
    await says(/npm run demo/);
    const demo = run(['demo', 'busy', 'caller-gives-up']);
    expect(await demo.exit).toBe(0);
    expect(demo.out()).toContain('using the running Tandem');
    expect(demo.out()).toMatch(/▶/);
    expect(demo.out()).toContain('2 of 2 flows ended as expected');
    const unknown = run(['demo', 'nothing']);
    expect(await unknown.exit).toBe(1);
    expect(unknown.err()).toContain('unknown demo "nothing"');
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
  });

  it.each(['PORT', 'PLATFORM_PORT', 'SIP_PORT'])('names the setting to change when %s is in use', async (name) => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    const { exit, err } = run([], { ...FREE, [name]: String(port) });
    expect(await exit).toBe(1);
    expect(err()).toContain(`${name} ${port} is in use; stop the program that listens there, or set another port`);
    await new Promise((resolve) => taken.close(resolve));
  });

  it.each([
    ['HOST', '203.0.113.1'],
    ['SIP_HOST', '203.0.113.1'],
  ])('says that %s is not an address of this machine', async (name, value) => {
    const { exit, err } = run([], { ...FREE, [name]: value });
    expect(await exit).toBe(1);
    expect(err()).toMatch(new RegExp(`  - ${name} 203\\.0\\.113\\.1 is not an address of this machine; give one`));
  });

  it('refuses a directory for recordings that cannot be created', async () => {
    const { exit, err } = run([], { ...FREE, RECORDINGS_DIR: '/proc/foo' });
    expect(await exit).toBe(1);
    expect(err()).toMatch(/ {2}- RECORDINGS_DIR \/proc\/foo cannot be written to \(.*\); give a directory/);
  });

  it('ends with code 1 when its lines cannot be provisioned', async () => {
    const { exit, err } = run([], { ...FREE, LINES: '+15551112222=sip:bob@example.com' });
    expect(await exit).toBe(1);
    expect(err()).toContain('LINES has the endpoint "sip:bob@example.com", which cannot be created');
  });
});

describe('output without a reader', () => {
  it('ends the demo with exit code 0 and without a stack', async () => {
    const { child, exit, err, says } = run(['demo'], { CALL_TIMEOUT_SECONDS: '3' });
    await says(/using a Tandem started for the demo/);
    child.stdout.destroy();
    expect(await exit).toBe(0);
    expect(err()).toBe('');
  });

  it.each(['serve', 'platform'])('closes %s like SIGTERM', async (command) => {
    const { child, exit, err, says } = run([command], FREE);
    const [, url = ''] = await says(/(http:\/\/127\.0\.0\.1:\d+)/);
    await says(command === 'serve' ? /npm run demo/ : /Phones:/);
    child.stdout.destroy();
    child.kill('SIGHUP'); // a line for the log
    expect(await exit).toBe(0);
    expect(err()).not.toMatch(/EPIPE|Error|^ +at /m);
    await expect(fetch(url)).rejects.toThrow();
  });
});

describe('a running.json of a server that crashed', () => {
  const stale = (pid: number, url: string) => {
    mkdirSync(join(folder, '.tandem'));
    const platform = { url, userId: 'u', token: 't', secret: 's' };
    const state = { pid, instance: 'another', url, platform, passwords: {}, settings: [] };
    writeFileSync(join(folder, '.tandem/running.json'), JSON.stringify(state));
  };

  it.each(['whose process id belongs to another program', 'whose port belongs to another Tandem'])(
    '%s is ignored',
    async (what) => {
      let url = 'http://127.0.0.1:1';
      if (what.includes('port')) {
        const other = run([], FREE);
        [, url = ''] = await other.says(/"url":"(http:[^"]+)"/);
        await other.says(/npm run demo/);
        rmSync(join(folder, '.tandem'), { recursive: true });
      }
      stale(process.pid, url);
      const provision = run(['provision']);
      expect(await provision.exit).toBe(1);
      expect(provision.err()).toMatch(/set BANDWIDTH_API_URL, or run npm start in this directory first/);
    },
  );
});

describe('SIGHUP', () => {
  it('reloads LINES_FILE; a file with faults changes nothing', async () => {
    const file = join(folder, 'lines.txt');
    const line = '+15551230001=sip:al@d.bwapp.bwsip.io';
    writeFileSync(file, `# phones\n${line}\n`);
    const { child, says, exit } = run([], { ...FREE, LINES_FILE: file });
    await says(/npm run demo/);
    writeFileSync(file, `${line}\n+15551230002=sip:bob@d.bwapp.bwsip.io:5060\nbob\n`);
    child.kill('SIGHUP');
    await says(
      /"event":"lines-fault","fault":"LINES_FILE line 2 [^\n]*\n[^\n]*"event":"lines-fault","fault":"LINES_FILE line 3 /,
    );
    writeFileSync(file, `${line}\n+15551230002=sip:bob@d.bwapp.bwsip.io\n`);
    child.kill('SIGHUP');
    await says(/"event":"lines-reloaded","lines":2,"changed":\["\+15551230002"\],"removed":\[\]/);
    const { passwords } = JSON.parse(readFileSync(join(folder, '.tandem/running.json'), 'utf8'));
    expect(Object.keys(passwords).sort()).toEqual(['sip:al@d.bwapp.bwsip.io', 'sip:bob@d.bwapp.bwsip.io']);
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
  });

  it.each(['serve', 'platform'])('does not end %s without anything to reload', async (command) => {
    const { child, says, exit } = run([command], FREE);
    await says(command === 'serve' ? /npm run demo/ : /Phones:/);
    child.kill('SIGHUP');
    await says(/"event":"reload-started"/);
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
  });
});

describe('platform', () => {
  it('runs alone, prints its credentials, and exits 0 on SIGTERM', async () => {
    const account = { BANDWIDTH_USER_ID: 'u-me', BANDWIDTH_API_TOKEN: 't-me', BANDWIDTH_API_SECRET: 's-me' };
    const { child, says, exit } = run(['platform'], { ...FREE, ...account });
    const [, url = ''] = await says(/v1 API is at (\S+), with the BANDWIDTH_\* credentials/);
    const authorization = `Basic ${Buffer.from('t-me:s-me').toString('base64')}`;
    expect((await fetch(`${url}/applications`, { headers: { authorization } })).status).toBe(200);
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
  });
});

describe('provision', () => {
  it('without a platform says what to do', async () => {
    const { exit, err } = run(['provision']);
    expect(await exit).toBe(1);
    expect(err()).toMatch(/set BANDWIDTH_API_URL, or run npm start in this directory first/);
  });

  it('with an unreachable platform reports it, and exits', async () => {
    const account = { BANDWIDTH_USER_ID: 'u', BANDWIDTH_API_TOKEN: 't', BANDWIDTH_API_SECRET: 's' };
    const { exit, err } = run(['provision'], {
      ...account,
      BANDWIDTH_API_URL: 'http://127.0.0.1:1',
      PUBLIC_BASE_URL: 'http://x.y',
    });
    expect(await exit).toBe(1);
    expect(err()).toContain('is BANDWIDTH_API_URL right and the platform up?');
  });
});

describe.each([
  ['an uncaught exception', 'SIGUSR2', 'uncaught-exception', 'thrown by the test'],
  ['an unhandled rejection', 'SIGWINCH', 'unhandled-rejection', 'rejected by the test'],
] as const)('%s', (_name, signal, kind, message) => {
  it('is logged with its stack, the server shuts down as on SIGTERM, and the exit code is 1', async () => {
    const hook = join(__dirname, '../fixtures/throw-on-signal.cjs');
    const { child, says, exit, out } = run(['serve'], { ...FREE, NODE_OPTIONS: `--require ${hook}` });
    await says(/npm run demo/);
    child.kill(signal);
    expect(await exit).toBe(1);
    const lines = out()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.find(({ event }) => event === 'process-failed')).toMatchObject({
      level: 60,
      kind,
      err: { message, stack: expect.stringContaining('throw-on-signal') },
    });
    expect(existsSync(join(folder, '.tandem/running.json'))).toBe(false);
  });
});
