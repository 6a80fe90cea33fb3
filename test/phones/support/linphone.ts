/** linphonec: liblinphone at a command line. It speaks a WAV file, records what it hears in another, and says in words what happens. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild } from './child';
import { freePorts } from './ports';
import { eventually } from './waiting';
import { readWav, type Wav } from './wav';

export interface LinphoneOptions {
  user: string;
  password: string;
  domain: string;
  /** `host:port` */
  server: string;
  transport?: 'udp' | 'tcp' | 'tls';
  /** PEM file; over TLS the server's certificate has to be of one of these. Without it any is good. */
  trusted?: string;
  /** What it speaks, from when a call is up. */
  play?: string;
}

export interface Linphone {
  dial(target: string): Promise<void>;
  /** Waits for a call, and takes it. */
  accept(): Promise<void>;
  hangup(): Promise<void>;
  /** Waits until a call is up. */
  up(): Promise<void>;
  /** Waits until the call has ended. */
  ended(timeoutMs?: number): Promise<void>;
  heard(): Wav;
  output: () => string;
  kill(): Promise<void>;
}

/** liblinphone needs a moment to start its stack. */
const START_MS = 45_000;

export async function startLinphone(options: LinphoneOptions): Promise<Linphone> {
  const { user, password, domain, server, transport = 'udp', trusted, play } = options;
  const folder = mkdtempSync(join(tmpdir(), `tandem-linphone-${user}-`));
  mkdirSync(join(folder, '.local/share/linphone'), { recursive: true });
  const recording = join(folder, 'heard.wav');
  const port = await freePorts(10);
  const only = (name: string): number => (name === transport ? port : -1); // the others are off
  writeFileSync(
    join(folder, 'rc'),
    [
      '[sip]',
      `sip_port=${only('udp')}`,
      `sip_tcp_port=${only('tcp')}`,
      `sip_tls_port=${only('tls')}`,
      ...(trusted === undefined
        ? ['verify_server_certs=0', 'verify_server_cn=0']
        : ['verify_server_certs=1', 'verify_server_cn=1', `root_ca=${trusted}`]),
      'default_proxy=0',
      '[rtp]',
      `audio_rtp_port=${port + 2}`,
      '[proxy_0]',
      `reg_proxy=<sip:${server};transport=${transport}>`,
      `reg_route=<sip:${server};transport=${transport};lr>`,
      `reg_identity=sip:${user}@${domain}`,
      'reg_expires=60',
      'reg_sendregister=1',
      '[auth_info_0]',
      `username=${user}`,
      `passwd=${password}`,
      `realm=${domain}`,
      '[audio_codec_0]',
      'mime=PCMU',
      'rate=8000',
      'enabled=1',
      '',
    ].join('\n'),
  );
  const child = startChild('linphonec', ['-c', join(folder, 'rc')], {
    cwd: folder,
    env: { HOME: folder },
    stdin: true,
  });
  const says = async (what: RegExp, timeoutMs = 30_000): Promise<void> => {
    const look = (): boolean => {
      if (child.exit() !== undefined) throw new Error(`linphonec has ended (${child.exit()}):\n${child.output()}`);
      child.write('duration\n'); // what it has to say waits in a buffer until it is asked something
      return what.test(child.output());
    };
    await eventually(`linphonec to say ${what}`, look, timeoutMs).catch((error: unknown) => {
      throw new Error(child.output(), { cause: error });
    });
  };
  const say = (line: string): Promise<void> => Promise.resolve(child.write(`${line}\n`));
  await says(/linphonec>/, START_MS);
  await say('soundcard use files');
  await say(`record ${recording}`);
  if (play !== undefined) await say(`play ${play}`);
  return {
    dial: (target) => say(`call ${target}`),
    async accept() {
      await says(/Receiving new incoming call/i);
      await say('answer');
    },
    hangup: () => say('terminate'),
    up: () => says(/Call \d+ .*connected/i),
    ended: (timeoutMs) => says(/Call \d+ .*(ended|error)/i, timeoutMs),
    heard: () => readWav(recording),
    output: child.output,
    async kill() {
      await child.end('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
