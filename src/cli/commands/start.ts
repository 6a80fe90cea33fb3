/** Starts the webhook server, and the embedded platform unless another one is configured. */
import { createApiHttp } from '../../providers/bandwidth-v1/http';
import type { Config } from '../../config/config';
import { createSandbox } from '../../demo/clients';
import { createInternalErrors } from '../../support/internal-errors';
import type { Logger } from '../../support/logger';
import { SipListenError, startPlatform, type Platform, type PlatformOptions } from '../../platform';
import { provision, type Provisioned } from '../../providers/bandwidth-v1/provisioning/provision';
import { startServer, type TandemServer } from '../../server/server';
import { checkFolders, explainListen, readCertificate } from '../../config/setting-faults';

export interface Started {
  server: TandemServer;
  platform: Platform | undefined;
  provisioned: Provisioned | undefined;
}

export async function startAll(config: Config, log: Logger): Promise<Started> {
  const internalErrors = createInternalErrors(log); // shared by server and platform
  // Filled when the server listens, after the platform has started. Until then no application exists.
  const ownCallbackUrls: string[] = [];
  const shared = { internalErrors, ownCallbackUrls: () => ownCallbackUrls };
  const platform = config.api.url === undefined ? await startEmbedded(config, log, shared) : undefined;
  const apiUrl = config.api.url ?? platform?.url ?? '';
  let server: TandemServer | undefined;
  try {
    server = await startServer(config, apiUrl, log, internalErrors).catch((error: unknown) => {
      throw explainListen(error, { setting: 'PORT', port: config.port, hostSetting: 'HOST', host: config.host });
    });
    const { origin, pathname } = new URL(server.webhookUrl);
    ownCallbackUrls.push(origin + pathname);
    return { server, platform, provisioned: platform && (await setUp(config, platform.url, server.webhookUrl)) };
  } catch (error) {
    await server?.close();
    await platform?.close();
    throw error;
  }
}

/** Provisions the lines on the embedded platform, with a simulated phone for each endpoint. */
async function setUp(config: Config, platformUrl: string, webhookUrl: string): Promise<Provisioned> {
  const { lines, sipPasswords, webhookMethod } = config;
  const http = createApiHttp({ ...config.api, url: platformUrl });
  const provisioned = await provision(http, { lines, sipPasswords, webhookUrl, webhookMethod }).finally(() =>
    http.close(),
  );
  if (config.platform.sandbox) {
    const sandbox = createSandbox({ ...config.api, url: platformUrl });
    for (const endpoint of new Set(lines.map((line) => line.endpoint))) await sandbox.attachPhone(endpoint);
  }
  return provisioned;
}

export async function startEmbedded(
  config: Config,
  log: Logger,
  shared: Pick<PlatformOptions, 'internalErrors' | 'ownCallbackUrls'> = {},
): Promise<Platform> {
  const { userId, token: apiToken, secret: apiSecret } = config.api;
  const account = { userId, apiToken, apiSecret };
  const { tls, recordingsDir, ...sip } = config.sip;
  checkFolders(config.sip);
  const options = { ...sip, tls: tls && { port: tls.port, ...readCertificate(tls) } };
  const { host, origins } = config;
  return startPlatform({
    ...config.platform,
    ...shared,
    privateHosts: sip.privateAudio,
    host,
    origins,
    ...account,
    sip: options,
    recordingsDir,
    log,
  }).catch((error: unknown) => {
    if (!(error instanceof SipListenError))
      throw explainListen(error, { setting: 'PLATFORM_PORT', port: config.platform.port, hostSetting: 'HOST', host });
    const [setting, port] = error.tls ? ['SIP_TLS_PORT', tls?.port ?? 0] : ['SIP_PORT', sip.port];
    throw explainListen(error.cause, { setting, port, hostSetting: 'SIP_HOST', host: sip.host });
  });
}
