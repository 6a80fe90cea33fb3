/** Telephony of real phones: SIP, RTP and playbacks. */
import type http from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { messageOf, TandemError } from '../support/errors';
import type { InternalErrors } from '../support/internal-errors';
import type { Logger } from '../support/logger';
import { printHostPort } from '../addresses/host-port';
import type { ForwardPolicy } from './lines/forwarding';
import type { Receive } from './lines/line';
import type { Intake } from './drain';
import { createSipCalls, type SipCalls } from './lines/sip-calls';
import { startMedia } from '../media';
import { audioPlayers } from '../media/audio-player';
import { createClock, type Clock } from '../media/clock';
import type { CreatePlayer } from '../media/player';
import { createSounds, type FindOwnMedia } from '../media/create-sounds';
import type { PlatformMetrics } from './platform-metrics';
import type { Revocation, SipEndpoint } from '../sip/accounts';
import type { Domains } from './resources/domains';
import type { ErrorLog } from './resources/error-log';
import { createAuthenticator } from '../sip/authenticator';
import { createRegistrar, type Contact, type Registrar } from '../sip/registrar';
import { parseNameAddr } from '../sip/header-values';
import type { InDialogUser } from '../sip/session/session';
import { createTransactionLayer } from '../sip/transaction/layer';
import { startTransports, type SipTransports } from '../sip/transport';
import { createIsOwnAddress, createLocalAddress } from '../sip/transport/local-address';
import type { Address, Flow, Target, TransportName } from '../sip/transport/transport';
import { parseUri } from '../addresses/uri';
import { createUserAgent } from '../sip/user-agent';
import type { Timers } from '../support/timers';

export interface SipOptions {
  /** Address to listen on, for SIP and RTP. */
  host: string;
  /** UDP and TCP; 0: the system chooses the port. */
  port: number;
  /** The address that phones behind a NAT send to; undefined: the address at which they reach this machine. */
  publicAddress?: string | undefined;
  /** PEM */
  tls?: { port: number; cert: string; key: string } | undefined;
  /** Whether calls to SIP URIs outside of the account are allowed. Default: false. */
  dialUris?: boolean;
  /** Targets to which phones may forward their calls. Default: endpoints. */
  forward?: ForwardPolicy | undefined;
  /** First and last UDP port for RTP; undefined: the system chooses the ports. */
  rtpPorts?: { from: number; to: number } | undefined;
  /** Ends a call after this time without RTP, s; 0: never. Default: 60. */
  silenceSeconds?: number;
  /** Whether `fileUrl` may name hosts of private networks. Default: false. */
  privateAudio?: boolean;
  /** Directory with language files; undefined: English only. */
  languagesDir?: string | undefined;
  /** Maximum of concurrent calls with phones. Further calls are refused with 503. Default: 2,000. */
  maxLines?: number;
  /** Maximum of concurrent calls from one endpoint. Further calls are refused with 486. Default: 0, no limit. */
  callsPerEndpoint?: number;
}

export interface TelephonyDeps {
  domains: Domains;
  timers: Timers;
  receive: Receive;
  intake: Intake;
  ownMedia: FindOwnMedia;
  errors: ErrorLog;
  internalErrors: InternalErrors;
  metrics: Pick<PlatformMetrics, 'sipAuthFailed' | 'rtpEnded'>;
  log: Logger;
}

export interface Telephony {
  readonly clock: Clock;
  readonly createPlayer: CreatePlayer;
  readonly calls: SipCalls;
  readonly registrar: Registrar;
  rtpPorts(): { used: number; free: number | undefined };
  readonly forward: ForwardPolicy;
  readonly listening: readonly (Address & { transport: TransportName })[];
  /** The server address for the settings of a phone. */
  readonly phones: Address;
  /** Accepts SIP over WebSocket (RFC 7118) at `/sip`. */
  attachWebSocket(server: http.Server, isAllowed: (request: http.IncomingMessage) => boolean): void;
  /**
   * Ends registrations of the endpoint, and connections that no other endpoint uses. Active calls continue.
   */
  revoke(endpointId: string, why: Revocation): void;
  /** Hangs up all calls, and closes the sockets. */
  close(): Promise<void>;
}

/** A port cannot be opened. `cause` is the error of the system, like EADDRINUSE. */
export class SipListenError extends TandemError {
  readonly code = 'sip-listen';
  constructor(
    /** Whether it is the port of TLS, not of UDP and TCP. */
    readonly tls: boolean,
    cause: unknown,
  ) {
    super(`SIP cannot listen: ${messageOf(cause)}`, { cause });
  }
}

/** @throws (rejects) SipListenError if a port cannot be opened */
export async function startTelephony(options: SipOptions, deps: TelephonyDeps): Promise<Telephony> {
  const { host, port, publicAddress, tls, rtpPorts, silenceSeconds = 60, maxLines = 2_000 } = options;
  const { domains, timers, receive, intake, internalErrors } = deps;
  const log = deps.log.child({ part: 'sip' });

  const clock = createClock();
  const sounds = createSounds({
    allowPrivate: options.privateAudio ?? false,
    languagesDir: options.languagesDir,
    ownMedia: deps.ownMedia,
    internalErrors,
    log,
  });
  const createPlayer = audioPlayers({ clock, sounds, log });
  const addressTowards = createLocalAddress({ host, publicAddress });
  // Without a remote address, uses one outside of the own networks.
  const advertise = (remote = '192.0.2.1'): string => addressTowards(remote);
  const isOwnAddress = createIsOwnAddress({ host, publicAddress });
  const media = startMedia({
    host,
    advertise,
    isOwnAddress,
    ports: rtpPorts,
    silenceSeconds,
    clock,
    internalErrors,
    ended: deps.metrics.rtpEnded,
    log,
  });

  let transports: SipTransports | undefined;
  const flowTo = (target: Target): Promise<Flow> =>
    transports?.flowTo(target) ?? Promise.reject(new Error('SIP is not listening'));

  const authenticator = createAuthenticator({ domains, log, failed: deps.metrics.sipAuthFailed });
  const registrar = createRegistrar({
    domains,
    authenticator,
    internalErrors,
    connect: (listener) => flowTo({ transport: 'TCP', ...listener }),
    events: {
      online: (endpoint, contact) => log.info({ event: 'phone-online', ...named(endpoint, contact) }, 'phone online'),
      offline: (endpoint, contact, reason) =>
        log.info({ event: 'phone-offline', ...named(endpoint, contact), reason }, 'phone offline'),
    },
    log,
  });
  const dialogs = new Map<string, InDialogUser>();
  const user = createUserAgent({
    registrar,
    authenticator,
    dialogs,
    invited: (transaction, endpoint) => calls.invited(transaction, endpoint),
    cancelled: (transaction) => calls.cancelled(transaction),
    internalErrors,
  });
  const layer = createTransactionLayer({ user, internalErrors, log });
  const reconnected = (remote: string, target: string): Contact | undefined => {
    const uri = parseUri(parseNameAddr(remote)?.uri ?? '');
    return uri?.user === undefined ? undefined : registrar.reconnected(`sip:${uri.user}@${uri.host}`, target);
  };
  const calls: SipCalls = createSipCalls({
    media,
    session: { layer, timers, dialogs, reconnected, internalErrors, log },
    flowTo,
    isOwn: (name) => transports?.isOwn(name) ?? false,
    createPlayer,
    domains,
    receive,
    intake,
    dialUris: options.dialUris ?? false,
    maxLines,
    callsPerEndpoint: options.callsPerEndpoint ?? 0,
    errors: deps.errors,
    log,
  });

  const close = async (): Promise<void> => {
    calls.close();
    await setImmediate(); // lets sockets send the last messages
    registrar.close();
    layer.close();
    await transports?.close();
    await media.close();
    await sounds.close();
    clock.close();
  };
  try {
    transports = await startTransports({
      udp: { host, port },
      tcp: { host, port },
      ...(tls && { tls: { host, ...tls } }),
      ...(publicAddress !== undefined && { publicAddress }),
      user: layer,
      internalErrors,
      log,
    });
  } catch (error) {
    await close();
    const port = error instanceof Error && 'port' in error ? error.port : undefined;
    throw new SipListenError(tls !== undefined && port === tls.port, error);
  }
  const running = transports;
  const { listening } = running;
  return {
    clock,
    createPlayer,
    calls,
    registrar,
    rtpPorts: () => ({ used: media.size, free: media.free }),
    forward: options.forward ?? 'endpoints',
    listening,
    phones: { host: advertise(undefined), port: listening[0]?.port ?? port },
    attachWebSocket: (server, isAllowed) => void running.attachWebSocket(server, isAllowed),
    revoke(endpointId, why) {
      registrar.forget(endpointId, why);
      const isItsAlone = (flow: Flow): boolean => {
        const users = authenticator.usersOf(flow);
        return users.has(endpointId) && [...users].every((id) => id === endpointId || !domains.endpoint(id)?.enabled);
      };
      running.endConnections(isItsAlone, why);
    },
    close,
  };
}

function named({ sipUri }: SipEndpoint, { uri, flow: { transport, remote }, userAgent }: Contact) {
  return { sipUri, contact: uri, transport, address: printHostPort(remote), userAgent };
}
