/** The stub platform and the servers under test, each a process of its own, and how to end them. */
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';

const START_MS = 20_000;
const ACCOUNT = { userId: 'u-bench', token: 't-bench', secret: 's-bench' };
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const SCRIPTS = { tandem: here('../dist/cli/main.js'), plain: here('floors/plain.mjs'), bare: here('floors/bare.mjs') };

/** Whatever ends this process (a signal, an error nobody caught) ends what it started. */
const running = new Set();
const folders = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

/** A child that does not outlive this process. */
export function track(child) {
  running.add(child);
  child.on('exit', () => running.delete(child));
  return child;
}

/** The next message of a child, or the news that there will be none. */
function messageOf(child) {
  return new Promise((resolve, reject) => {
    const gone = (code, signal) => reject(new Error(`the stub ended (${code ?? signal})`));
    child.once('exit', gone);
    child.once('message', (message) => {
      child.off('exit', gone);
      resolve(message);
    });
  });
}

export const isBuilt = () => existsSync(SCRIPTS.tandem);

export async function startStub() {
  const child = track(fork(here('stub.mjs'), Object.values(ACCOUNT)));
  const { url } = await messageOf(child);
  return {
    url,
    pid: child.pid,
    /**
     * Drives calls through one server (`target`) or several (`targets`: the events go to each in turn): so many `calls`,
     * `concurrency` at a time, or for so many `seconds` so many a second (`rate`). They talk for `talkMs`.
     * The report: { calls, done, seconds, events, commands, latencies (ms), faults }.
     */
    async run(work) {
      child.send(work);
      return messageOf(child);
    },
    close: () => end(child),
  };
}

/**
 * Every server writes its log to a file of its own on the same disk, and names its URL in the line `listening`.
 * @param env settings beside the usual ones
 */
export async function startServer(name, stubUrl, env = {}) {
  const folder = mkdtempSync(join(tmpdir(), `tandem-bench-${name}-`));
  folders.add(folder);
  const log = join(folder, 'log');
  const sink = openSync(log, 'a');
  const child = track(
    spawn(process.execPath, [SCRIPTS[name]], {
      cwd: folder, // no .env is read here
      stdio: ['ignore', sink, sink],
      env: {
        PATH: process.env.PATH,
        HOST: '127.0.0.1',
        PORT: '0',
        LOG_LEVEL: 'info',
        BANDWIDTH_API_URL: stubUrl,
        BANDWIDTH_USER_ID: ACCOUNT.userId,
        BANDWIDTH_API_TOKEN: ACCOUNT.token,
        BANDWIDTH_API_SECRET: ACCOUNT.secret,
        LINES: '+1555444333=sip:jsmith_mobile@xyz-corp-testing.bwapp.bwsip.io',
        ...env,
      },
    }),
  );
  closeSync(sink);
  const close = () => end(child);
  try {
    return { name, pid: child.pid, url: await listening(name, child, log), emptyLog: () => truncateSync(log), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function listening(name, child, log) {
  for (const deadline = Date.now() + START_MS; Date.now() < deadline; await sleep(25)) {
    const lines = readFileSync(log, 'utf8').split('\n');
    const found = lines.find((text) => text.startsWith('{') && text.includes('"event":"listening"'));
    if (found) return JSON.parse(found).url;
    if (child.exitCode !== null) throw new Error(`${name} ended at once (${child.exitCode}):\n${lines.join('\n')}`);
  }
  throw new Error(
    `${name} printed no {"event":"listening","url":…} within ${START_MS} ms:\n${readFileSync(log, 'utf8')}`,
  );
}

export async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill();
  await Promise.race([ended, sleep(5_000, undefined, { ref: false })]);
  child.kill('SIGKILL'); // nothing happens where it has ended
}
