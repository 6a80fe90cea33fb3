/** SIP over TCP and TLS (RFC 3261 18, RFC 5626 3.5.1). */
import { connect, createServer, isIP, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import type { InternalErrors } from '../../support/internal-errors';
import type { Logger } from '../../support/logger';
import type { Admission } from './admission';
import { Connection, flowId } from './connection';
import { FlowError } from './errors';
import { Framing } from './framing';
import type { TransportLimits } from './limits';
import { plainAddress } from './local-address';
import type { Receive } from './receive';
import type { Address, Flow } from './transport';

const PONG = Buffer.from('\r\n');
/** Idle time after which the kernel sends TCP keep-alives; ms. */
const KEEP_ALIVE_MS = 60_000;

export interface TlsIdentity {
  /** PEM */
  key: string | Buffer;
  /** PEM, including the chain. */
  cert: string | Buffer;
  /** PEM: trusted authorities for outgoing connections. Default: those of the system. */
  ca?: string | Buffer;
}

export interface StreamTransport {
  readonly address: Address;
  /**
   * @param name host name for which the peer's certificate must be valid. Default: its address
   * @throws (rejects) FlowError if the connection fails
   */
  flowTo(remote: Address, name?: string): Promise<Flow>;
  /** All open connections. */
  open(): Connection[];
  close(): Promise<void>;
}

export interface StreamOptions extends Address {
  /** Enables TLS. */
  identity?: TlsIdentity | undefined;
  receive: Receive;
  admission: Admission;
  localAddress: (remote: string) => string;
  limits: TransportLimits;
  internalErrors: InternalErrors;
  log: Logger;
}

/** @throws (rejects) if the address cannot be bound */
export async function startStream(options: StreamOptions): Promise<StreamTransport> {
  const { host, port, identity, receive, admission, localAddress, limits, internalErrors, log } = options;
  const transport = identity ? 'TLS' : 'TCP';
  const connections = new Map<string, Connection>();
  const connecting = new Map<string, Promise<Flow>>();
  const sockets = new Set<Socket>();
  let listeningPort = port;

  /** Creates the connection of a socket that is ready for data. If this fails, the socket is closed. */
  const open = (socket: Socket): Connection | undefined => {
    try {
      return connectionOf(socket);
    } catch (error) {
      socket.destroy();
      throw error;
    }
  };

  const connectionOf = (socket: Socket): Connection | undefined => {
    const { remoteAddress, remotePort } = socket;
    if (remoteAddress === undefined || remotePort === undefined) {
      socket.destroy();
      return undefined;
    }
    const remote = { host: plainAddress(remoteAddress), port: remotePort };
    const connection = new Connection({
      transport,
      local: { host: localAddress(remote.host), port: listeningPort },
      remote,
      wire: {
        waiting: () => socket.writableLength,
        write: (data, done) => void socket.write(data, done),
        destroy: () => socket.destroy(),
      },
      limits,
      internalErrors,
      log,
    });
    const framing = new Framing({
      message(data) {
        connection.touch();
        receive(data, 'stream', connection);
      },
      ping() {
        connection.touch();
        connection.write(PONG);
      },
      broken(reason) {
        log.debug({ event: 'sip-stream-malformed', flow: connection.id, reason }, 'malformed SIP stream');
        // Pending responses are still sent, unless the peer does not read them.
        connection.closed();
        socket.setTimeout(limits.connectMs, () => socket.destroy());
        socket.destroySoon();
      },
    });
    connections.set(connection.id, connection);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on('data', (chunk) => {
      try {
        framing.push(chunk);
      } catch (error) {
        internalErrors.report(error, { where: 'sip stream' });
        connection.destroy('internal error'); // the start of the next message is unknown
      }
    });
    const closed = (): void => {
      if (connections.get(connection.id) === connection) connections.delete(connection.id);
      connection.closed();
    };
    socket.on('close', internalErrors.guard('sip connection', closed));
    return connection;
  };

  /** Accepts or rejects a new socket. */
  const admit = (socket: Socket): void => {
    socket.on('error', (err) => log.debug({ event: 'sip-connection-error', err }, 'SIP connection error'));
    const release = admission.admit(plainAddress(socket.remoteAddress ?? ''));
    if (!release) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    const closed = (): void => {
      sockets.delete(socket);
      release();
    };
    socket.on('close', internalErrors.guard('sip connection', closed));
    if (!identity) open(socket);
  };

  const createSecure = ({ key, cert }: TlsIdentity): Server => {
    const secure = createTlsServer({ key, cert, handshakeTimeout: limits.connectMs });
    const accept = (socket: Socket): void => {
      socket.on('error', (err) => log.debug({ event: 'sip-connection-error', err }, 'SIP connection error'));
      open(socket);
    };
    secure.on('secureConnection', internalErrors.guard('sip connection', accept));
    secure.on('tlsClientError', (err, socket) => {
      log.debug({ event: 'sip-tls-handshake-failed', err }, 'SIP TLS handshake failed');
      socket.destroy();
    });
    return secure;
  };

  const server = identity ? createSecure(identity) : createServer();
  server.on('connection', internalErrors.guard('sip connection', admit));
  await listen(server, host, port);
  server.on('error', (err) => log.warn({ event: 'sip-server-error', err }, 'SIP server socket error'));
  const bound = server.address();
  if (bound !== null && typeof bound === 'object') listeningPort = bound.port;

  const dial = (remote: Address, name: string): Promise<Flow> =>
    new Promise((resolve, reject) => {
      const release = admission.admit(remote.host);
      if (!release) {
        reject(new FlowError('Too many connections'));
        return;
      }
      const fail = (cause?: unknown): void => {
        socket.destroy();
        reject(new FlowError(`Cannot connect to ${remote.host}:${remote.port} over ${transport}`, { cause }));
      };
      const ready = (): void => {
        clearTimeout(timeout);
        const connection = open(socket);
        if (!connection) return fail();
        // An outgoing connection need not begin with a message of the peer.
        connection.touch();
        resolve(connection);
      };
      const connected = internalErrors.guard('sip connection', ready);
      const socket = identity
        ? connectTls(
            {
              ...remote,
              ...(isIP(name) === 0 && { servername: name }),
              ...(identity.ca !== undefined && { ca: identity.ca }),
            },
            connected,
          )
        : connect(remote, connected);
      const timeout = setTimeout(fail, limits.connectMs);
      sockets.add(socket);
      socket.on('error', fail);
      const closed = (): void => {
        clearTimeout(timeout);
        sockets.delete(socket);
        release();
        fail();
      };
      socket.on('close', internalErrors.guard('sip connection', closed));
    });

  return {
    address: { host, port: listeningPort },
    flowTo(remote, name = remote.host) {
      const id = flowId({ transport, ...remote });
      const there = connections.get(id);
      if (there?.open) return Promise.resolve(there);
      let attempt = connecting.get(id);
      if (!attempt) {
        attempt = dial(remote, name).finally(() => connecting.delete(id));
        connecting.set(id, attempt);
      }
      return attempt;
    },
    open: () => [...connections.values()],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const connection of [...connections.values()]) connection.destroy('closing');
        for (const socket of [...sockets]) socket.destroy();
      }),
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
