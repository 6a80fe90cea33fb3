/** `provision`: the tutorial's steps 1 and 2 on the platform in use. */
import { describeProvisioned } from '../banner';
import { createApiHttp } from '../call-control/http';
import { ConfigError } from '../config';
import { UsageError } from '../errors';
import { provision as provisionLines } from '../provisioning/provision';
import { readRunning } from '../runtime-file';
import { webhookUrlOf } from '../server';
import type { Command, Invocation } from './command';

export const provision: Command = { purpose: 'provision', options: ['--json'], run };

async function run({ config, args }: Invocation): Promise<void> {
  const local = config.api.url === undefined ? readRunning() : undefined;
  if (config.api.url === undefined && !local) {
    throw new UsageError(
      'there is no platform to provision: set BANDWIDTH_API_URL, or run npm start in this folder first',
    );
  }
  const base = config.publicBaseUrl ?? local?.url;
  if (base === undefined) {
    throw new ConfigError(['PUBLIC_BASE_URL is missing; give the URL at which the platform reaches Tandem']);
  }
  const http = createApiHttp({ ...config.api, url: config.api.url ?? '', ...local?.platform });
  const provisioned = await provisionLines(http, {
    lines: config.lines,
    webhookUrl: webhookUrlOf(base, config.webhookCredentials),
    webhookMethod: config.webhookMethod,
    sipPassword: config.sipPassword,
    resetPassword: !config.sipPasswordMadeUp,
  }).finally(() => http.close());
  process.stdout.write(
    `${args.includes('--json') ? JSON.stringify(provisioned, null, 2) : describeProvisioned(provisioned)}\n`,
  );
}
