import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from './app';
import { createRecordOutbox } from '../engine/call-records/outbox';
import { openCallRecords } from '../engine/call-records/records';
import { createCallControl } from '../providers/bandwidth-v1/control';
import { createApiHttp } from '../providers/bandwidth-v1/http';
import type { Config } from '../config/config';
import { after, drain } from '../engine/drain';
import type { Line } from '../dial-plan/dial-plan';
import { createEngine } from '../engine/engine';
import { createRecovery } from '../engine/recovery';
import { openStore } from '../store/open';
import { startTicker } from '../engine/ticker';
import { createInternalErrors, type InternalErrors } from '../support/internal-errors';
import type { Logger } from '../support/logger';
import { createMetrics } from '../engine/metrics';
import { createPlatformCheck } from '../providers/bandwidth-v1/platform-check';
import { localUrl } from '../addresses/host-port';
import { sentenceFault } from '../v1-wire/speakable';
import { explainRecordsFile } from '../config/setting-faults';
import { startWarnings } from '../config/start-warnings';

/** How often due flows are looked for, ms: no timer of a flow needs to be finer. */
const TICK_MS = 200;
/** How often a platform elsewhere is asked whether it is in order, while it is not, ms. */
const PLATFORM_CHECK_MS = 10_000;
/** How long the last commands may take when the server shuts down, beyond `DRAIN_SECONDS`, ms. */
const LAST_COMMANDS_MS = 1_800;
/** How often call records of lost instances are looked for, ms. */
const OUTBOX_MS = 5_000;
/** How long call records may take to be delivered then, ms. */
const RECORDS_MS = 3_000;
/** What answering the callee, answering the caller and bridging may take each, ms. */
const STEP_MS = 15_000;
const CONFIRM_MS = 1_000;
const ENDING_MS = 600_000;

/** A request that is not there in full by then is given up, ms; idle connections outlive those of common load balancers. */
const HTTP_TIMEOUTS = {
  headersTimeout: 10_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 2_000,
  keepAliveTimeout: 65_000,
};

export interface TandemServer {
  /** Where it listens. */
  url: string;
  /** As `/healthz` has it. */
  instance: string;
  /** incomingCallUrl and callbackUrl, with the credentials that callbacks must carry. */
  webhookUrl: string;
  /** Opens its files anew: on SIGHUP, after they were rotated. */
  reload(): Promise<void>;
  /** From now on calls are routed by these lines. Calls that are up go on. */
  replaceLines(lines: readonly Line[]): void;
  /** Begins no session from now on, lets calls and commands finish (at most `DRAIN_SECONDS` and 2 s), then closes. */
  close(): Promise<void>;
}

/** Starts the webhook half against a platform at `apiUrl` (origin, without `/v1`). */
export async function startServer(
  config: Config,
  apiUrl: string,
  log: Logger,
  internalErrors: InternalErrors = createInternalErrors(log),
): Promise<TandemServer> {
  let webhookUrl = '';
  const instance = randomUUID();
  const store = await openStore(config.redis, log, internalErrors);
  const metrics = createMetrics(store, internalErrors);
  const wallTime = (at: number) => store.wallTime(at);
  const records = await openCallRecords({
    ...config.callRecords,
    log,
    count: metrics.callRecord,
    internalErrors,
    wallTime,
  }).catch(async (error: unknown) => {
    await store.close();
    throw explainRecordsFile(error, config.callRecords.file);
  });
  const { file, post } = config.callRecords;
  const outbox = file === undefined && post === undefined ? undefined : createRecordOutbox({ store, records, log });
  const http = createApiHttp({ ...config.api, url: apiUrl });
  // The platform that this process brings along is set up by it.
  const platform =
    config.api.url === undefined ? undefined : createPlatformCheck({ http, webhookUrl: () => webhookUrl, log });
  const control = createCallControl({
    http,
    callbackUrl: () => webhookUrl,
    callbackHttpMethod: config.webhookMethod,
  });
  let lines = config.lines;
  // The engine and the API read the lines at each call.
  const plan = {
    get lines() {
      return lines;
    },
    defaultCountry: config.defaultCountry,
    callTimeout: config.callTimeoutSeconds,
    callerId: config.callerId,
  };
  const limits = {
    stepMs: STEP_MS,
    maxCallMs: config.maxCallSeconds * 1_000,
    legCheckMs: config.legCheckSeconds * 1_000,
    confirmMs: CONFIRM_MS,
    endingMs: ENDING_MS,
  };
  const engine = createEngine({
    store,
    control,
    log,
    internalErrors,
    metrics,
    records: outbox,
    plan,
    limits,
    onStray: () => recovery.soon(),
  });
  const app = createApp({
    instance,
    engine,
    store,
    metrics,
    log,
    internalErrors,
    plan,
    webhookCredentials: config.webhookCredentials,
    webhookMethod: config.webhookMethod,
    origins: config.origins,
    sentenceFault: config.api.url === undefined ? sentenceFault : undefined,
    apiToken: config.apiToken,
    platform,
  });

  const answer = internalErrors.guard('http request', (request: IncomingMessage, response: ServerResponse) =>
    app(request, response),
  );
  const server = createServer(HTTP_TIMEOUTS, answer);
  const url = await listen(server, config.port, config.host).catch(async (error: unknown) => {
    control.close();
    await records.close(0);
    await store.close();
    throw error;
  });
  webhookUrl = webhookUrlOf(config.publicBaseUrl ?? url, config.webhookCredentials);
  const recovery = createRecovery({
    store,
    control,
    engine,
    lines: () => lines,
    limits,
    callbackUrl: () => webhookUrl,
    internalErrors,
    log,
  });
  const tickers = [startTicker(TICK_MS, () => engine.wakeDue(), log, 'waking the flows that are due')];
  if (outbox) tickers.push(startTicker(OUTBOX_MS, () => outbox.sweep(), log, 'taking over call records'));
  // The platform that this process brings along has no calls from before it.
  if (platform) {
    internalErrors.guard('platform check', () => platform.run())();
    tickers.push(startTicker(PLATFORM_CHECK_MS, () => platform.run(), log, 'checking the platform'));
    internalErrors.guard('recovery', () => recovery.run())();
    const { recoverySeconds } = config;
    if (recoverySeconds > 0) tickers.push(startTicker(recoverySeconds * 1_000, () => recovery.run(), log, 'recovery'));
  }
  for (const { text, ...fields } of startWarnings(config, url)) log.warn(fields, text);
  const webhooks = `${config.publicBaseUrl ?? url}/webhooks/voice`;
  log.info({ event: 'listening', url, webhooks, platform: apiUrl }, 'listening');

  const endsWithProcess = config.redis ? 'none' : config.api.url === undefined ? 'all' : 'unbridged';

  return {
    url,
    instance,
    webhookUrl,
    reload: () => records.reopen(),
    replaceLines(replacement) {
      lines = replacement;
    },
    async close() {
      const deadline = after(config.drainSeconds * 1_000 + LAST_COMMANDS_MS).promise;
      await drain({ engine, store, log, endsWithProcess, drainMs: config.drainSeconds * 1_000 });
      for (const ticker of tickers) ticker.close();
      recovery.close();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        setTimeout(() => server.closeAllConnections(), 500).unref();
      });
      // What came in until the last connection closed is acknowledged, so its commands are owed too.
      if (await Promise.race([engine.idle(), deadline]))
        log.warn({ event: 'commands-cut-off' }, 'Commands were still running when the server shut down');
      engine.close();
      control.close();
      await outbox?.close(RECORDS_MS);
      await store.close();
    },
  };
}

async function listen(server: Server, port: number, host: string): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return localUrl(host, (server.address() as AddressInfo).port);
}

/** incomingCallUrl and callbackUrl, with the credentials that callbacks must carry. */
export function webhookUrlOf(base: string, credentials: Config['webhookCredentials']): string {
  const url = new URL(`${base}/webhooks/voice`);
  if (credentials) {
    url.username = encodeURIComponent(credentials.username);
    url.password = encodeURIComponent(credentials.password);
  }
  return url.href;
}
