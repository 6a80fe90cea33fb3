/** The command as a process: its exit code and its files. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buildTandem } from '../helpers/spawn-tandem';
import { runApp, type RunningApp } from './run-app';
import { expectWellFormed } from './xml';

const MAIN = join(
  dirname(process.env['TANDEM_MAIN'] ?? join(__dirname, '../../dist/cli/main.js')),
  '../testkit/main.js',
);

interface Exit {
  code: number | null;
  stdout: string;
  stderr: string;
}

function testkit(args: readonly string[], onStderr?: (text: string, interrupt: () => void) => void): Promise<Exit> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const exit: Exit = { code: null, stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => (exit.stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => {
      exit.stderr += chunk.toString();
      onStderr?.(exit.stderr, () => child.kill('SIGINT'));
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ ...exit, code }));
  });
}

let folder: string;
let app: RunningApp | undefined;

beforeAll(async () => {
  await buildTandem();
  folder = mkdtempSync(join(tmpdir(), 'testkit-'));
}, 240_000);
afterEach(async () => {
  await app?.stop();
  app = undefined;
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the command', () => {
  it('prints its usage and its scenarios', async () => {
    expect(await testkit(['--help'])).toMatchObject({ code: 0, stdout: expect.stringContaining('--junit FILE') });
    expect(await testkit(['--list'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('pstn/caller-gives-up'),
    });
  });

  it('exits with 2 and a remedy after invalid usage or without an app', async () => {
    expect(await testkit([])).toMatchObject({ code: 2, stderr: expect.stringContaining('--url is missing') });
    const { code, stderr } = await testkit(['--url', 'http://127.0.0.1:1/events']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/cannot connect to http:\/\/127.0.0.1:1\/events \(ECONNREFUSED\). Start the app first/);
    expect(stderr).not.toMatch(/ at .*\.js:/);
  });

  it('reports an unwritable report file before the run', async () => {
    app = await runApp('answers-at-once');
    const { code, stderr, stdout } = await testkit([
      '--url',
      app.url,
      '--junit',
      join(folder, 'nowhere', 'report.xml'),
    ]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^testkit: --junit: cannot write to .*nowhere \(ENOENT/);
  });

  it('exits with 1 and writes reports in JSON and JUnit if it finds faults', async () => {
    app = await runApp('answers-at-once');
    const [json, junit] = [join(folder, 'report.json'), join(folder, 'report.xml')];
    const calls = ['--scenario', 'phone/answered,phone/busy', '--faults', 'none', '--settle', '1', '--seed', '5'];
    const exit = await testkit(['--url', app.url, ...calls, '--json', json, '--junit', junit]);
    expect(exit.code).toBe(1);
    expect(exit.stdout).toMatch(/✘ orphan-leg, once: .*\n/);
    expect(exit.stdout).toMatch(/!! callee is still active/);
    expect(exit.stderr).toMatch(/perfect: 2 of 2 calls, faults in 2/);
    const report = JSON.parse(readFileSync(json, 'utf8')) as Record<string, unknown>;
    expect(report).toMatchObject({ format: 1, exitCode: 1, seed: 5, interrupted: false });
    expect(report['findings']).toContainEqual(expect.objectContaining({ code: 'orphan-leg', count: 1 }));
    const xml = readFileSync(junit, 'utf8');
    expectWellFormed(xml);
    expect(xml.match(/<failure /g)).toHaveLength(4);
    expect(xml).toMatch(
      /<testcase classname="testkit.perfect.phone\/busy" name="caller-left-waiting: [^"]*">\s*<failure/,
    );
  }, 30_000);

  it('prints partial results when it is interrupted', async () => {
    app = await runApp('knows-all-events');
    let interrupted = false;
    const exit = await testkit(
      ['--url', app.url, '--scenario', 'phone/answered', '--calls', '1000'],
      (text, interrupt) => {
        if (interrupted || !/faulty: 0 of 1000/.test(text)) return;
        interrupted = true;
        interrupt();
      },
    );
    expect(exit.stdout).toMatch(/interrupted: partial results/);
    expect([1, 130]).toContain(exit.code);
  }, 30_000);
});
