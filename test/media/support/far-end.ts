/** A phone's RTP port on 127.0.0.1, which sends and receives packets. */
import { createSocket, type Socket } from 'node:dgram';
import { printRtp, parseRtp, type RtpPacket } from './rtp-packet';

export interface FarEndPort {
  readonly port: number;
  /** Sends to the leg's port, in the order of the calls. */
  send(to: number, packet: Partial<RtpPacket> | Buffer): void;
  /** The next received packet. */
  next(): Promise<RtpPacket>;
  /** Received packets that were not returned by `next` yet. */
  readonly waiting: readonly RtpPacket[];
  close(): void;
}

export async function openFarEnd(): Promise<FarEndPort> {
  const socket: Socket = createSocket('udp4');
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const waiting: RtpPacket[] = [];
  const takers: ((packet: RtpPacket) => void)[] = [];
  socket.on('message', (datagram) => {
    const packet = parseRtp(datagram);
    if (!packet) throw new Error(`not RTP: ${datagram.toString('hex')}`);
    const taker = takers.shift();
    if (taker) taker(packet);
    else waiting.push(packet);
  });
  return {
    port: socket.address().port,
    waiting,
    send(to, packet) {
      const bytes = Buffer.isBuffer(packet) ? packet : printRtp({ ...PACKET, ...packet });
      socket.send(bytes, to, '127.0.0.1');
    },
    next() {
      const packet = waiting.shift();
      return packet ? Promise.resolve(packet) : new Promise((resolve) => takers.push(resolve));
    },
    close: () => void socket.close(),
  };
}

const PACKET: RtpPacket = {
  payloadType: 0,
  marker: false,
  sequence: 1_000,
  timestamp: 50_000,
  ssrc: 0x11111111,
  payload: Buffer.alloc(160, 0x7f),
};

/** A phone's session description. */
export function sdpOf(
  port: number,
  { formats = '0 101', address = '127.0.0.1', direction = 'sendrecv', more = [] as string[] } = {},
): string {
  return [
    'v=0',
    `o=phone 1 1 IN IP4 ${address}`,
    's=-',
    `c=IN IP4 ${address}`,
    't=0 0',
    `m=audio ${port} RTP/AVP ${formats}`,
    ...(formats.includes('101') ? ['a=rtpmap:101 telephone-event/8000'] : []),
    ...more,
    `a=${direction}`,
    '',
  ].join('\r\n');
}

/** The port in a session description. */
export function portIn(sdp: string): number {
  return Number(/^m=audio (\d+)/m.exec(sdp)?.[1]);
}
