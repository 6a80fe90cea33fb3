/** `node dist/cli/main.js platform` and SIGTERM: bridged calls go on for `DRAIN_SECONDS`, as with the full server. */
import { mkdtempSync, rmSync } from 'node:fs';
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInbox } from './helpers/inbox';
import { buildTandem } from './helpers/spawn-tandem';
import { client, NUMBER, receiver, SECRET, TOKEN, USER, type Client, type Receiver } from './platform/support/harness';

const MAIN = join(__dirname, '../dist/cli/main.js');
const PSTN = '+15552223333';
const ENV = {
  ...{ HOST: '127.0.0.1', SIP_HOST: '127.0.0.1', PLATFORM_PORT: '0', SIP_PORT: '0', RTP_PORTS: '0' },
  ...{ BANDWIDTH_USER_ID: USER, BANDWIDTH_API_TOKEN: TOKEN, BANDWIDTH_API_SECRET: SECRET },
};

type Line = Record<string, unknown>;

jest.setTimeout(60_000);
let folder: string;
let app: Receiver;
let child: ChildProcessWithoutNullStreams;
let logged: ReturnType<typeof createInbox<Line>>;
let exit: Promise<number | null>;
let v1: Client;
let sandbox: Client;
beforeAll(() => buildTandem(), 240_000);
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tandem-'));
  app = await receiver();
});
afterEach(async () => {
  child.kill('SIGKILL');
  await app.close();
  rmSync(folder, { recursive: true, force: true });
});

const event = (name: string): Promise<Line> => logged.next((line) => line['event'] === name);

async function start(drainSeconds: string): Promise<void> {
  const env = { PATH: process.env['PATH'], ...ENV, DRAIN_SECONDS: drainSeconds };
  child = spawn(process.execPath, [MAIN, 'platform'], { cwd: folder, env });
  exit = new Promise((resolve) => child.once('close', resolve));
  logged = createInbox<Line>();
  createInterface({ input: child.stdout }).on('line', (line) => logged.push(JSON.parse(line) as Line));
  const { url } = await event('platform-listening');
  v1 = client(String(url));
  sandbox = client(String(url), '/sandbox');
}

/** Two legs that talk. @returns their ids */
async function bridged(): Promise<string[]> {
  const { id: applicationId } = await v1.post('/applications', { name: 'x', incomingCallUrl: app.url });
  await v1.post('/phoneNumbers', { number: NUMBER, applicationId });
  const { body } = await sandbox.post('/calls', { from: '+12223334444', to: NUMBER, hangUpAfterMs: 60_000 });
  const callback = { callbackUrl: app.url };
  const { id: callee } = await v1.post('/calls', { from: NUMBER, to: PSTN, ...callback });
  const callIds = [body.callId as string, callee];
  for (const callId of callIds) await app.next('answer', (answer) => answer['callId'] === callId);
  await v1.post('/bridges', { callIds });
  return callIds;
}

it('goes on with a bridged call, refuses new ones, and exits 0 when it ends', async () => {
  await start('40');
  const callIds = await bridged();
  child.kill('SIGTERM');
  await event('server-stopping');
  expect((await v1.post('/calls', { from: NUMBER, to: PSTN })).status).toBe(503);
  expect((await sandbox.post('/calls', { from: '+12223334444', to: NUMBER })).status).toBe(503);
  for (const id of callIds) expect((await v1.get(`/calls/${id}`)).body.state).toBe('active');
  for (const id of callIds) await v1.post(`/calls/${id}`, { state: 'completed' });
  for (const id of callIds)
    expect(await app.next('hangup', ({ callId }) => callId === id)).toMatchObject({ cause: 'NORMAL_CLEARING' });
  expect(await exit).toBe(0);
});

it('ends calls after DRAIN_SECONDS, with their cause, and exits 0', async () => {
  await start('1');
  const callIds = await bridged();
  child.kill('SIGTERM');
  for (const id of callIds)
    expect(await app.next('hangup', ({ callId }) => callId === id)).toMatchObject({
      cause: 'NORMAL_TEMPORARY_FAILURE',
      causeDetail: 'platform-stopped',
    });
  expect(await event('calls-cut')).toMatchObject({ count: 2 });
  expect(await exit).toBe(0);
});
