/** SIP over WebSocket (RFC 7118) on an existing HTTP server. Each WebSocket message contains one SIP message. */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, Server } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import type { InternalErrors } from '../../support/internal-errors';
import type { Logger } from '../../support/logger';
import { MAX_MESSAGE } from '../parse';
import type { Admission } from './admission';
import { Connection } from './connection';
import type { TransportLimits } from './limits';
import { plainAddress } from './local-address';
import type { Receive } from './receive';
import type { Flow } from './transport';

export const WEBSOCKET_PATH = '/sip';
const SUBPROTOCOL = 'sip';
const PONG = Buffer.from('\r\n');

/** Whether an upgrade is allowed, for example by its Origin. */
export type IsAllowed = (request: IncomingMessage) => boolean;

export interface WebSocketTransport {
  /** Handles upgrades at `/sip`. Those that are not allowed get 403. @returns a function that stops it */
  attach(server: Server | HttpsServer, isAllowed?: IsAllowed): () => void;
  /** Finds an existing connection by flow id. The server cannot connect to WebSocket clients (RFC 7118 5). */
  find(id: string): Flow | undefined;
  /** All open connections. */
  open(): Connection[];
  close(): void;
}

export interface WebSocketOptions {
  receive: Receive;
  admission: Admission;
  localAddress: (remote: string) => string;
  limits: TransportLimits;
  internalErrors: InternalErrors;
  log: Logger;
}

export function createWebSockets(options: WebSocketOptions): WebSocketTransport {
  const { receive, admission, localAddress, limits, internalErrors, log } = options;
  const connections = new Map<string, Connection>();
  const detachments = new Set<() => void>();
  const upgrades = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });

  const open = (socket: WebSocket, request: IncomingMessage, secure: boolean, release: () => void): void => {
    const { remoteAddress = '', remotePort = 0, localPort = 0 } = request.socket;
    const remote = { host: plainAddress(remoteAddress), port: remotePort };
    const connection = new Connection({
      transport: secure ? 'WSS' : 'WS',
      local: { host: localAddress(remote.host), port: localPort },
      remote,
      wire: {
        waiting: () => socket.bufferedAmount,
        write: (data, done) => socket.send(data, { binary: !isUtf8(data) }, done),
        destroy: () => socket.terminate(),
      },
      limits,
      internalErrors,
      log,
    });
    connections.set(connection.id, connection);

    let unanswered = 0;
    const ping = internalErrors.guard('sip websocket', () => {
      if (++unanswered > 2) connection.destroy('it does not answer pings');
      else socket.ping();
    });
    const pings = setInterval(ping, limits.webSocketPingMs);
    socket.on('pong', () => (unanswered = 0));
    socket.on('error', (err) =>
      log.debug({ event: 'sip-connection-error', err, flow: connection.id }, 'SIP WebSocket error'),
    );
    const message = (raw: RawData): void => {
      connection.touch();
      const data = bytes(raw);
      if (isKeepAlive(data)) connection.write(PONG);
      else receive(data, 'datagram', connection);
    };
    socket.on('message', internalErrors.guard('sip websocket', message));
    const closed = (): void => {
      clearInterval(pings);
      if (connections.get(connection.id) === connection) connections.delete(connection.id);
      release();
      connection.closed();
    };
    socket.on('close', internalErrors.guard('sip websocket', closed));
  };

  return {
    attach(server, isAllowed = () => true) {
      const secure = server instanceof HttpsServer;
      const take = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
        if (request.url?.split('?')[0] !== WEBSOCKET_PATH) {
          // Another listener may handle this path. Refuse only if there is none.
          if (server.listenerCount('upgrade') === 1) refuse(socket, '404 Not Found');
          return;
        }
        if (!isAllowed(request)) {
          log.info(
            { event: 'websocket-refused', origin: request.headers.origin },
            'WebSocket refused: origin not allowed',
          );
          return refuse(socket, '403 Forbidden');
        }
        const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
        if (!offered.includes(SUBPROTOCOL)) return refuse(socket, '400 Bad Request');
        const release = admission.admit(plainAddress(request.socket.remoteAddress ?? ''));
        if (!release) return refuse(socket, '503 Service Unavailable');
        socket.once('close', internalErrors.guard('sip upgrade', release));
        const upgraded = (webSocket: WebSocket): void => {
          try {
            open(webSocket, request, secure, release);
          } catch (error) {
            webSocket.terminate();
            throw error;
          }
        };
        upgrades.handleUpgrade(request, socket, head, internalErrors.guard('sip upgrade', upgraded));
      };
      const upgrade = internalErrors.guard('sip upgrade', take);
      server.on('upgrade', upgrade);
      const detach = (): void => {
        server.off('upgrade', upgrade);
        detachments.delete(detach);
      };
      detachments.add(detach);
      return detach;
    },
    find: (id) => connections.get(id),
    open: () => [...connections.values()],
    close() {
      for (const detach of [...detachments]) detach();
      for (const connection of [...connections.values()]) connection.destroy('closing');
      upgrades.close();
    },
  };
}

function refuse(socket: Duplex, status: string): void {
  socket.on('error', () => undefined);
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function bytes(raw: RawData): Buffer {
  if (Buffer.isBuffer(raw)) return raw;
  return Array.isArray(raw) ? Buffer.concat(raw) : Buffer.from(raw);
}

/** TCP-style keep-alives, which some clients also send over WebSocket. */
function isKeepAlive(data: Buffer): boolean {
  return data.length <= 4 && data.every((byte) => byte === 0x0d || byte === 0x0a);
}
