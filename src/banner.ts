/** What a person sees at start: what runs where, and what to try. */
import type { Config } from './config';
import { printHostPort } from './protocol/host-port';
import type { Provisioned } from './provisioning/provision';

/** What is told of the embedded platform. */
export interface RunningPlatform {
  url: string;
  sip?:
    | {
        /** Where phones send to. */
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
}

export function banner({ config, url, platform, provisioned, simulatedPhones }: Started): string {
  const { url: platformUrl } = platform;
  const { userId, token, secret, madeUp } = config.api;
  const [first] = provisioned.sip;
  const bearer = config.apiToken === undefined ? '' : ` -H 'authorization: Bearer <API_TOKEN>'`;
  const json = `-H 'content-type: application/json'`;
  const account = madeUp ? `${token}:${secret}` : '<BANDWIDTH_API_TOKEN>:<BANDWIDTH_API_SECRET>';
  const rows: string[][] = [
    ['Tandem', url, 'webhooks at /webhooks/voice, its own API at /calls and /openapi.json'],
    ['Platform', platformUrl, `the v1 API below /v1, user ${userId}, credentials ${account}`],
    ...provisioned.sip.map(({ number, sipUri }) => [
      'Line',
      number,
      `rings ${sipUri}${simulatedPhones ? ', a simulated phone is attached' : ''}`,
    ]),
    ...phoneRows(platform, provisioned),
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
            `the phone dials the PSTN; then look at ${url}/calls`,
          ],
        ]
      : []),
  ];
  return [
    '',
    ...rows.map(([what = '', where = '', more = '']) => `  ${what.padEnd(9)} ${where.padEnd(22)} ${more}`),
    '',
    '  Try in another terminal:',
    ...commands.map(([command = '', what = '']) => `    # ${what}\n    ${command}`),
    '',
  ].join('\n');
}

/** What to type into a softphone. */
function phoneRows(platform: RunningPlatform, { sip }: Provisioned): string[][] {
  if (!platform.sip) return [];
  return [
    ['Phones', printHostPort(platform.sip.phones), `server (or outbound proxy); ${describeTransports(platform)}`],
    ...sip.map(({ username, realm, password }) => [
      '',
      username,
      `user; domain ${realm}; password ${password ?? '(unchanged)'}`,
    ]),
  ];
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

/** The result of `npm run provision` for people. */
export function describeProvisioned({ steps, sip }: Provisioned): string {
  return [
    ...steps.map(({ what, name, id, outcome }) => `${outcome.padEnd(8)} ${what.padEnd(12)} ${name}  (${id})`),
    '',
    'SIP settings for a phone:',
    ...sip.flatMap(({ sipUri, username, realm, password, number }) => [
      `  ${sipUri}`,
      `    user      ${username}`,
      `    realm     ${realm}`,
      `    password  ${password ?? '(unchanged; set SIP_PASSWORD to give it a new one)'}`,
      `    number    ${number}`,
    ]),
  ].join('\n');
}
