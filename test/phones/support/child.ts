/** A program under test's control: its output kept, its end awaited. */
import { spawn } from 'node:child_process';

/** Enough to see why it failed. */
const KEPT_CHARACTERS = 200_000;

export interface Child {
  readonly pid: number | undefined;
  /** stdout and stderr as they came, the last 200,000 characters */
  output: () => string;
  write: (text: string) => void;
  /** Undefined while it lives; then how it went: `exit code 0`, `SIGKILL`. */
  exit: () => string | undefined;
  /** Resolves with the same when it has gone. */
  readonly gone: Promise<string>;
  /** Sends a signal to this process alone, and waits until it has gone; after `patienceMs` it is SIGKILL. */
  end(signal: NodeJS.Signals, patienceMs?: number): Promise<void>;
}

export interface ChildOptions {
  cwd: string;
  env?: Record<string, string | undefined>;
  /** Without it stdin is /dev/null. */
  stdin?: boolean;
}

export function startChild(command: string, args: readonly string[], options: ChildOptions): Child {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { PATH: process.env['PATH'], ...options.env },
    stdio: [options.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString('utf8')).slice(-KEPT_CHARACTERS);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  child.stdin?.on('error', () => undefined); // it may end while something is written to it
  let exited: string | undefined;
  const gone = new Promise<string>((resolve) => {
    const leave = (how: string): void => {
      exited ??= how;
      resolve(exited);
    };
    child.once('error', (error) => leave(error.message));
    child.once('close', (code, signal) => leave(signal ?? `exit code ${code ?? '?'}`));
  });
  return {
    pid: child.pid,
    output: () => output,
    write: (text) => void child.stdin?.write(text),
    exit: () => exited,
    gone,
    async end(signal, patienceMs = 3_000) {
      if (exited !== undefined) return;
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
      await gone;
      clearTimeout(timer);
    },
  };
}
