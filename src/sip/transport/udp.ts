/** SIP over UDP (RFC 3261 18, RFC 3581): one socket, one flow per remote address. */
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

/** Larger requests should use another transport if the peer has one (RFC 3261 18.1.1); bytes. */
export const MAX_UDP_REQUEST = 1_300;

/** Requested size of the kernel's receive buffer, which may grant less; bytes. */
const RECEIVE_BUFFER = 1_048_576;
/** Maximum size of the send queue; bytes. */
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

/** @throws (rejects) if the address cannot be bound */
export async function startUdp(options: UdpOptions): Promise<UdpTransport> {
  const { host, port, receive, localAddress, internalErrors, log } = options;
  const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', recvBufferSize: RECEIVE_BUFFER });
  await bind(socket, host, port);
  socket.on('error', (err) => log.warn({ event: 'sip-udp-error', err }, 'SIP UDP socket error'));
  const address = { host, port: socket.address().port };

  // A dual-stack socket needs IPv4-mapped addresses.
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
    // Keep-alives of phones behind a NAT: line ends, zeros, empty datagrams.
    const first = data[0];
    if (first === undefined || first === 0 || (data.length <= 4 && (first === 0x0d || first === 0x0a))) return;
    receive(data, 'datagram', flowTo({ host: plainAddress(from.address), port: from.port }));
  };
  socket.on('message', internalErrors.guard('sip datagram', message));

  return { address, flowTo, close: () => new Promise((resolve) => socket.close(resolve)) };
}

function send(socket: Socket, message: SipMessage, { host, port }: Address, failed: Guarded<[Error]>): void {
  const fail = (cause: unknown): void => failed(new FlowError(`Sending to ${host}:${port} failed`, { cause }));
  try {
    if (socket.getSendQueueSize() > MAX_SEND_QUEUE) throw new FlowError('The send queue is full');
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
        // Already closed.
      }
    };
    socket.once('error', failed);
    socket.bind({ address: host, port }, () => {
      socket.off('error', failed);
      resolve();
    });
  });
}
