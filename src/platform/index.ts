/** The v1 platform, embedded: its REST API, its calls over simulated lines, its events. */
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
import { createExchange } from './lines/exchange';
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
  /** 0: chosen by the system. */
  port: number;
  userId: string;
  apiToken: string;
  apiSecret: string;
  log: Logger;
  /** Those of the process, where the platform is a part of it; default: its own. */
  internalErrors?: InternalErrors | undefined;
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
  /** Telephones: SIP and sound. Undefined: simulated lines only, which take the time of sound but make none. */
  sip?: SipOptions | undefined;
  /** Folder for recordings and uploads, which are kept; undefined: a temporary one. */
  recordingsDir?: string | undefined;
  /** Whether events may be sent to hosts of private networks. Default: not, but for loopback where the platform listens there only. */
  privateHosts?: boolean;
  /** Callback URLs of the operator's own, as origin and path: events go there even if the address is private. */
  ownCallbackUrls?: () => readonly string[];
  /** Origins of web pages that may send requests, and open WebSockets at `/sip`. Default: this server's own. */
  origins?: { own: readonly string[]; allowed: readonly string[]; webSocket: readonly string[] | '*' };
}

export interface Platform {
  /** Origin, without `/v1`. */
  readonly url: string;
  readonly port: number;
  /** Exceptions of callbacks, since the start: each ended one call at most. */
  readonly internalErrors: Pick<InternalErrors, 'total'>;
  /** Undefined: no telephones. */
  readonly sip: { phones: Address; listening: readonly (Address & { transport: TransportName })[] } | undefined;
  /**
   * Refuses new calls from now on, lets the others go on for so long, and ends the rest. Resolves when the applications know.
   * To be followed by `close`.
   */
  drain(ms: number): Promise<void>;
  /** Hangs up what phones are in; ends timers, deliveries and connections. Applications are told nothing any more. */
  close(): Promise<void>;
}

const OWN_ORIGINS = { own: [], allowed: [], webSocket: [] };

/** @throws the error of `listen`, as EADDRINUSE; SipListenError */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  // What was started first is closed last, whether all of it came to be or not.
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
  // Longer than clients keep a connection idle: they close it, and never send into one that is being closed.
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

  // Calls dial through the exchange, and what the exchange loops back comes in as calls again.
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
  const dial = createExchange({ ...lines, numbers, domains, phones, telephony, receive, log });
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
  // Last: every client that connects gets an answer, and WebSockets are taken from the first connection on.
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

/** Who reaches a platform that listens on loopback only is on this machine, and so may be the application. */
function isCallbackAllowed(address: string, privateHosts: boolean, server: http.Server): boolean {
  if (privateHosts || isPublicAddress(address)) return true;
  return isLoopback(address) && isLoopback((server.address() as AddressInfo | null)?.address);
}

/** Programs send no Origin. */
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
