/** A client that connects during the start of a server gets an answer, as handlers exist before the server listens. */
import http from 'node:http';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { startServer } from '../../src/server/server';
import { recordingLog } from '../helpers/builders';
import { fastPlatform, testConfig } from '../helpers/tandem';

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Connects until the port accepts. @returns the first reply over that connection */
function firstReply(port: number, request: string): Promise<string> {
  return new Promise((resolve) => {
    const attempt = (): void => {
      const socket = net.connect(port, '127.0.0.1', () => socket.write(request));
      socket.once('error', () => setImmediate(attempt));
      socket.once('data', (data) => {
        socket.destroy();
        resolve(data.toString('latin1').split('\r\n')[0] ?? '');
      });
    };
    attempt();
  });
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`;
const UPGRADE =
  'GET /sip HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: sip\r\n\r\n';

it.each([
  ['a request', get('/v1/users/u-1/calls'), 'HTTP/1.1 401 Unauthorized'],
  ['a WebSocket', UPGRADE, 'HTTP/1.1 101 Switching Protocols'],
])('the platform answers %s over its first connection', async (_, request, expected) => {
  const port = await freePort();
  const reply = firstReply(port, request);
  const platform = await fastPlatform({ port, sip: { host: '127.0.0.1', port: 0 } });
  expect(await reply).toBe(expected);
  await platform.close();
});

// A start is quick, so a connection would rarely hit a gap. This checks the order directly.
it.each([
  ['the platform', ['request', 'upgrade'], () => fastPlatform({ sip: { host: '127.0.0.1', port: 0 } })],
  ['Tandem', ['request'], () => startServer(testConfig(), 'http://127.0.0.1:1', recordingLog().log)],
] as const)('%s has its handlers before it listens', async (_, events, start) => {
  const seen: number[][] = [];
  const listen = jest.spyOn(http.Server.prototype, 'listen').mockImplementation(function (
    this: http.Server,
    ...args: unknown[]
  ) {
    seen.push(events.map((event) => this.listenerCount(event)));
    return net.Server.prototype.listen.apply(this, args as never) as http.Server;
  } as never);
  const server = await start();
  listen.mockRestore();
  await server.close();
  expect(seen).toEqual([events.map(() => 1)]);
});

it('Tandem answers over its first connection', async () => {
  const port = await freePort();
  const reply = firstReply(port, get('/healthz'));
  const server = await startServer(testConfig({ PORT: String(port) }), 'http://127.0.0.1:1', recordingLog().log);
  expect(await reply).toBe('HTTP/1.1 200 OK');
  await server.close();
});
