/** Texts for people at start: addresses, credentials and example commands. */
import type { Config } from '../config/config';
import { printHostPort } from '../addresses/host-port';
import type { Provisioned, SipSettings } from '../providers/bandwidth-v1/provisioning/provision';
import { PLATFORM_FILE, RUNNING_FILE } from './runtime-file';

/** The embedded platform, as far as the banner shows it. */
export interface RunningPlatform {
  url: string;
  sip?:
    | {
        /** The address that phones send to. */
        phones: { host: string; port: number };
        listening: readonly { transport: string; host: string; port: number }[];
      }
    | undefined;
}

export interface Started {
  config: Config;
  url: string;
  platform: RunningPlatform;
  provisioned: Provisioned;
  /** Simulated phones are attached to the endpoints. */
  simulatedPhones: boolean;
  /** Whether generated secrets may be shown. Secrets of settings are never shown. */
  showSecrets: boolean;
}

/** Allows generated secrets in a terminal only, as other outputs are stored and forwarded. */
export function maySeeSecrets(config: { production: boolean }, stream: { isTTY?: boolean }): boolean {
  return stream.isTTY === true && !config.production;
}

export function banner({ config, url, platform, provisioned, simulatedPhones, showSecrets }: Started): string {
  const { url: platformUrl } = platform;
  const { userId, token, secret } = config.api;
  const [first] = provisioned.sip;
  const visible = (generated: boolean, text: string, name: string): string =>
    generated && showSecrets ? text : `<${name}>`;
  const bearer =
    config.apiToken === undefined
      ? ''
      : ` -H 'authorization: Bearer ${visible(config.generated.apiToken, config.apiToken, 'API_TOKEN')}'`;
  const json = `-H 'content-type: application/json'`;
  const account = visible(config.generated.account, `${token}:${secret}`, 'BANDWIDTH_API_TOKEN>:<BANDWIDTH_API_SECRET');
  const rows: string[][] = [
    ['Tandem', url, 'webhooks at /webhooks/voice, its own API at /calls and /openapi.json'],
    ['Platform', platformUrl, `the v1 API below /v1, user ${userId}, credentials ${account}`],
    ...provisioned.sip.map(({ number, sipUri }) => [
      'Line',
      number,
      `rings ${sipUri}${simulatedPhones ? ', a simulated phone is attached' : ''}`,
    ]),
    ...phoneRows(platform, provisioned, showSecrets),
  ];
  const commands = [
    ...(simulatedPhones ? [['npm run demo', 'six calls, each drawn as a ladder']] : []),
    [
      `curl -s ${json}${bearer} -d '{"to":"${first?.username ?? ''}","sentence":"Hello sip client"}' ${url}/calls`,
      'calls the phone, speaks, hangs up',
    ],
    ...(simulatedPhones
      ? [
          [
            `curl -s ${json} -u ${account} -d '{"from":"${first?.sipUri ?? ''}","to":"+15552223333"}' ${platformUrl}/sandbox/calls`,
            `the phone calls a PSTN number; see ${url}/calls`,
          ],
        ]
      : []),
  ];
  return [
    '',
    ...rows.map(([what = '', where = '', more = '']) => `  ${what.padEnd(9)} ${where.padEnd(22)} ${more}`),
    ...hiddenRows(config, provisioned, showSecrets),
    '',
    '  Try in another terminal:',
    ...commands.map(([command = '', what = '']) => `    # ${what}\n    ${command}`),
    '',
  ].join('\n');
}

/** Names the file with the generated secrets that are not shown. */
function hiddenRows({ generated }: Config, { sip }: Provisioned, showSecrets: boolean): string[] {
  const hidden = [
    ...(generated.account ? ['BANDWIDTH_API_TOKEN', 'BANDWIDTH_API_SECRET'] : []),
    ...(generated.apiToken ? ['API_TOKEN'] : []),
    ...(sip.some(({ passwordFrom }) => passwordFrom === 'generated') ? ['SIP_PASSWORD'] : []),
  ];
  if (showSecrets || hidden.length === 0) return [];
  return [
    '',
    `  Generated secrets are shown in a terminal only, and never in production. Find them in ${RUNNING_FILE},`,
    `  which only its owner can read. Set ${hidden.join(', ')} to choose your own.`,
  ];
}

/** Rows with the account settings of a softphone. */
function phoneRows(platform: RunningPlatform, { sip }: Provisioned, showSecrets: boolean): string[][] {
  if (!platform.sip) return [];
  const byUser = new Map(sip.map((settings) => [settings.sipUri, settings]));
  return [
    ['Phones', printHostPort(platform.sip.phones), `server (or outbound proxy); ${describeTransports(platform)}`],
    ...[...byUser.values()].map((settings) => [
      '',
      settings.username,
      `user; domain ${settings.realm}; password ${describePassword(settings, showSecrets)}`,
    ]),
  ];
}

function describePassword({ passwordFrom, password }: SipSettings, showSecrets: boolean): string {
  if (passwordFrom === 'settings') return '(as set in LINES, LINES_FILE or SIP_PASSWORD)';
  if (showSecrets && password !== undefined) return password;
  return passwordFrom === 'generated' ? '(generated, not shown)' : '(unchanged)';
}

/** `UDP and TCP at 0.0.0.0:5060, WebSocket at ws://…/sip` */
export function describeTransports({ url, sip }: RunningPlatform): string {
  const at = new Map<string, string[]>();
  for (const { transport, ...socket } of sip?.listening ?? []) {
    const address = printHostPort(socket);
    at.set(address, [...(at.get(address) ?? []), transport]);
  }
  const sockets = [...at].map(([address, transports]) => `${transports.join(' and ')} at ${address}`);
  return [...sockets, `WebSocket at ${url.replace(/^http/, 'ws')}/sip`].join(', ');
}

/** The credentials of `npm run platform`. */
export function describeAccount({ api, generated }: Config, showSecrets: boolean): string {
  if (!generated.account) return 'the BANDWIDTH_* credentials';
  if (showSecrets) return `token ${api.token}, secret ${api.secret}`;
  return `the generated credentials in ${PLATFORM_FILE}; set BANDWIDTH_USER_ID, BANDWIDTH_API_TOKEN and BANDWIDTH_API_SECRET to choose your own`;
}

/**
 * Formats the result of `npm run provision`.
 * @param passwordsFile the file with the generated passwords that are not shown
 */
export function describeProvisioned({ steps, sip }: Provisioned, passwordsFile?: string): string {
  const unchanged = '(unchanged; set one in LINES, LINES_FILE or SIP_PASSWORD to replace it)';
  const hidden = `(generated; stored in ${passwordsFile ?? ''}, which only its owner can read)`;
  const shown = (settings: SipSettings): string =>
    settings.passwordFrom === 'settings'
      ? describePassword(settings, false)
      : (settings.password ?? (settings.passwordFrom === 'generated' ? hidden : unchanged));
  return [
    ...steps.map(({ what, name, id, outcome }) => `${outcome.padEnd(8)} ${what.padEnd(12)} ${name}  (${id})`),
    '',
    'SIP settings for a phone:',
    ...sip.flatMap((settings) => [
      `  ${settings.sipUri}`,
      `    user      ${settings.username}`,
      `    realm     ${settings.realm}`,
      `    password  ${shown(settings)}`,
      `    number    ${settings.number}`,
    ]),
  ].join('\n');
}
