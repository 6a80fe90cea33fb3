/**
 * A real phone without a screen: baresip, one process each, driven over its ctrl_tcp module.
 * What it speaks is a WAV file, and what it hears is recorded in one.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { account, makeBaresipFolder, type BaresipOptions } from './baresip-config';
import { connectControl, type PhoneEvent } from './baresip-control';
import { startChild } from './child';
import { eventually, type EventQueue } from './waiting';
import { readWav, type Wav } from './wav';

export type { BaresipOptions } from './baresip-config';
export type { PhoneEvent } from './baresip-control';

/** Long enough for RFC 4733 to send three packets and three ends. */
const DIGIT_MS = 250;

export interface Phone {
  readonly name: string;
  /** Where it is reached without a registrar. */
  readonly uri: string;
  readonly sipPort: number;
  readonly events: EventQueue<PhoneEvent>;
  /** @param target SIP URI; a phone that is registered takes a bare user or number for one of its own domain */
  dial(target: string): Promise<void>;
  accept(): Promise<void>;
  /** Hangs up, cancels, or refuses with 486. */
  hangup(): Promise<void>;
  hold(): Promise<void>;
  resume(): Promise<void>;
  /** Presses keys, a quarter of a second each. */
  dtmf(digits: string): Promise<void>;
  /** Waits until it is registered. @throws where the registrar refuses */
  registered(): Promise<void>;
  /** Ends the registration and forgets the account; `register` takes it up again. */
  unregister(): Promise<void>;
  register(): Promise<void>;
  /** What it heard, call after call (hold and resume begin a new recording); complete once the call is closed. */
  heard(): Promise<readonly Wav[]>;
  /** What it heard in the last recording. @throws where there is none */
  heardLast(): Promise<Wav>;
  output(): string;
  /** Quits as a user would: hangs up and unregisters. */
  quit(): Promise<void>;
  /** Ends it at once, without a word to the registrar, and removes its folder. */
  kill(): Promise<void>;
}

export async function startBaresip(options: BaresipOptions): Promise<Phone> {
  const { name, user, domain } = options;
  const { path, sipPort, controlPort } = await makeBaresipFolder(options);
  const child = startChild('baresip', ['-f', path], { cwd: path });
  const remove = (): void => rmSync(path, { recursive: true, force: true });
  const control = await connectControl(name, controlPort, child).catch(async (error: unknown) => {
    await child.end('SIGKILL');
    remove();
    throw error;
  });
  const { events, command } = control;
  const run = async (...args: Parameters<typeof command>): Promise<void> => void (await command(...args));
  await control.command('uanew', account(options, sipPort));
  const isRegistering = options.password !== undefined;
  const aor = `sip:${user}@${isRegistering ? domain : `127.0.0.1:${sipPort}`}`;

  const heard = (): readonly Wav[] => {
    const folder = join(path, 'heard');
    const files = readdirSync(folder).filter((file) => file.endsWith('-dec.wav'));
    return files.sort(byTimeInName).map((file) => readWav(join(folder, file)));
  };

  return {
    name,
    uri: `sip:${user}@127.0.0.1:${sipPort}${options.transport === 'tcp' ? ';transport=tcp' : ''}`,
    sipPort,
    events,
    dial: (target) => run('dial', target),
    accept: () => run('accept'),
    hangup: () => run('hangup'),
    hold: () => run('hold'),
    resume: () => run('resume'),
    async dtmf(digits) {
      for (const digit of digits) {
        await run('sndcode', digit);
        await sleep(DIGIT_MS);
      }
    },
    async registered() {
      const [ok, refused] = ['REGISTER_OK', 'REGISTER_FAIL'];
      await eventually(`${name} to register`, () => events.has(ok) || events.has(refused), 30_000);
      if (!events.has(ok)) throw new Error(`${name} was refused: ${(await events.next(refused)).param ?? ''}`);
    },
    async unregister() {
      await run('uadel', aor);
    },
    register: () => run('uanew', account(options, sipPort)),
    heard: () => Promise.resolve(heard()),
    async heardLast() {
      // The recording is made when sound first arrives, which may be a little after the call is up.
      return eventually(`a recording of ${name}`, () => heard().at(-1));
    },
    output: child.output,
    async quit() {
      await run('quit').catch(() => undefined); // it may be gone before it has replied
      await child.end('SIGTERM');
    },
    async kill() {
      control.close();
      await child.end('SIGKILL');
      remove();
    },
  };
}

/** `dump-2026-11-23-9-05-07-dec.wav`: numbers, of which not all have leading zeros. */
function byTimeInName(a: string, b: string): number {
  const key = (name: string): string => (name.match(/\d+/g) ?? []).map((digits) => digits.padStart(4, '0')).join('-');
  return key(a).localeCompare(key(b));
}
