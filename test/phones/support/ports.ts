/** Blocks of free ports of 127.0.0.1, for programs that want theirs named beforehand. */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/** Below the range from which the system takes the ports of outgoing connections. */
const FIRST = 20_000;
const LAST = 32_000;

const taken = new Set<number>();

/**
 * The first of `size` consecutive ports that are free for UDP and TCP, an even one. No block is given out twice, so ports of
 * two blocks never meet, even those of a program that has not bound its own yet.
 */
export async function freePorts(size: number): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const first = FIRST + 2 * Math.floor((Math.random() * (LAST - FIRST - size)) / 2);
    const block = Array.from({ length: size }, (_, index) => first + index);
    if (block.some((port) => taken.has(port))) continue;
    const free = await Promise.all(block.map(async (port) => (await isFreeUdp(port)) && (await isFreeTcp(port))));
    if (free.includes(false)) continue;
    for (const port of block) taken.add(port);
    return first;
  }
  throw new Error(`there are no ${size} consecutive free ports between ${FIRST} and ${LAST}`);
}

export function isFreeUdp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => resolve(false));
    socket.bind({ port, address: '127.0.0.1', exclusive: true }, () => socket.close(() => resolve(true)));
  });
}

export function isFreeTcp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
