import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { createPortPool, type RtpPort } from '../../src/media/ports';

const open: { close(): unknown }[] = [];
const keep = <T extends { close(): unknown }>(port: T): T => {
  open.push(port);
  return port;
};
afterEach(() => Promise.all(open.splice(0).map((port) => port.close())));

/** Consecutive even ports that were free just now. */
async function freeRange(pairs: number): Promise<{ from: number; to: number }> {
  for (;;) {
    // Below the ephemeral range, so that no other process takes one by chance.
    const from = 20_000 + 2 * randomInt(5_000);
    const range = { from, to: from + pairs * 2 - 1 };
    const pool = createPortPool('127.0.0.1', range);
    const got = await Promise.allSettled(Array.from({ length: pairs }, () => pool.open()));
    for (const each of got) if (each.status === 'fulfilled') await each.value.close();
    if (got.every((each) => each.status === 'fulfilled')) return range;
  }
}

function occupy(port: number): Promise<Socket> {
  const socket = createSocket('udp4');
  return new Promise((resolve) => socket.bind(port, '127.0.0.1', () => resolve(socket)));
}

it('opens even ports chosen by the system', async () => {
  const pool = createPortPool('127.0.0.1', undefined);
  const ports = await Promise.all(Array.from({ length: 12 }, () => pool.open().then(keep)));
  expect(ports.filter(({ port }) => port % 2 !== 0)).toEqual([]);
  expect(new Set(ports.map(({ port }) => port)).size).toBe(12);
  for (const { socket, port } of ports) expect(socket.address()).toMatchObject({ address: '127.0.0.1', port });
});

it('opens each even port of a range once, and then none', async () => {
  const range = await freeRange(4);
  const pool = createPortPool('127.0.0.1', range);
  const ports = await Promise.all([1, 2, 3, 4].map(() => pool.open().then(keep)));
  expect(ports.map(({ port }) => port).sort()).toEqual([0, 2, 4, 6].map((more) => range.from + more));
  await expect(pool.open()).rejects.toMatchObject({ name: 'PortsExhaustedError', code: 'rtp-ports-exhausted' });
});

it('reuses a released port last', async () => {
  const pool = createPortPool('127.0.0.1', await freeRange(3));
  const first = await pool.open();
  await Promise.all([first.close(), first.close()]);
  const next: RtpPort[] = [];
  for (let i = 0; i < 3; i += 1) next.push(keep(await pool.open()));
  expect(next.map(({ port }) => port).indexOf(first.port)).toBe(2);
  await expect(pool.open()).rejects.toMatchObject({ code: 'rtp-ports-exhausted' }); // released only once
});

it('skips a port that another process uses, and takes it when it is free', async () => {
  const range = await freeRange(2);
  const pool = createPortPool('127.0.0.1', range);
  const occupied = await occupy(range.from);
  const second = keep(await pool.open());
  const third = await pool.open().catch((error: unknown) => error);
  await new Promise<void>((resolve) => occupied.close(resolve));
  expect(second.port).toBe(range.from + 2);
  expect(third).toMatchObject({ code: 'rtp-ports-exhausted' });
  expect(keep(await pool.open()).port).toBe(range.from);
});

it('reports other errors of the system', async () => {
  // TEST-NET-1: not an address of this machine.
  await expect(createPortPool('192.0.2.1', undefined).open()).rejects.toMatchObject({
    code: 'rtp-port-unavailable',
    cause: { code: 'EADDRNOTAVAIL' },
  });
  const range = await freeRange(1);
  const pool = createPortPool('192.0.2.1', range);
  for (let i = 0; i < 2; i += 1) await expect(pool.open()).rejects.toMatchObject({ code: 'rtp-port-unavailable' });
});

it('has no ports if the range has no even port', async () => {
  await expect(createPortPool('127.0.0.1', { from: 20_001, to: 20_001 }).open()).rejects.toMatchObject({
    code: 'rtp-ports-exhausted',
  });
});
