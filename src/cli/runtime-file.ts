/**
 * Files in `.tandem/`. Through them `npm run demo` and `npm run provision` find a Tandem in the same directory.
 * They hold generated secrets that must not be printed, and never secrets of settings. Only their owner can read them.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { messageOf } from '../support/errors';
import type { Logger } from '../support/logger';

const running = z.object({
  pid: z.int(),
  /** The instance id that `/healthz` of the server returns. */
  instance: z.string(),
  /** The origin of Tandem. */
  url: z.string(),
  /** A generated token only, like the other secrets here. */
  apiToken: z.string().optional(),
  webhooks: z.object({ username: z.string(), password: z.string() }).optional(),
  platform: z.object({
    url: z.string(),
    userId: z.string(),
    token: z.string().optional(),
    secret: z.string().optional(),
  }),
  /** The address that phones send to. */
  sip: z.object({ host: z.string(), port: z.int() }).optional(),
  /** By SIP URI. */
  passwords: z.record(z.string(), z.string()).default({}),
  /** Names of the settings with the other secrets of the server. */
  settings: z.array(z.string()).default([]),
});
export type Running = z.infer<typeof running>;

export const RUNNING_FILE = '.tandem/running.json';
export const PLATFORM_FILE = '.tandem/platform.json';
export const PASSWORDS_FILE = '.tandem/passwords.json';

/** Timeout of `/healthz` on this machine, ms. */
const PATIENCE_MS = 3_000;

export function writeRunning(state: Running, log: Logger): void {
  try {
    writePrivate(RUNNING_FILE, state);
  } catch (error) {
    log.warn(
      { event: 'runtime-file-not-written', err: messageOf(error) },
      `cannot write ${RUNNING_FILE}; npm run demo will start its own server`,
    );
  }
}

/** Stores the generated account of `npm run platform`. @returns a function that removes the file */
export function writePlatformAccount(account: object, log: Logger): () => void {
  try {
    writePrivate(PLATFORM_FILE, account);
  } catch (error) {
    log.warn(
      { event: 'platform-file-failed', err: messageOf(error) },
      `cannot write ${PLATFORM_FILE}; set the BANDWIDTH_* credentials`,
    );
  }
  return () => rmSync(PLATFORM_FILE, { force: true });
}

/** Replaces the file with one that only its owner can read. */
function writePrivate(file: string, content: object): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  rmSync(file, { force: true });
  writeFileSync(file, JSON.stringify(content), { mode: 0o600 });
}

/**
 * Returns the Tandem that runs in this directory; undefined if there is none. After a crash the process id and port of
 * the file may belong to other programs.
 */
export async function findRunning(): Promise<Running | undefined> {
  const state = readRunning();
  if (!state) return undefined;
  try {
    const reply = await fetch(`${state.url}/healthz`, { redirect: 'error', signal: AbortSignal.timeout(PATIENCE_MS) });
    const { instance } = z.object({ instance: z.string() }).parse(await reply.json());
    return instance === state.instance ? state : undefined;
  } catch {
    return undefined;
  }
}

function readRunning(): Running | undefined {
  try {
    const state = running.parse(JSON.parse(readFileSync(RUNNING_FILE, 'utf8')));
    process.kill(state.pid, 0); // throws if the process does not exist
    return state;
  } catch {
    return undefined;
  }
}

export function removeRunning(): void {
  const own = readRunning()?.pid === process.pid;
  if (own) rmSync(RUNNING_FILE, { force: true });
}

/** Adds passwords by SIP URI. */
export function keepPasswords(passwords: ReadonlyMap<string, string>): void {
  writePrivate(PASSWORDS_FILE, { ...readPasswords(), ...Object.fromEntries(passwords) });
}

function readPasswords(): Record<string, string> {
  try {
    return z.record(z.string(), z.string()).parse(JSON.parse(readFileSync(PASSWORDS_FILE, 'utf8')));
  } catch {
    return {};
  }
}
