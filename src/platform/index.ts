/** The v1 platform, embedded: its REST API, its calls over simulated lines, its events. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from '../logger';
import { createPlatformApp } from './api/platform-app';
import { createCallRateLimit, NO_CALL_RATE_LIMIT } from './api/rate-limit';
import { createCallbackClient } from './calls/callback-client';
import { createCalls, type Calls } from './calls/calls';
import { createDelivery } from './calls/delivery';
import { createReceive } from './calls/incoming';
import { DEFAULT_TIMING, type SimulationTiming } from './lines/behaviour';
import { createExchange } from './lines/exchange';
import { createFarEnds } from './lines/far-ends';
import type { Receive } from './lines/line';
import { createPhones } from './lines/phones';
import { silentPlayers } from './lines/silent-player';
import { createApplications } from './resources/applications';
import { createDomains } from './resources/domains';
import { createErrorLog } from './resources/error-log';
import { createNumbers } from './resources/numbers';
import { DEFAULT_RETENTION, type RetentionLimits } from './retention';
import { createTimers } from './timers';
import { createUris } from './uris';

export interface PlatformOptions {
  /** Address to listen on. */
  host: string;
  /** 0: chosen by the system. */
  port: number;
  userId: string;
  apiToken: string;
  apiSecret: string;
  log: Logger;
  /** The hosted service's limits: one call a second a number, requests a second an endpoint. Default: off. */
  rateLimits?: boolean;
  /** The `/sandbox` API. Default: on. */
  sandbox?: boolean;
  /** How fast the simulation is. */
  timing?: Partial<SimulationTiming>;
  /** How long an incoming call may ring that no application takes; s. Default: 300. */
  ringLimitSeconds?: number;
  /** How many ended calls, bridges and errors are kept, and how long. Default: 10,000, an hour. */
  retention?: RetentionLimits;
}

export interface Platform {
  /** Origin, without `/v1`. */
  readonly url: string;
  readonly port: number;
  /** Ends timers, deliveries and connections; the calls that were up are gone without a word. */
  close(): Promise<void>;
}

/** @throws the error of `listen`, as EADDRINUSE */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const { host, userId, apiToken, apiSecret, rateLimits = false, sandbox = true } = options;
  const log = options.log.child({ part: 'platform' });

  const server = http.createServer();
  // Longer than clients keep a connection idle: they close it, and never send into one that is being closed.
  server.keepAliveTimeout = 65_000;
  const port = await listen(server, options.port, host);
  const url = `http://${reachable(host)}:${port}`;

  const retention = options.retention ?? DEFAULT_RETENTION;
  const timing = { ...DEFAULT_TIMING, ...options.timing };
  const timers = createTimers();
  const uris = createUris(url, userId);
  const client = createCallbackClient();

  const applications = createApplications();
  const numbers = createNumbers();
  const phones = createPhones();
  const domains = createDomains((endpointId) => phones.detachAll(endpointId));
  const errors = createErrorLog(retention.max);
  const farEnds = createFarEnds(retention);

  // Calls dial through the exchange, and what the exchange loops back comes in as calls again.
  const receive: Receive = (offer, line) => receiveCall(offer, line);
  const createPlayer = silentPlayers(timers, timing);
  const dial = createExchange({ numbers, domains, phones, farEnds, timers, timing, createPlayer, receive });
  const delivery = createDelivery({ client, errors, log });
  const calls: Calls = createCalls({ dial, delivery, errors, timers, uris, retention, log });
  const ringLimitSeconds = options.ringLimitSeconds ?? 300;
  const receiveCall = createReceive({ applications, numbers, domains, errors, calls, ringLimitSeconds, log });

  const callRate = rateLimits ? createCallRateLimit() : NO_CALL_RATE_LIMIT;
  const state = {
    userId,
    applications,
    numbers,
    domains,
    errors,
    calls,
    callRate,
    phones,
    farEnds,
    receive,
    createPlayer,
  };
  const app = createPlatformApp({ ...state, timers, timing, uris, log }, { apiToken, apiSecret, rateLimits, sandbox });
  server.on('request', (request, response) => void app(request, response));
  log.info({ url, sandbox, rateLimits }, 'platform listens');

  return {
    url,
    port,
    async close() {
      timers.close();
      client.close();
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}

function listen(server: http.Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve(portOf(server.address()));
    });
  });
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** How this machine reaches a server that listens there. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
