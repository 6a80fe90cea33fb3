/** The folder that one baresip runs from. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from './ports';
import { silence, writeWav } from './wav';

export interface BaresipOptions {
  /** For people: it is in the errors. */
  name: string;
  /** User part of the SIP URI, and of the credentials. */
  user: string;
  /** Without it nothing is registered: the phone calls, and is called, directly. */
  password?: string;
  domain: string;
  /** `host:port` of the registrar, which is the outbound proxy too; needed where there is a password. */
  server?: string;
  /** baresip checks no certificate. */
  transport?: 'udp' | 'tcp' | 'tls';
  /** What it speaks into its microphone; default: two minutes of silence. At the end of the file baresip hangs up. */
  play?: string;
  /** Seconds for which it registers; it refreshes a little before. */
  expires?: number;
  /** In order of preference. */
  codecs?: readonly ('pcmu' | 'pcma')[];
  /** Picks up by itself. */
  answers?: 'manual' | 'auto';
  /** How it sends digits: RFC 4733 or SIP INFO. */
  dtmf?: 'rtpevent' | 'info';
}

export interface BaresipFolder {
  path: string;
  sipPort: number;
  controlPort: number;
}

/** SIP port and the next one (baresip binds that for TLS), control port, and RTP ports from the sixth on. */
const BLOCK = 40;

export async function makeBaresipFolder(options: BaresipOptions): Promise<BaresipFolder> {
  const path = mkdtempSync(join(tmpdir(), `tandem-phone-${options.name}-`));
  const sipPort = await freePorts(BLOCK);
  const controlPort = sipPort + 2;
  const source = options.play ?? join(path, 'silence.wav');
  if (options.play === undefined) writeWav(source, silence(120));
  mkdirSync(join(path, 'heard'));
  writeFileSync(join(path, 'contacts'), '');
  // The account is made over ctrl_tcp: one of the file registers before anybody listens to its events.
  writeFileSync(join(path, 'accounts'), '');
  writeFileSync(
    join(path, 'config'),
    [
      'poll_method epoll',
      `sip_listen 127.0.0.1:${sipPort}`,
      `audio_player aufile,${join(path, 'play.wav')}`,
      `audio_source aufile,${source}`,
      'audio_alert aufile,/dev/null',
      'ausrc_srate 8000',
      'auplay_srate 8000',
      `rtp_ports ${sipPort + 6}-${sipPort + BLOCK - 1}`,
      'jitter_buffer_delay 0-0', // off: what is recorded is what arrived
      'net_interface 127.0.0.1',
      'module_path /usr/lib/baresip/modules',
      'module g711.so',
      'module aufile.so',
      'module sndfile.so',
      `snd_path ${join(path, 'heard')}`,
      'module_tmp uuid.so',
      'module_tmp account.so',
      'module_app menu.so',
      'module_app ctrl_tcp.so',
      `ctrl_tcp_listen 127.0.0.1:${controlPort}`,
      '',
    ].join('\n'),
  );
  return { path, sipPort, controlPort };
}

/** The argument of `uanew`: what would be a line of `accounts`. */
export function account(options: BaresipOptions, sipPort: number): string {
  const { user, password, domain, server, transport = 'udp', codecs = ['pcmu'], answers = 'manual' } = options;
  const isRegistered = password !== undefined && server !== undefined;
  // A phone that nobody registers is reached at its own address.
  const host = isRegistered ? domain : `127.0.0.1:${sipPort}`;
  return [
    `<sip:${user}@${host};transport=${transport}>`,
    ...(isRegistered
      ? [
          `auth_user=${user}`,
          `auth_pass=${password}`,
          `outbound="sip:${server};transport=${transport}"`,
          `regint=${options.expires ?? 60}`,
        ]
      : ['regint=0']),
    `answermode=${answers}`,
    `audio_codecs=${codecs.join(',')}`,
    `dtmfmode=${options.dtmf ?? 'rtpevent'}`,
  ].join(';');
}
