/** UDP ports for RTP. */
import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { messageOf, TandemError } from '../support/errors';

/** Every port is in use: to be told as 503. */
export class PortsExhaustedError extends TandemError {
  readonly code = 'rtp-ports-exhausted';
}

/** The operating system gives no port, for a reason of its own: `cause` has it. */
export class PortUnavailableError extends TandemError {
  readonly code = 'rtp-port-unavailable';
}

export interface RtpPort {
  readonly socket: Socket;
  readonly port: number;
  /** Closes the socket and gives the port back; resolves when it is closed. Harmless when repeated. */
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

/** Room for a second or two of packets: what is older when a stall is over is better lost. */
const RECEIVE_BUFFER_BYTES = 65_536;
/** How often the system is asked for a port that is even. */
const ATTEMPTS = 20;

/**
 * Ports are even, and the odd one above stays free, as RFC 3550 11 wants it: the far end sends its RTCP there. No socket
 * is opened for it: nothing is made of the reports, and they would double the sockets and ports of a call.
 * @param host address to bind to
 * @param range undefined: the system chooses
 */
export function createPortPool(host: string, range: PortRange | undefined): PortPool {
  const bind = (port: number): Promise<Socket> => bindSocket(host, port);
  return range ? rangePool(bind, range) : systemPool(bind);
}

type Bind = (port: number) => Promise<Socket>;

function rangePool(bind: Bind, { from, to }: PortRange): PortPool {
  // First given back, first taken: a port rests for as long as possible, so that late packets of its last call are over.
  const free = evenPorts(from, to);
  return {
    async open() {
      for (let left = free.length; left > 0; left -= 1) {
        const port = free.shift();
        if (port === undefined) break; // others are opening, too
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

/** How many ports a range has for RTP. */
export function evenPortsIn({ from, to }: PortRange): number {
  return Math.floor(to / 2) - Math.ceil(from / 2) + 1;
}

/** From a random one on: after a restart the calls of before may be sending still. */
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
      // Only addresses come here: the usual look-up would put off every packet to a later turn of the loop.
      lookup: (address, _options, callback) => callback(null, address, family),
    });
    const fail = (error: Error): void => {
      reject(error);
      try {
        socket.close();
      } catch {
        // It is closed already.
      }
    };
    socket.once('error', fail);
    socket.bind({ address: host, port, exclusive: true }, () => {
      try {
        socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
        // Without a handler an ICMP "port unreachable" would end the process; there is nothing to do about it.
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
  return new PortUnavailableError(`No RTP port can be opened: ${messageOf(error)}`, { cause: error });
}
