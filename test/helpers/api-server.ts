/** A real HTTP server of which the test says what it answers: what stands for the platform in tests of the client. */
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createInbox } from './inbox';

export interface ApiRequest {
  method: string;
  /** With its query. */
  path: string;
  headers: http.IncomingHttpHeaders;
  text: string;
  /** Of a JSON body. */
  json: Record<string, unknown>;
  socket: Socket;
}

export type ApiAnswer =
  | { status: number; headers?: Record<string, string>; body?: unknown }
  /** nothing at all */
  | 'hang'
  /** the connection is reset */
  | 'cut';

export interface ApiServer {
  url: string;
  requests: ApiRequest[];
  /** How many connections were opened. */
  connections(): number;
  answer: (request: ApiRequest) => ApiAnswer | Promise<ApiAnswer>;
  /** The next request that fits, seen or yet to come, and not taken before. */
  next(fits?: (request: ApiRequest) => boolean): Promise<ApiRequest>;
  close(): Promise<void>;
}

export async function apiServer(answer: ApiServer['answer'] = () => ({ status: 200 })): Promise<ApiServer> {
  const inbox = createInbox<ApiRequest>();
  let connections = 0;

  const handle = async (request: http.IncomingMessage, response: http.ServerResponse, text: string): Promise<void> => {
    const { method = '', url = '', headers, socket } = request;
    const json = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {};
    const entry = { method, path: url, headers, text, json, socket };
    inbox.push(entry);
    const reply = await self.answer(entry);
    if (reply === 'hang') return;
    if (reply === 'cut') return void socket.resetAndDestroy();
    const { status, headers: more = {}, body } = reply;
    const payload = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(status, more).end(payload);
  };
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => void handle(request, response, Buffer.concat(chunks).toString()));
  });
  server.on('connection', () => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  const self: ApiServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: inbox.received,
    connections: () => connections,
    answer,
    next: inbox.next,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return self;
}

/** An error body of the v1 API. */
export function v1Error(code: string, category = 'bad-request', message = 'no'): object {
  return { category, code, message, details: [] };
}
