/**
 * `.tandem/running.json`: how `npm run demo` finds a Tandem that runs from the same folder with credentials that it made
 * up at start. Only its owner can read it, and it goes when the server goes.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { messageOf } from './errors';
import type { Logger } from './logger';

const running = z.object({
  pid: z.int(),
  /** of Tandem */
  url: z.string(),
  apiToken: z.string().optional(),
  platform: z.object({ url: z.string(), userId: z.string(), token: z.string(), secret: z.string() }),
  /** What phones send to. */
  sip: z.object({ host: z.string(), port: z.int() }).optional(),
});
export type Running = z.infer<typeof running>;

const FILE = '.tandem/running.json';

export function writeRunning(state: Running, log: Logger): void {
  try {
    mkdirSync(dirname(FILE), { recursive: true, mode: 0o700 });
    rmSync(FILE, { force: true });
    writeFileSync(FILE, JSON.stringify(state), { mode: 0o600 });
  } catch (error) {
    log.warn(
      { event: 'runtime-file-not-written', err: messageOf(error) },
      `${FILE} could not be written; npm run demo will start its own server`,
    );
  }
}

/** The Tandem that runs here; undefined where none does. */
export function readRunning(): Running | undefined {
  try {
    const state = running.parse(JSON.parse(readFileSync(FILE, 'utf8')));
    process.kill(state.pid, 0); // throws where there is no such process
    return state;
  } catch {
    return undefined;
  }
}

export function removeRunning(): void {
  const own = readRunning()?.pid === process.pid;
  if (own) rmSync(FILE, { force: true });
}
