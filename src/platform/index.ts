/** The embedded v1 platform: REST API, calls over simulated lines and phones, and events. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInternalErrors, type InternalErrors } from '../support/internal-errors';
import type { Logger } from '../support/logger';
import { localUrl } from '../addresses/host-port';
import { createOriginPolicy, isLoopback, type OriginPolicy } from '../http/same-origin';
import { createPlatformApp } from './api/platform-app';
import { createCallRateLimit, NO_CALL_RATE_LIMIT } from './api/rate-limit';
import { createCallbackClient, type CallbackRules } from './calls/callback-client';
import { createCalls, type Calls } from './calls/calls';
import { createDelivery } from './calls/delivery';
import { createReceive } from './calls/incoming';
import { DEFAULT_TIMING, type SimulationTiming } from './lines/behaviour';
import { drainCalls } from './drain';
import { createRouter } from './lines/router';
import { createFarEnds } from './lines/far-ends';
import type { Receive } from './lines/line';
import { createPhones } from './lines/phones';
import { DEFAULT_SOUND } from './lines/simulated-party';
import { silentPlayers } from './lines/silent-player';
import type { FindOwnMedia } from '../media/create-sounds';
import { isPublicAddress } from '../media/sounds/address';
import { openMediaStore } from './recordings/media-store';
import { createRecordings } from './recordings/recordings';
import { createApplications } from './resources/applications';
import { createDomains } from './resources/domains';
import { createErrorLog } from './resources/error-log';
import { createNumbers } from './resources/numbers';
import { DEFAULT_RETENTION, type RetentionLimits } from './retention';
import type { Address, TransportName } from '../sip/transport/transport';
import { startTelephony, type SipOptions, type Telephony } from './telephony';
import { createTimers } from '../support/timers';
import { createUris } from './uris';
import { createPlatformMetrics } from './platform-metrics';

export { SipListenError } from './telephony';

export interface PlatformOptions {
  /** Address to listen on. */
  host: string;
  /** 0: the system chooses the port. */
  port: number;
  userId: string;
  apiToken: string;
  apiSecret: string;
  log: Logger;
  /** The counter of the process. Default: a new one. */
  internalErrors?: InternalErrors | undefined;
  /** Whether the rate limits of the hosted service apply, see `api/rate-limit.ts`. Default: false. */
  rateLimits?: boolean;
  /** Whether the `/sandbox` API exists. Default: true. */
  sandbox?: boolean;
  /** Times of the simulation. */
  timing?: Partial<SimulationTiming>;
  /** How long an incoming call may ring without an answer, s. Default: 300. */
  ringLimitSeconds?: number;
  /** How many ended calls, bridges and errors to keep, and for how long. Default: 10,000, an hour. */
  retention?: RetentionLimits;
  /** SIP and sound. undefined: simulated lines only, which take the time of sound but are silent. */
  sip?: SipOptions | undefined;
  /** Directory for recordings; undefined: a temporary one. */
  recordingsDir?: string | undefined;
  /** Whether events may go to private addresses. Default: only to loopback, if the platform listens only there. */
  privateHosts?: boolean;
  /** Callback URLs of the operator, as origin and path. Events go there even if the address is private. */
  ownCallbackUrls?: () => readonly string[];
  /** Origins of web pages that may send requests and open WebSockets at `/sip`. Default: the server's own. */
  origins?: { own: readonly string[]; allowed: readonly string[]; webSocket: readonly string[] | '*' };
}

export interface Platform {
  /** Origin, without `/v1`. */
  readonly url: string;
  readonly port: number;
  /** Exceptions of callbacks since the start. Each one ended at most one call. */
  readonly internalErrors: Pick<InternalErrors, 'total'>;
  /** undefined: no telephony */
  readonly sip: { phones: Address; listening: readonly (Address & { transport: TransportName })[] } | undefined;
  /**
   * Refuses new calls, waits `ms` for the end of the others, then ends them. Resolves when the events are delivered.
   * The caller then calls `close`.
   */
  drain(ms: number): Promise<void>;
  /** Hangs up phones, and ends timers, deliveries and connections. Sends no more events. */
  close(): Promise<void>;
}

const OWN_ORIGINS = { own: [], allowed: [], webSocket: [] };

/** @throws (rejects) the error of `listen`, like EADDRINUSE; SipListenError */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  // Closed in reverse order, also if a later start fails.
  const started: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (let end = started.pop(); end; end = started.pop()) await end();
  };
  try {
    return { ...(await assemble(options, (end) => started.push(end))), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function assemble(
  options: PlatformOptions,
  onClose: (end: () => unknown) => void,
): Promise<Omit<Platform, 'close'>> {
  const { host, userId, apiToken, apiSecret, rateLimits = false, sandbox = true, origins = OWN_ORIGINS } = options;
  const log = options.log.child({ part: 'platform' });
  const { internalErrors = createInternalErrors(log) } = options;
  const metrics = createPlatformMetrics();

  const server = http.createServer();
  // Longer than the idle timeout of clients, so that they never send into a closing connection.
  server.keepAliveTimeout = 65_000;
  let url = '';
  onClose(() => {
    if (!server.listening) return undefined;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    return closed;
  });
  const retention = options.retention ?? DEFAULT_RETENTION;
  const timing = { ...DEFAULT_TIMING, ...options.timing };
  const timers = createTimers(internalErrors);
  const uris = createUris(() => url, userId);
  const callbackRules: CallbackRules = {
    isAllowed: (address) => isCallbackAllowed(address, options.privateHosts ?? false, server),
    isTrusted: ({ origin, pathname }) => options.ownCallbackUrls?.().includes(origin + pathname) ?? false,
  };
  const client = createCallbackClient(internalErrors, callbackRules);
  onClose(() => client.close());
  onClose(() => timers.close());

  const applications = createApplications();
  const numbers = createNumbers();
  const phones = createPhones();
  const domains = createDomains((endpointId, why) => {
    if (why === 'endpoint gone') phones.detachAll(endpointId);
    telephony?.revoke(endpointId, why);
  });
  const errors = createErrorLog(retention.max);
  const farEnds = createFarEnds(retention);
  const media = await openMediaStore({ uris, folder: options.recordingsDir });
  onClose(() => media.close());
  const failed = () => metrics.recordingFailed();
  const recordings = createRecordings({ media, uris, retention, errors, failed, log });

  // Calls dial through the router, and calls to own numbers return through `receive`.
  const intake = { open: true };
  const receive: Receive = (offer, line) => receiveCall(offer, line);
  const ownMedia: FindOwnMedia = (file) => media.ownMedia(file);
  const telephony: Telephony | undefined =
    options.sip &&
    (await startTelephony(options.sip, {
      domains,
      timers,
      receive,
      intake,
      ownMedia,
      errors,
      internalErrors,
      metrics,
      log,
    }));
  onClose(() => telephony?.close());
  onClose(() => recordings.close());
  const originPolicy = createOriginPolicy(origins);
  telephony?.attachWebSocket(server, (request) => isWebSocketAllowed(request, originPolicy, origins.webSocket));
  const createPlayer = telephony?.createPlayer ?? silentPlayers(timers, timing);
  const lines = { farEnds, timers, timing, createPlayer, internalErrors, sound: telephony && DEFAULT_SOUND };
  const dial = createRouter({ ...lines, numbers, domains, phones, telephony, receive, log });
  const delivery = createDelivery({ client, errors, log });
  const calls: Calls = createCalls({
    dial,
    delivery,
    errors,
    internalErrors,
    timers,
    uris,
    retention,
    created: (call) => recordings.follow(call),
    log,
  });
  const ringLimitSeconds = options.ringLimitSeconds ?? 300;
  const receiveCall = createReceive({ applications, numbers, domains, errors, calls, intake, ringLimitSeconds, log });

  metrics.watch({
    calls: () => countBy(calls.list({}), ({ state }) => state),
    registrations: () => telephony?.registrar.list().length ?? 0,
    rtpPorts: () => telephony?.rtpPorts() ?? { used: 0, free: undefined },
    internalErrors: () => internalErrors.total,
  });

  const callRate = rateLimits ? createCallRateLimit() : NO_CALL_RATE_LIMIT;
  const resources = { userId, applications, numbers, domains, errors, calls, callRate, phones, media, recordings };
  const context = {
    ...resources,
    ...lines,
    callbackRules,
    intake,
    registrar: telephony?.registrar,
    receive,
    uris,
    log,
  };
  const app = createPlatformApp(context, { apiToken, apiSecret, rateLimits, sandbox, originPolicy, metrics });
  server.on(
    'request',
    internalErrors.guard('http request', (request: http.IncomingMessage, response: http.ServerResponse) =>
      app(request, response),
    ),
  );
  // Listens last, so that the handlers exist before the first connection.
  const address = await listen(server, options.port, host);
  url = localUrl(host, address.port);
  log.info({ event: 'platform-listening', url, sandbox, rateLimits }, 'platform listening');

  return {
    url,
    port: address.port,
    internalErrors,
    drain(drainMs) {
      intake.open = false;
      return drainCalls({ calls, hangUpPhones: () => telephony?.calls.close(), drainMs, log });
    },
    sip: telephony && { phones: telephony.phones, listening: telephony.listening },
  };
}

/** Allows loopback if the platform listens on loopback only, as the application then runs on this machine. */
function isCallbackAllowed(address: string, privateHosts: boolean, server: http.Server): boolean {
  if (privateHosts || isPublicAddress(address)) return true;
  return isLoopback(address) && isLoopback((server.address() as AddressInfo | null)?.address);
}

/** Allows connections without `Origin`, as programs send none. */
function isWebSocketAllowed(
  request: http.IncomingMessage,
  policy: OriginPolicy,
  allowed: readonly string[] | '*',
): boolean {
  const { origin } = request.headers;
  return origin === undefined || allowed === '*' || allowed.includes(origin) || policy.isOwn(origin, request);
}

function countBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}

async function listen(server: http.Server, port: number, host: string): Promise<AddressInfo> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return server.address() as AddressInfo;
}
