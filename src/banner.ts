/** What a person sees at start: what runs where, and what to try. */
import type { Config } from './config';
import type { Provisioned } from './provisioning/provision';

export interface Started {
  config: Config;
  url: string;
  platformUrl: string;
  provisioned: Provisioned;
  /** Simulated phones are attached to the endpoints. */
  simulatedPhones: boolean;
}

export function banner({ config, url, platformUrl, provisioned, simulatedPhones }: Started): string {
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
