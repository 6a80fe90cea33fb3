/** Call records of a Tandem in a process of its own: rotation, files that cannot be written to, and the end of the process. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSandbox } from '../../../src/demo/clients';
import { createApiHttp } from '../../../src/providers/bandwidth-v1/http';
import { provision } from '../../../src/providers/bandwidth-v1/provisioning/provision';
import type { Platform } from '../../../src/platform';
import { ENDPOINT, NUMBER } from '../../helpers/builders';
import { buildTandem, spawnTandem, type Tandem } from '../../helpers/spawn-tandem';
import { describeWithRedis, startRedis, type RedisServer } from '../../helpers/redis-server';
import { ACCOUNT, fastPlatform, testConfig } from '../../helpers/tandem';
import { until } from '../../helpers/until';

jest.setTimeout(120_000);

let folder: string;
let file: string;
let platform: Platform;
let tandem: Tandem | undefined;
beforeAll(() => buildTandem(), 240_000);
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tandem-records-'));
  file = join(folder, 'log', 'calls.jsonl');
  mkdirSync(join(folder, 'log'));
  platform = await fastPlatform();
});
afterEach(async () => {
  await tandem?.stop();
  tandem = undefined;
  await platform.close();
  rmSync(folder, { recursive: true, force: true });
});

const LINES = { LINES: `${NUMBER}=${ENDPOINT}` };

async function start(env: Record<string, string>): Promise<Tandem> {
  const { api, lines, sipPasswords } = testConfig(LINES);
  tandem = await spawnTandem({
    ...{ BANDWIDTH_API_URL: platform.url, BANDWIDTH_USER_ID: ACCOUNT.userId },
    ...{ BANDWIDTH_API_TOKEN: ACCOUNT.token, BANDWIDTH_API_SECRET: ACCOUNT.secret },
    ...{ ...LINES, DRAIN_SECONDS: '0', ...env },
  });
  const http = createApiHttp({ ...api, url: platform.url });
  await provision(http, { lines, sipPasswords, webhookUrl: `${tandem.url}/webhooks/voice` });
  http.close();
  return tandem;
}

/** Calls that are refused: as many sessions, by their ids. */
async function refusedCalls(count: number): Promise<string[]> {
  const sandbox = createSandbox({ ...ACCOUNT, url: platform.url });
  const calls = Array.from({ length: count }, () => sandbox.dial({ from: ENDPOINT, to: '12' }));
  return Promise.all(calls);
}

const sessionsIn = (name: string): string[] =>
  existsSync(name)
    ? readFileSync(name, 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => (JSON.parse(line) as { sessionId: string }).sessionId)
    : [];
const says = (event: string) => until(() => expect(tandem?.log.map((line) => line.event)).toContain(event));

it('a renamed file is complete, and after SIGHUP records go to a new one', async () => {
  const running = await start({ CALL_RECORDS_FILE: file });
  const before = await refusedCalls(10);
  await until(() => expect(sessionsIn(file).sort()).toEqual([...before].sort()));
  renameSync(file, `${file}.1`);
  // Before the signal, records still go to the old file.
  const [between = ''] = await refusedCalls(1);
  await until(() => expect(sessionsIn(`${file}.1`)).toContain(between));
  // Calls go on while the file is opened anew.
  const during = refusedCalls(20);
  running.signal('SIGHUP');
  const old = [...before, between, ...(await during)];
  await until(() => expect([...sessionsIn(`${file}.1`), ...sessionsIn(file)].sort()).toEqual([...old].sort()));
  const complete = readFileSync(`${file}.1`, 'utf8');
  const later = await refusedCalls(3);
  await until(() => expect(sessionsIn(file)).toEqual(expect.arrayContaining(later)));
  expect(readFileSync(`${file}.1`, 'utf8')).toBe(complete);
});

it.each([
  ['in a directory that is missing', () => join(folder, 'none', 'calls.jsonl'), 'ENOENT'],
  ['that is a directory', () => folder, 'EISDIR'],
  ['in a directory that takes no files', () => '/sys/kernel/calls.jsonl', ''],
])('a file %s ends the start with its setting, its path and what to do', (_, path, code) => {
  const main = process.env['TANDEM_MAIN'] ?? join(__dirname, '../../../dist/cli/main.js');
  const env = { PATH: process.env['PATH'], PORT: '0', PLATFORM_PORT: '0', SIP_PORT: '0', HOST: '127.0.0.1' };
  const { status, stderr } = spawnSync(process.execPath, [main, 'serve'], {
    cwd: folder,
    env: { ...env, SIP_HOST: '127.0.0.1', CALL_RECORDS_FILE: path() },
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect(status).toBe(1);
  expect(stderr).toContain(`CALL_RECORDS_FILE ${path()} cannot be written to (${code}`);
  expect(stderr).toContain('give a file in an existing directory');
  expect(stderr).not.toMatch(/^ {4}at /m);
});

it('on a full disk calls go on, the log says so once, and a metric counts', async () => {
  const { url, log } = await start({ CALL_RECORDS_FILE: '/dev/full' });
  await refusedCalls(5);
  await says('call-records-failing');
  await until(() => expect(log.filter(({ event }) => event === 'session.ended')).toHaveLength(5));
  expect(log.filter(({ event }) => event === 'call-records-failing')).toHaveLength(1);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toMatch(/^tandem_call_records_total\{sink="file",outcome="failed"\} [1-9]/m);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  await tandem?.stop();
  expect(log.filter(({ event }) => event === 'call-record-lost')).toHaveLength(5);
});

it('what cannot be written after SIGHUP waits until it can', async () => {
  const running = await start({ CALL_RECORDS_FILE: file });
  renameSync(join(folder, 'log'), join(folder, 'old'));
  running.signal('SIGHUP');
  await says('reload-failed');
  const sessions = await refusedCalls(3);
  await says('call-records-failing');
  mkdirSync(join(folder, 'log'));
  await says('call-records-recovered');
  await until(() => expect(sessionsIn(file).sort()).toEqual([...sessions].sort()));
});

describeWithRedis('with Redis, records that a process could not deliver', () => {
  let redis: RedisServer;
  let status: number;
  const posted = new Map<string, string>();
  const receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      const { id, sessionId } = JSON.parse(body) as { id: string; sessionId: string };
      if (status === 200) posted.set(sessionId, id);
      response.writeHead(status).end();
    });
  });
  beforeAll(() => new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve)));
  afterAll(() => {
    receiver.closeAllConnections();
    receiver.close();
  });
  beforeEach(async () => {
    status = 503;
    posted.clear();
    redis = await startRedis();
  });
  afterEach(async () => {
    await tandem?.stop();
    await redis.close();
  });

  it.each(['kill', 'stop'] as const)('are delivered by the next one after its %s', async (end) => {
    const env = {
      REDIS_URL: redis.url,
      CALL_RECORDS_URL: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/records`,
      CALL_RECORDS_SECRET: 'sixteen-characters',
    };
    const first = await start(env);
    const sessions = await refusedCalls(3);
    await until(() => expect(first.log.filter(({ event }) => event === 'session.ended')).toHaveLength(3));
    await says('call-records-failing');
    await first[end]();
    const events = first.log.map(({ event }) => event);
    expect([events.includes('call-records-left'), events.includes('call-record-lost')]).toEqual([
      end === 'stop',
      false,
    ]);
    status = 200;
    await start(env);
    await until(() => expect([...posted.keys()].sort()).toEqual([...sessions].sort()), 60_000);
    expect(new Set(posted.values()).size).toBe(3);
    // Settled: no other instance finds them.
    await tandem?.stop();
    expect(await redis.command('EXISTS', 'tandem:{s00}:owed')).toBe(0);
  });
});
