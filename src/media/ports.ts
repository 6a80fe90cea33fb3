/** UDP ports for RTP. */
import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { messageOf, TandemError } from '../support/errors';

/** Every RTP port is in use. Respond with 503. */
export class PortsExhaustedError extends TandemError {
  readonly code = 'rtp-ports-exhausted';
}

/** The operating system refused to open a port. `cause` is its error. */
export class PortUnavailableError extends TandemError {
  readonly code = 'rtp-port-unavailable';
}

export interface RtpPort {
  readonly socket: Socket;
  readonly port: number;
  /** Closes the socket and releases the port. Resolves when the socket has closed. Idempotent. */
  close(): Promise<void>;
}

export interface PortPool {
  /** @throws (rejects) PortsExhaustedError, PortUnavailableError */
  open(): Promise<RtpPort>;
}

export interface PortRange {
  from: number;
  to: number;
}

/** Room for one or two seconds of packets. After a stall, older packets are useless. */
const RECEIVE_BUFFER_BYTES = 65_536;
/** Attempts to get an even port from the system. */
const ATTEMPTS = 20;

/**
 * Opens even ports and leaves the odd port above each one free, because the far end sends RTCP there (RFC 3550 11).
 * RTCP reports are not used, so that no socket is opened for them.
 * @param host address to bind to
 * @param range undefined if the system chooses
 */
export function createPortPool(host: string, range: PortRange | undefined): PortPool {
  const bind = (port: number): Promise<Socket> => bindSocket(host, port);
  return range ? rangePool(bind, range) : systemPool(bind);
}

type Bind = (port: number) => Promise<Socket>;

function rangePool(bind: Bind, { from, to }: PortRange): PortPool {
  // First in, first out: a port stays unused as long as possible, so that no late packets of its last call arrive.
  const free = evenPorts(from, to);
  return {
    async open() {
      for (let left = free.length; left > 0; left -= 1) {
        const port = free.shift();
        if (port === undefined) break; // concurrent calls have taken the rest
        try {
          return rtpPort(await bind(port), port, () => free.push(port));
        } catch (error) {
          free.push(port);
          if (!isInUse(error)) throw unavailable(error);
        }
      }
      throw new PortsExhaustedError(`All RTP ports from ${from} to ${to} are in use`);
    },
  };
}

/** Number of RTP ports in a range. */
export function evenPortsIn({ from, to }: PortRange): number {
  return Math.floor(to / 2) - Math.ceil(from / 2) + 1;
}

/**
 * Even ports, starting with a random one: after a restart, peers of earlier calls may still send to their old ports.
 */
function evenPorts(from: number, to: number): number[] {
  const ports: number[] = [];
  for (let port = from + (from % 2); port <= to; port += 2) ports.push(port);
  return ports.length === 0 ? ports : [...ports.splice(randomInt(ports.length)), ...ports];
}

function systemPool(bind: Bind): PortPool {
  return {
    async open() {
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        try {
          const socket = await bind(0);
          const { port } = socket.address();
          if (port % 2 === 0) return rtpPort(socket, port, () => undefined);
          await closed(socket);
          return rtpPort(await bind(port - 1), port - 1, () => undefined);
        } catch (error) {
          if (!isInUse(error)) throw unavailable(error);
        }
      }
      throw new PortsExhaustedError('The system has no RTP port left');
    },
  };
}

function rtpPort(socket: Socket, port: number, giveBack: () => void): RtpPort {
  let closing: Promise<void> | undefined;
  return {
    socket,
    port,
    close() {
      closing ??= closed(socket).then(giveBack);
      return closing;
    },
  };
}

const closed = (socket: Socket): Promise<void> => new Promise((resolve) => socket.close(resolve));

function bindSocket(host: string, port: number): Promise<Socket> {
  const type = isIPv6(host) ? 'udp6' : 'udp4';
  const family = type === 'udp6' ? 6 : 4;
  return new Promise((resolve, reject) => {
    const socket = createSocket({
      type,
      // Only IP addresses are used. The default lookup would delay every packet to a later turn of the event loop.
      lookup: (address, _options, callback) => callback(null, address, family),
    });
    const fail = (error: Error): void => {
      reject(error);
      try {
        socket.close();
      } catch {
        // Already closed.
      }
    };
    socket.once('error', fail);
    socket.bind({ address: host, port, exclusive: true }, () => {
      try {
        socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
        // Without a handler, an ICMP "port unreachable" would end the process. It can be ignored.
        socket.on('error', () => undefined);
        socket.off('error', fail);
        resolve(socket);
      } catch (error) {
        fail(error instanceof Error ? error : new Error(messageOf(error)));
      }
    });
  });
}

function isInUse(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'EADDRINUSE';
}

function unavailable(error: unknown): PortUnavailableError {
  return new PortUnavailableError(`An RTP port cannot be opened: ${messageOf(error)}`, { cause: error });
}
