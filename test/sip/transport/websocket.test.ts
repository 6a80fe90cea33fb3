import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { WebSocket, type ClientOptions } from 'ws';
import { Headers, NO_BODY } from '../../../src/sip/message';
import { responseTo } from '../../../src/sip/respond';
import { FlowError } from '../../../src/sip/transport';
import { INVALID } from '../message/rfc4475/invalid';
import { options, start, type Harness } from './harness';
import { TEST_CERT, TEST_KEY } from './test-certificate';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function started(
  args: Parameters<typeof start>[0] = {},
  server: Server = createServer(),
): Promise<Harness & { port: () => number; server: Server }> {
  const harness = await start(args);
  ends.push(() => harness.transports.close());
  harness.transports.attachWebSocket(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(() => server.close());
  const address = server.address();
  return { ...harness, server, port: () => (address !== null && typeof address === 'object' ? address.port : 0) };
}

function client(url: string, protocols = ['sip'], args: ClientOptions = {}): WebSocket {
  const socket = new WebSocket(url, protocols, args);
  ends.push(() => socket.terminate());
  return socket;
}
async function connected(port: number): Promise<WebSocket> {
  const socket = client(`ws://127.0.0.1:${port}/sip`);
  await once(socket, 'open');
  return socket;
}
const text = async (socket: WebSocket): Promise<string> => String((await once(socket, 'message'))[0]);

it('carries one message in each WebSocket message, both ways', async () => {
  const { next, port } = await started();
  const socket = await connected(port());
  expect(socket.protocol).toBe('sip');
  socket.send(options('a', 'WS', 'df7jal23ls0d.invalid').toString().replace('Content-Length: 0\r\n', ''));
  const { message, flow } = await next();
  expect(flow).toMatchObject({ transport: 'WS', reliable: true, local: { host: '127.0.0.1', port: port() } });
  expect(message.headers.get('via')).toMatch(
    /^SIP\/2.0\/WS df7jal23ls0d.invalid;branch=z9hG4bKa;alias;received=127.0.0.1;rport=\d+$/,
  );
  if (message.kind === 'request') flow.send(responseTo(message, 200));
  expect(await text(socket)).toMatch(/^SIP\/2.0 200 OK\r\n/);
  flow.send({ kind: 'request', method: 'BYE', uri: 'sip:a@b', headers: new Headers(), body: NO_BODY });
  expect(await text(socket)).toMatch(/^BYE sip:a@b SIP\/2.0\r\n/);
});

it('is WSS on an https server', async () => {
  const { next, port } = await started({}, createHttpsServer({ key: TEST_KEY, cert: TEST_CERT }));
  const socket = client(`wss://127.0.0.1:${port()}/sip`, ['sip'], { ca: TEST_CERT });
  await once(socket, 'open');
  socket.send(options('a', 'WSS'));
  expect((await next()).flow.transport).toBe('WSS');
});

it('answers keep-alives and malformed requests, drops the rest', async () => {
  const { next, port } = await started();
  const socket = await connected(port());
  socket.send('\r\n\r\n');
  expect(await text(socket)).toBe('\r\n');
  socket.send(INVALID.badvers);
  expect(await text(socket)).toMatch(/^SIP\/2.0 505 /);
  socket.send('hello');
  socket.send(options('a', 'WS'));
  expect((await next()).message.headers.get('call-id')).toBe('a');
});

it.each([
  ['another path', '/other', ['sip'], 404],
  ['no subprotocol', '/sip', [], 400],
  ['another subprotocol', '/sip', ['chat'], 400],
])('rejects %s', async (_what, path, protocols, status) => {
  const { port } = await started();
  const socket = client(`ws://127.0.0.1:${port()}${path}`, protocols);
  const [error] = (await once(socket, 'error').catch((thrown: unknown) => [thrown])) as [Error];
  expect(error.message).toContain(String(status));
});

it('leaves other paths to other upgrade listeners', async () => {
  const { port, server } = await started();
  server.on('upgrade', (request, socket) => {
    if (request.url === '/other') socket.end('HTTP/1.1 418 Mine\r\n\r\n');
  });
  const socket = client(`ws://127.0.0.1:${port()}/other`);
  const [error] = (await once(socket, 'error').catch((thrown: unknown) => [thrown])) as [Error];
  expect(error.message).toContain('418');
});

it('rejects connections beyond the limit', async () => {
  const { port, transports } = await started({ limits: { connections: 1 } });
  await connected(port());
  const second = client(`ws://127.0.0.1:${port()}/sip`);
  const [error] = (await once(second, 'error').catch((thrown: unknown) => [thrown])) as [Error];
  expect(error.message).toContain('503');
  expect(transports.counts.connections).toBe(1);
});

it('closes on a message that is too large', async () => {
  const { port } = await started();
  const socket = await connected(port());
  socket.on('error', () => undefined);
  socket.send(Buffer.alloc(70_000));
  const [code] = (await once(socket, 'close')) as [number];
  expect(code).toBe(1009);
});

it('finds a connected client, and reports when it has closed', async () => {
  const { next, port, transports } = await started();
  const socket = await connected(port());
  socket.send(options('a', 'WS'));
  const { flow } = await next();
  const target = { transport: 'WS' as const, ...flow.remote };
  expect(await transports.flowTo(target)).toBe(flow);
  const gone = new Promise<void>((resolve) => flow.onClose(resolve));
  socket.terminate();
  await gone;
  expect(flow.open).toBe(false);
  await expect(transports.flowTo(target)).rejects.toBeInstanceOf(FlowError);
  expect(transports.counts.connections).toBe(0);
});

it('pings clients, and closes one that does not answer', async () => {
  const { next, port } = await started({ limits: { webSocketPingMs: 500 } });
  const alive = await connected(port());
  const dead = client(`ws://127.0.0.1:${port()}/sip`, ['sip'], { autoPong: false });
  await once(dead, 'open');
  await once(alive, 'ping');
  await once(dead, 'close');
  alive.send(options('a', 'WS'));
  expect((await next()).flow.open).toBe(true);
});

it('accepts no upgrades after close', async () => {
  const { port, transports } = await started();
  const socket = await connected(port());
  const closed = once(socket, 'close');
  await transports.close();
  await closed;
  ends.splice(0, 1); // closed already
});
