/** SIP over UDP (RFC 3261 18, RFC 3581): one socket, and a flow for each peer's address. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv4, isIPv6 } from 'node:net';
import type { Guarded, InternalErrors } from '../../support/internal-errors';
import type { Logger } from '../../support/logger';
import type { SipMessage } from '../message';
import { printMessage } from '../print';
import { FlowError } from './errors';
import { flowId } from './connection';
import { plainAddress } from './local-address';
import type { Receive } from './receive';
import type { Address, Flow } from './transport';

/** Bytes of a request above which another transport is better, where the peer has one (RFC 3261 18.1.1). */
export const MAX_UDP_REQUEST = 1_300;

/** Bytes the kernel is asked to hold of what is not read yet; it may give less. */
const RECEIVE_BUFFER = 1_048_576;
/** Bytes waiting to be sent, beyond which nothing more is taken. */
const MAX_SEND_QUEUE = 4_194_304;

export interface UdpTransport {
  readonly address: Address;
  flowTo(remote: Address): Flow;
  close(): Promise<void>;
}

export interface UdpOptions extends Address {
  receive: Receive;
  localAddress: (remote: string) => string;
  internalErrors: InternalErrors;
  log: Logger;
}

/** @throws (rejects) where the address cannot be bound */
export async function startUdp(options: UdpOptions): Promise<UdpTransport> {
  const { host, port, receive, localAddress, internalErrors, log } = options;
  const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', recvBufferSize: RECEIVE_BUFFER });
  await bind(socket, host, port);
  socket.on('error', (err) => log.warn({ event: 'sip-udp-error', err }, 'SIP UDP socket error'));
  const address = { host, port: socket.address().port };

  // What a socket for both families calls an IPv4 address.
  const mapped = (remote: string): string => (isIPv6(host) && isIPv4(remote) ? `::ffff:${remote}` : remote);
  const flowTo = (remote: Address): Flow => ({
    transport: 'UDP',
    reliable: false,
    get local() {
      return { host: localAddress(remote.host), port: address.port };
    },
    remote,
    id: flowId({ transport: 'UDP', ...remote }),
    open: true,
    toPort: (port) => flowTo({ ...remote, port }),
    send(message, onFailure = () => undefined) {
      const failed = internalErrors.guard('sip send', onFailure);
      send(socket, message, { ...remote, host: mapped(remote.host) }, failed);
    },
    onClose: () => () => undefined,
  });

  const message = (data: Buffer, from: RemoteInfo): void => {
    // Keep-alives of phones behind a NAT: line ends, zeros, nothing at all.
    const first = data[0];
    if (first === undefined || first === 0 || (data.length <= 4 && (first === 0x0d || first === 0x0a))) return;
    receive(data, 'datagram', flowTo({ host: plainAddress(from.address), port: from.port }));
  };
  socket.on('message', internalErrors.guard('sip datagram', message));

  return { address, flowTo, close: () => new Promise((resolve) => socket.close(resolve)) };
}

function send(socket: Socket, message: SipMessage, { host, port }: Address, failed: Guarded<[Error]>): void {
  const fail = (cause: unknown): void => failed(new FlowError(`Nothing can be sent to ${host}:${port}`, { cause }));
  try {
    if (socket.getSendQueueSize() > MAX_SEND_QUEUE) throw new FlowError('Too much waits to be sent');
    socket.send(printMessage(message), port, host, (error) => error && fail(error));
  } catch (thrown) {
    process.nextTick(fail, thrown);
  }
}

function bind(socket: Socket, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => {
      reject(error);
      try {
        socket.close();
      } catch {
        // It is closed already.
      }
    };
    socket.once('error', failed);
    socket.bind({ address: host, port }, () => {
      socket.off('error', failed);
      resolve();
    });
  });
}
