/** `provision`: creates the application, numbers, domains and endpoints of LINES on the platform. */
import { describeProvisioned, maySeeSecrets } from '../banner';
import { createApiHttp } from '../../providers/bandwidth-v1/http';
import { ConfigError, type Config } from '../../config/config';
import { UsageError } from '../../support/errors';
import { provision as provisionLines, type Provisioned } from '../../providers/bandwidth-v1/provisioning/provision';
import { joinRunning } from '../running-tandem';
import { keepPasswords, PASSWORDS_FILE, findRunning } from '../runtime-file';
import { webhookUrlOf } from '../../server/server';
import type { Command, Invocation } from './command';

export const provision: Command = { purpose: 'provision', options: ['--json'], run };

async function run({ config, args }: Invocation): Promise<void> {
  const running = config.api.url === undefined ? await findRunning() : undefined;
  if (config.api.url === undefined && !running) {
    throw new UsageError('no platform to provision; set BANDWIDTH_API_URL, or run npm start in this directory first');
  }
  const local = running && joinRunning(running, config);
  const base = config.publicBaseUrl ?? local?.url;
  if (base === undefined) {
    throw new ConfigError(['PUBLIC_BASE_URL is missing; give the URL at which the platform reaches Tandem']);
  }
  const http = createApiHttp({ ...config.api, url: config.api.url ?? '', ...local?.platform });
  const { lines, sipPasswords, webhookMethod } = config;
  const webhookUrl = webhookUrlOf(base, local ? local.webhooks : config.webhookCredentials);
  const provisioned = await provisionLines(http, { lines, sipPasswords, webhookUrl, webhookMethod }).finally(() =>
    http.close(),
  );

  const passwordsFile = keepHidden(config, provisioned);
  const shown = withPasswords(config, provisioned, new Map(Object.entries(running?.passwords ?? {})));
  process.stdout.write(
    `${args.includes('--json') ? JSON.stringify({ ...shown, passwordsFile }, null, 2) : describeProvisioned(shown, passwordsFile)}\n`,
  );
}

/** Stores generated passwords that must not be printed. @returns the file; undefined if there are none */
function keepHidden(config: Config, { sip }: Provisioned): string | undefined {
  const generated = sip.flatMap(({ sipUri, password }) =>
    password === undefined ? [] : [[sipUri, password] as const],
  );
  if (generated.length === 0 || maySeeSecrets(config, process.stdout)) return undefined;
  keepPasswords(new Map(generated));
  return PASSWORDS_FILE;
}

/** @param earlier passwords that the server generated at its start, by SIP URI */
function withPasswords(config: Config, provisioned: Provisioned, earlier: ReadonlyMap<string, string>): Provisioned {
  const visible = maySeeSecrets(config, process.stdout);
  const sip = provisioned.sip.map((settings) => ({
    ...settings,
    password: visible ? (settings.password ?? earlier.get(settings.sipUri)) : undefined,
  }));
  return { ...provisioned, sip };
}
