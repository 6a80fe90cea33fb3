/** Live transports on 127.0.0.1, and the messages of their user. */
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { SipMessage } from '../../../src/sip/message';
import { startTransports, type SipTransports, type TransportOptions } from '../../../src/sip/transport';
import type { Flow, TransportName } from '../../../src/sip/transport/transport';
import { silentLog } from '../../helpers/silent-log';

export interface Received {
  message: SipMessage;
  flow: Flow;
}

export interface Harness {
  transports: SipTransports;
  /** The next message of the user, which may have arrived already. */
  next: () => Promise<Received>;
  /** Received messages that were not returned by `next` yet. */
  readonly waiting: Received[];
  port: (transport: TransportName) => number;
}

const HOST = { host: '127.0.0.1', port: 0 };

export async function start(options: Partial<TransportOptions> = {}): Promise<Harness> {
  const waiting: Received[] = [];
  const wanted: ((received: Received) => void)[] = [];
  const transports = await startTransports({
    udp: HOST,
    tcp: HOST,
    log: silentLog,
    user: {
      message(message, flow) {
        const take = wanted.shift();
        if (take) take({ message, flow });
        else waiting.push({ message, flow });
      },
    },
    ...options,
  });
  return {
    transports,
    waiting,
    next: () => {
      const there = waiting.shift();
      return there ? Promise.resolve(there) : new Promise((resolve) => wanted.push(resolve));
    },
    port: (name) => transports.listening.find(({ transport }) => transport === name)?.port ?? 0,
  };
}

/** A UDP peer. */
export async function datagramPeer(): Promise<DatagramSocket> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

export async function datagram(socket: DatagramSocket): Promise<string> {
  const [data] = (await once(socket, 'message')) as [Buffer];
  return data.toString();
}

export interface StreamPeer {
  socket: Socket;
  /** Resolves with the received data as soon as it satisfies `done`. */
  until: (done: (text: string) => boolean) => Promise<string>;
  readonly closed: Promise<void>;
}

export async function streamPeer(port: number): Promise<StreamPeer> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return peerOf(socket);
}

export function peerOf(socket: Socket): StreamPeer {
  let text = '';
  let check = (): void => undefined;
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    check();
  });
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  return {
    socket,
    closed,
    until: (done) =>
      new Promise((resolve) => {
        check = () => done(text) && resolve(text);
        check();
      }),
  };
}

/** An OPTIONS request of a phone. */
export function options(callId: string, transport = 'UDP', via = '192.0.2.99:4444'): Buffer {
  return Buffer.from(
    [
      'OPTIONS sip:tandem@127.0.0.1 SIP/2.0',
      `Via: SIP/2.0/${transport} ${via};branch=z9hG4bK${callId};rport;alias`,
      'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKbelow',
      'From: <sip:alice@example.com>;tag=1',
      'To: <sip:tandem@127.0.0.1>',
      `Call-ID: ${callId}`,
      'CSeq: 1 OPTIONS',
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n'),
  );
}
