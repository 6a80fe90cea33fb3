/** Starts the SIP transports (RFC 3261 18, RFC 7118). */
import { lookup } from 'node:dns/promises';
import type { Server } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import { isIP } from 'node:net';
import { createInternalErrors, type InternalErrors } from '../../support/internal-errors';
import type { Logger } from '../../support/logger';
import { createAdmission } from './admission';
import { flowId } from './connection';
import { FlowError } from './errors';
import { DEFAULT_LIMITS, type TransportLimits } from './limits';
import { createLocalAddress, isOwnAddress } from './local-address';
import { createReceive, type ReceiveCounts } from './receive';
import { startStream, type StreamTransport, type TlsIdentity } from './stream';
import type { Address, Flow, Transports, TransportUser } from './transport';
import { startUdp, type UdpTransport } from './udp';
import { createWebSockets, type IsAllowed } from './websocket';

export { FlowError } from './errors';
export { DEFAULT_LIMITS, type TransportLimits } from './limits';
export { createLocalAddress, localAddressFor, type LocalAddressOptions } from './local-address';
export { MAX_UDP_REQUEST } from './udp';
export { WEBSOCKET_PATH } from './websocket';

export interface TransportOptions {
  /** If UDP and TCP both have port 0, they get the same port. */
  udp?: Address | undefined;
  tcp?: Address | undefined;
  tls?: (Address & TlsIdentity) | undefined;
  /** Public address of this machine, if it differs from its own addresses. */
  publicAddress?: string | undefined;
  user: TransportUser;
  log: Logger;
  internalErrors?: InternalErrors;
  limits?: Partial<TransportLimits>;
}

export interface SipTransports extends Transports {
  /** Accepts WebSockets at `/sip` of an HTTP server (WS) or HTTPS server (WSS). @returns a function that stops it */
  attachWebSocket: (server: Server | HttpsServer, isAllowed?: IsAllowed) => () => void;
  /** Closes the matching connections at once. UDP has no connections. */
  endConnections: (fits: (flow: Flow) => boolean, reason: string) => void;
  /** Counters since the start; for metrics and tests. */
  readonly counts: Readonly<ReceiveCounts> & { readonly connections: number };
}

/** Attempts to find a port that is free for both UDP and TCP. */
const MAX_PORT_ATTEMPTS = 20;

/** @throws (rejects) if an address cannot be bound. All sockets are closed then. */
export async function startTransports(options: TransportOptions): Promise<SipTransports> {
  const { udp, tcp, tls, publicAddress, user } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const log = options.log.child({ part: 'sip-transport' });
  const { internalErrors = createInternalErrors(log) } = options;
  const counts: ReceiveCounts = { messages: 0, malformed: 0, dropped: 0 };
  const admission = createAdmission(limits);
  const receive = createReceive({ user, log, internalErrors, limits, counts });
  const shared = { receive, admission, limits, internalErrors, log };
  const localAddress = (host: string) => createLocalAddress({ host, publicAddress });

  const openUdp = (address: Address) => startUdp({ ...shared, ...address, localAddress: localAddress(address.host) });
  const openStream = ({ host, port }: Address, identity?: TlsIdentity) =>
    startStream({ ...shared, host, port, identity, localAddress: localAddress(host) });

  /** Opens UDP and TCP, on the same port if both have port 0. */
  const openPair = async (): Promise<[UdpTransport | undefined, StreamTransport | undefined]> => {
    for (let attempt = 1; ; attempt++) {
      const datagrams = udp && (await openUdp(udp));
      if (!tcp) return [datagrams, undefined];
      const together = datagrams !== undefined && udp?.port === 0 && tcp.port === 0;
      try {
        return [datagrams, await openStream(together ? { ...tcp, port: datagrams.address.port } : tcp)];
      } catch (error) {
        await datagrams?.close();
        if (!together || attempt >= MAX_PORT_ATTEMPTS) throw error;
      }
    }
  };

  const [datagrams, streams] = await openPair();
  let secureStreams: StreamTransport | undefined;
  try {
    secureStreams = tls && (await openStream(tls, tls));
  } catch (error) {
    await Promise.all([datagrams?.close(), streams?.close()]);
    throw error;
  }
  const webSockets = createWebSockets({ ...shared, localAddress: localAddress('0.0.0.0') });

  return {
    listening: [
      ...(datagrams ? [{ transport: 'UDP' as const, ...datagrams.address }] : []),
      ...(streams ? [{ transport: 'TCP' as const, ...streams.address }] : []),
      ...(secureStreams ? [{ transport: 'TLS' as const, ...secureStreams.address }] : []),
    ],
    counts: {
      get messages() {
        return counts.messages;
      },
      get malformed() {
        return counts.malformed;
      },
      get dropped() {
        return counts.dropped;
      },
      get connections() {
        return admission.size;
      },
    },
    attachWebSocket: (server, isAllowed) => webSockets.attach(server, isAllowed),
    endConnections(fits, reason) {
      const connections = [...(streams?.open() ?? []), ...(secureStreams?.open() ?? []), ...webSockets.open()];
      for (const connection of connections) if (fits(connection)) connection.destroy(reason);
    },
    async flowTo({ transport, host, port }) {
      if (!Number.isInteger(port) || port < 1 || port > 65_535)
        throw new FlowError(`${port} is not a port: it must be an integer between 1 and 65535`);
      const remote = { host: await resolve(host), port };
      switch (transport) {
        case 'UDP':
          if (datagrams) return datagrams.flowTo(remote);
          break;
        case 'TCP':
          if (streams) return streams.flowTo(remote);
          break;
        case 'TLS':
          if (secureStreams) return secureStreams.flowTo(remote, host);
          break;
        case 'WS':
        case 'WSS': {
          const there = webSockets.find(flowId({ transport, ...remote }));
          if (there) return there;
        }
      }
      throw new FlowError(`No ${transport} transport or connection to ${host}:${port}`);
    },
    isOwn: (name) =>
      [udp, tcp, tls].some((address) => address && isOwnAddress(name, { host: address.host, publicAddress })),
    async close() {
      webSockets.close();
      await Promise.all([datagrams?.close(), streams?.close(), secureStreams?.close()]);
    },
  };
}

async function resolve(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  try {
    return (await lookup(host)).address;
  } catch (cause) {
    throw new FlowError(`The host name ${host} cannot be resolved`, { cause });
  }
}
