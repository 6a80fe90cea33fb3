/** A Tandem that is killed, frozen and started again: a process at a time, its log kept over all its lives. */
import { spawn, type ChildProcess } from 'node:child_process';
import { appendFileSync, closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const ROOT = join(__dirname, '../../..');
const MAIN = process.env['TANDEM_MAIN'] ?? join(ROOT, 'dist/cli/main.js');
const SKEW = join(__dirname, 'clock-skew.cjs');
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;

export interface Instance {
  readonly name: string;
  /** Of its latest life; '' before the first. */
  readonly url: string;
  /** Whether it is there to answer: neither ended nor frozen. */
  readonly isUp: boolean;
  /** Epoch ms of the beginning of each life. */
  readonly startedAt: readonly number[];
  /**
   * Begins a life, and waits until it listens.
   * @param skewMs how far its clock is ahead of everybody else's
   */
  start(env: Record<string, string>, skewMs?: number): Promise<void>;
  kill(): Promise<void>;
  freeze(): void;
  thaw(): void;
  /** SIGTERM; how it ended. */
  stop(): Promise<string>;
  /** Ends that nobody asked for, and those of a SIGTERM that were no exit with 0. */
  readonly faults: readonly string[];
  /** What it has logged in all its lives, a line each. */
  log: () => string[];
}

/** @param folder for its log; it is also its working directory, so no .env is read */
export function createInstance(name: string, folder: string): Instance {
  const logFile = join(folder, `${name}.log`);
  appendFileSync(logFile, '');
  const faults: string[] = [];
  const startedAt: number[] = [];
  let child: ChildProcess | undefined;
  let ended: Promise<string> = Promise.resolve('never started');
  let expected = false;
  let frozen = false;
  let url = '';

  async function listening(readFrom: number): Promise<string> {
    for (const deadline = Date.now() + START_TIMEOUT_MS; Date.now() < deadline; await sleep(25)) {
      const lines = readFileSync(logFile).subarray(readFrom).toString().split('\n');
      const found = lines.find((line) => line.includes('"event":"listening"'));
      if (found) return (JSON.parse(found) as { url: string }).url;
      if (!child) throw new Error(`${name} ended at once:\n${lines.join('\n')}`);
    }
    throw new Error(`${name} did not say that it listens within ${START_TIMEOUT_MS} ms`);
  }

  return {
    name,
    faults,
    startedAt,
    get url() {
      return url;
    },
    get isUp() {
      return child !== undefined && !frozen && !expected;
    },
    async start(env, skewMs = 0) {
      if (child) throw new Error(`${name} is running`);
      const readFrom = readFileSync(logFile).length;
      const sink = openSync(logFile, 'a');
      const started = spawn(process.execPath, [...(skewMs === 0 ? [] : ['--require', SKEW]), MAIN, 'serve'], {
        cwd: folder,
        env: {
          PATH: process.env['PATH'],
          HOST: '127.0.0.1',
          SIP_HOST: '127.0.0.1',
          PORT: '0',
          LOG_LEVEL: 'info',
          CLOCK_SKEW_MS: String(skewMs),
          ...env,
        },
        stdio: ['ignore', sink, sink],
      });
      closeSync(sink);
      child = started;
      expected = frozen = false;
      startedAt.push(Date.now());
      ended = new Promise((resolve) => {
        started.once('exit', (code, signal) => {
          const how = signal ?? `exit code ${code ?? '?'}`;
          if (!expected) faults.push(`${name} ended by itself: ${how}`);
          child = undefined;
          resolve(how);
        });
      });
      url = await listening(readFrom);
    },
    async kill() {
      expected = true;
      child?.kill('SIGKILL');
      await ended;
    },
    freeze() {
      frozen = true;
      child?.kill('SIGSTOP');
    },
    thaw() {
      child?.kill('SIGCONT');
      frozen = false;
    },
    async stop() {
      if (!child) return ended;
      expected = true;
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child?.kill('SIGKILL'), STOP_TIMEOUT_MS);
      const how = await ended;
      clearTimeout(timer);
      if (how !== 'exit code 0') faults.push(`${name} ended with ${how} on SIGTERM`);
      return how;
    },
    log: () => readFileSync(logFile, 'utf8').split('\n').filter(Boolean),
  };
}
