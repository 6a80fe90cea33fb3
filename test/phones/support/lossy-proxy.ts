/**
 * A UDP relay between phones and a server that loses packets. Each phone gets a socket of its own towards the server, so that
 * the server sees one source address for each phone, as behind a NAT; what it sends there goes back to that phone.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { randomFrom } from '../../helpers/random-from';

/**
 * `first`: of each phone, the first packet of every kind and direction: each method, and each status of each method.
 * A number: so large a part of all packets, at random, the same ones for the same seed.
 */
export type Loss = 'first' | { share: number; seed: number };

export interface LossyProxy {
  /** `127.0.0.1:port`, for the phones */
  readonly address: string;
  readonly passed: number;
  /** What was lost, in order: `up REGISTER`, `down 401 REGISTER`. */
  readonly lost: readonly string[];
  close(): Promise<void>;
}

export async function startLossyProxy(server: { host: string; port: number }, loss: Loss): Promise<LossyProxy> {
  const front = createSocket('udp4');
  const behind = new Map<string, Socket>();
  const lost: string[] = [];
  let passed = 0;
  const random = loss === 'first' ? undefined : randomFrom(loss.seed);
  const known = new Set<string>();

  const isLost = (phone: string, direction: 'up' | 'down', packet: Buffer): boolean => {
    const kind = kindOf(packet);
    if (kind === undefined) return false; // keep-alives
    const name = `${direction} ${kind}`;
    const loses = loss === 'first' ? !known.has(`${phone} ${name}`) : (random?.() ?? 1) < loss.share;
    known.add(`${phone} ${name}`);
    if (loses) lost.push(name);
    else passed++;
    return loses;
  };

  const socketFor = (phone: string, host: string, port: number): Socket => {
    const known = behind.get(phone);
    if (known) return known;
    const socket = createSocket('udp4');
    behind.set(phone, socket);
    socket.on('error', () => undefined);
    socket.on('message', (packet) => {
      if (!isLost(phone, 'down', packet)) front.send(packet, port, host);
    });
    socket.bind(0, '127.0.0.1');
    return socket;
  };

  front.on('error', () => undefined);
  front.on('message', (packet, { address, port }) => {
    const phone = `${address}:${port}`;
    const socket = socketFor(phone, address, port);
    if (!isLost(phone, 'up', packet)) socket.send(packet, server.port, server.host);
  });
  front.bind(0, '127.0.0.1');
  await once(front, 'listening');
  return {
    address: `127.0.0.1:${front.address().port}`,
    get passed() {
      return passed;
    },
    lost,
    async close() {
      await Promise.all(
        [front, ...behind.values()].map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))),
      );
    },
  };
}

/** `INVITE`, `200 INVITE`; undefined for what is no SIP message. */
function kindOf(packet: Buffer): string | undefined {
  const text = packet.toString('latin1');
  const [start = ''] = text.split('\r\n', 1);
  const status = /^SIP\/2\.0 (\d{3})/.exec(start)?.[1];
  const method = /^CSeq[ \t]*:[ \t]*\d+[ \t]+([A-Z]+)/im.exec(text)?.[1];
  if (status !== undefined) return `${status} ${method ?? '?'}`;
  return start.endsWith(' SIP/2.0') ? start.split(' ', 1)[0] : undefined;
}
