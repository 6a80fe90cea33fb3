/** Tandem as its users run it: `node dist/cli/main.js` in a process of its own, seen only through HTTP and its log. */
import { execFile, spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const ROOT = join(__dirname, '../..');
/** TANDEM_MAIN names a main.js that is compiled already: a release, or a state that is worth a second look. */
const GIVEN = process.env['TANDEM_MAIN'];
const MAIN = GIVEN ?? join(ROOT, 'dist/cli/main.js');
const START_TIMEOUT_MS = 60_000;

export interface LogLine {
  level: number;
  event: string;
  raw: string;
}

export interface Tandem {
  readonly url: string;
  readonly log: readonly LogLine[];
  /** Undefined while the process lives; then how it went. */
  exit(): string | undefined;
  signal(name: NodeJS.Signals): void;
  stop(): Promise<void>;
  /** SIGKILL: it has no time to tidy up. */
  kill(): Promise<void>;
}

/** Compiles src where dist is missing or older, so that nobody judges yesterday's code. */
export async function buildTandem(): Promise<void> {
  if (GIVEN) return;
  const info = join(ROOT, 'dist/.tsbuildinfo');
  const built = existsSync(MAIN) && existsSync(info) ? statSync(info).mtimeMs : 0;
  if (newest(join(ROOT, 'src')) <= built) return;
  await new Promise<void>((resolve, reject) => {
    execFile('npm', ['run', '--silent', 'build'], { cwd: ROOT }, (error, stdout) =>
      error ? reject(new Error(`npm run build failed:\n${stdout}`, { cause: error })) : resolve(),
    );
  });
  if (!existsSync(MAIN)) throw new Error('npm run build left no dist/cli/main.js');
}

function newest(folder: string): number {
  const entries = readdirSync(folder, { withFileTypes: true });
  const times = entries.map((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? newest(path) : statSync(path).mtimeMs;
  });
  return Math.max(0, ...times);
}

/** Starts Tandem on a free port of 127.0.0.1 and waits until it listens. */
export async function spawnTandem(env: Record<string, string>): Promise<Tandem> {
  const child = spawn(process.execPath, [MAIN, 'serve'], {
    // A working directory without `.env`, and an environment of which only the paths are handed on.
    cwd: __dirname,
    env: { PATH: process.env['PATH'], HOST: '127.0.0.1', SIP_HOST: '127.0.0.1', PORT: '0', LOG_LEVEL: 'info', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: LogLine[] = [];
  let exited: string | undefined;
  const gone = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      exited = signal ?? `exit code ${code ?? '?'}`;
      resolve();
    });
  });

  const url = await new Promise<string>((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`${why}\n${log.map((line) => line.raw).join('\n')}`));
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      fail(`Tandem did not say that it listens within ${START_TIMEOUT_MS} ms`);
    }, START_TIMEOUT_MS);
    child.once('error', (error) => fail(error.message));
    void gone.then(() => fail(`Tandem ended at once: ${exited ?? ''}`));
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (raw) => {
        const line = readLine(raw, stream === child.stderr);
        log.push(line);
        if (line.event !== 'listening') return;
        clearTimeout(timer);
        const { url: address } = JSON.parse(raw) as { url: string };
        resolve(address);
      });
    }
  });

  return {
    url,
    log,
    exit: () => exited,
    signal: (name) => void child.kill(name),
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
    async stop() {
      if (exited) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 12_000);
      await gone;
      clearTimeout(timer);
    },
  };
}

/** What is no JSON is no log line of Tandem's: a crash report of node's own, most likely. */
function readLine(raw: string, isError: boolean): LogLine {
  try {
    const { level, event } = JSON.parse(raw) as { level?: unknown; event?: unknown };
    return { level: Number(level) || 0, event: typeof event === 'string' ? event : '', raw };
  } catch {
    return { level: isError ? 60 : 0, event: '', raw };
  }
}
