/** Describes the running Tandem for other commands, and restores its credentials from that description. */
import type { Config } from '../config/config';
import { UsageError } from '../support/errors';
import type { Provisioned } from '../providers/bandwidth-v1/provisioning/provision';
import type { Running } from './runtime-file';

export interface Started {
  url: string;
  instance: string;
  platform: { url: string; sip?: { phones: { host: string; port: number } } | undefined };
  provisioned: Provisioned;
}

/** Returns the generated secrets, and the names of the settings that have the others. */
export function describeRunning(config: Config, { url, instance, platform, provisioned }: Started): Running {
  const { generated, api, apiToken, webhookCredentials } = config;
  const passwords = provisioned.sip.flatMap(({ sipUri, password }) =>
    password === undefined ? [] : [[sipUri, password] as const],
  );
  return {
    pid: process.pid,
    instance,
    url,
    ...(generated.apiToken && { apiToken }),
    ...(generated.webhooks && webhookCredentials && { webhooks: webhookCredentials }),
    platform: {
      url: platform.url,
      userId: api.userId,
      ...(generated.account && { token: api.token, secret: api.secret }),
    },
    sip: platform.sip?.phones,
    passwords: Object.fromEntries(passwords),
    settings: [
      ...(apiToken !== undefined && !generated.apiToken ? ['API_TOKEN'] : []),
      ...(webhookCredentials && !generated.webhooks ? ['WEBHOOK_USERNAME', 'WEBHOOK_PASSWORD'] : []),
      ...(generated.account ? [] : ['BANDWIDTH_USER_ID', 'BANDWIDTH_API_TOKEN', 'BANDWIDTH_API_SECRET']),
    ],
  };
}

export interface Found {
  url: string;
  apiToken: string | undefined;
  webhooks: Config['webhookCredentials'];
  platform: { url: string; userId: string; token: string; secret: string };
}

/**
 * Returns the credentials of the running Tandem: generated ones from its description, the others from the settings.
 * @throws UsageError if a setting is missing with which it was started
 */
export function joinRunning(running: Running, config: Config): Found {
  const { apiToken, webhookCredentials, api, generated } = config;
  const isSet = (name: string): boolean => {
    if (name === 'API_TOKEN') return apiToken !== undefined;
    return name.startsWith('WEBHOOK_') ? webhookCredentials !== undefined : !generated.account;
  };
  const missing = running.settings.filter((name) => !isSet(name));
  if (missing.length > 0)
    throw new UsageError(
      `the running Tandem (${running.url}) was started with ${missing.join(', ')}; set the same values for this command, preferably in .env`,
    );
  return {
    url: running.url,
    apiToken: running.settings.includes('API_TOKEN') ? apiToken : running.apiToken,
    webhooks: running.settings.includes('WEBHOOK_USERNAME') ? webhookCredentials : running.webhooks,
    platform: {
      ...running.platform,
      token: running.platform.token ?? api.token,
      secret: running.platform.secret ?? api.secret,
    },
  };
}
