import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { localUrl } from '../addresses/host-port';
import type { Config } from '../config/config';
import { startWarnings } from '../config/start-warnings';
import type { Line } from '../dial-plan/dial-plan';
import { after, drain } from '../engine/drain';
import { startTicker, type Ticker } from '../engine/ticker';
import { createInternalErrors, type InternalErrors } from '../support/internal-errors';
import type { Logger } from '../support/logger';
import { WEBHOOK_PATH } from '../providers/bandwidth-v1/webhook';
import { sentenceFault } from '../v1-wire/speakable';
import { createApp } from './app';
import { openParts, type Parts } from './parts';

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
  const parts = await openParts({ config, apiUrl, log, internalErrors, webhookUrl: () => webhookUrl });
  const { store, engine, recovery } = parts;
  const app = createApp({
    ...parts,
    ...{ instance, log, internalErrors },
    origins: config.origins,
    sentenceFault: config.api.url === undefined ? sentenceFault : undefined,
    apiToken: config.apiToken,
  });
  const answer = internalErrors.guard('http request', (request: IncomingMessage, response: ServerResponse) =>
    app(request, response),
  );
  const server = createServer(HTTP_TIMEOUTS, answer);
  const url = await listen(server, config.port, config.host).catch(async (error: unknown) => {
    await parts.close(0);
    throw error;
  });
  webhookUrl = webhookUrlOf(config.publicBaseUrl ?? url, config.webhookCredentials);
  const tickers = startTickers(parts, config, log, internalErrors);
  for (const { text, ...fields } of startWarnings(config, url)) log.warn(fields, text);
  const webhooks = `${config.publicBaseUrl ?? url}${WEBHOOK_PATH}`;
  log.info({ event: 'listening', url, webhooks, platform: apiUrl }, 'listening');

  const endsWithProcess = config.redis ? 'none' : config.api.url === undefined ? 'all' : 'unbridged';
  return {
    ...{ url, instance, webhookUrl },
    reload: () => parts.records.reopen(),
    replaceLines: (lines) => parts.replaceLines(lines),
    async close() {
      const deadline = after(config.drainSeconds * 1_000 + LAST_COMMANDS_MS).promise;
      await drain({ engine, store, log, endsWithProcess, drainMs: config.drainSeconds * 1_000 });
      for (const ticker of tickers) ticker.close();
      recovery.close();
      await stopListening(server);
      // What came in until the last connection closed is acknowledged, so its commands are owed too.
      if (await Promise.race([engine.idle(), deadline]))
        log.warn({ event: 'commands-cut-off' }, 'Commands were still running when the server shut down');
      await parts.close(RECORDS_MS);
    },
  };
}

function startTickers(
  { engine, outbox, provider: { check, capabilities }, recovery }: Parts,
  { recoverySeconds }: Config,
  log: Logger,
  internalErrors: InternalErrors,
): Ticker[] {
  const tickers = [startTicker(TICK_MS, () => engine.wakeDue(), log, 'waking the flows that are due')];
  if (outbox) tickers.push(startTicker(OUTBOX_MS, () => outbox.sweep(), log, 'taking over call records'));
  // The embedded platform has no calls from before this process.
  if (!check) return tickers;
  internalErrors.guard('platform check', () => check.run())();
  tickers.push(startTicker(PLATFORM_CHECK_MS, () => check.run(), log, 'checking the platform'));
  if (!capabilities.listLive) return tickers;
  internalErrors.guard('recovery', () => recovery.run())();
  if (recoverySeconds > 0) tickers.push(startTicker(recoverySeconds * 1_000, () => recovery.run(), log, 'recovery'));
  return tickers;
}

function stopListening(server: Server): Promise<void> {
  return new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), 500).unref();
  });
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
  const url = new URL(`${base}${WEBHOOK_PATH}`);
  if (credentials) {
    url.username = encodeURIComponent(credentials.username);
    url.password = encodeURIComponent(credentials.password);
  }
  return url.href;
}
