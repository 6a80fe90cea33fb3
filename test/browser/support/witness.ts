/**
 * A proxy between the browser and a server under test. It knows which attacks arrived and how they were answered.
 * Blind, it hides from the server what tells a web page from a program: what gets through then is stopped by the guards alone.
 */
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';

export interface Attempt {
  method: string;
  headers: http.IncomingHttpHeaders;
  status: number;
}

export interface Witness {
  /** With 127.0.0.1 as its host. */
  url: string;
  port: number;
  /** Waits for the answer to the request with `attack=NAME` in its query, preflights included. */
  answered(name: string): Promise<Attempt>;
  /** A page that is served here, as if its name had led elsewhere a moment ago (DNS rebinding). */
  pages: Map<string, string>;
  close(): Promise<void>;
}

export async function startWitness(target: string, { blind }: { blind: boolean }): Promise<Witness> {
  const to = new URL(target);
  const attempts = new Map<string, Attempt>();
  const waiting = new Set<() => void>();
  const pages = new Map<string, string>();

  const note = ({ method = '', url = '', headers }: http.IncomingMessage, status: number): void => {
    const name = new URL(url, target).searchParams.get('attack');
    if (name !== null) attempts.set(name, { method, headers, status });
    for (const check of [...waiting]) check();
  };

  const server = http.createServer((request, response) => {
    const page = pages.get(request.url ?? '');
    if (page !== undefined) return void response.setHeader('Content-Type', 'text/html').end(page);
    const headers = blind ? blindfold(request.headers, to.host) : request.headers;
    const options = { host: to.hostname, port: to.port, method: request.method, path: request.url, headers };
    const forwarded = http.request(options, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      answer.on('end', () => note(request, answer.statusCode ?? 502));
    });
    forwarded.on('error', () => response.destroy());
    request.pipe(forwarded);
  });

  server.on('upgrade', (request: http.IncomingMessage, socket: net.Socket) => {
    const headers = blind ? blindfold(request.headers, to.host) : request.headers;
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}`);
    const onward = net.connect(Number(to.port), to.hostname, () => {
      onward.write(`${[`GET ${request.url} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n`);
      onward.once('data', (head: Buffer) => {
        socket.write(head);
        onward.pipe(socket);
        socket.pipe(onward);
        note(request, Number(/^HTTP\/1\.1 (\d{3})/.exec(head.toString('latin1'))?.[1]));
      });
    });
    const end = (): void => void [socket, onward].forEach((one) => one.destroy());
    for (const one of [socket, onward]) one.on('error', end).on('close', end);
    sockets.add(socket);
  });
  const sockets = new Set<net.Socket>();

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    pages,
    answered: (name) =>
      new Promise((resolve) => {
        const check = (): void => {
          const attempt = attempts.get(name);
          if (!attempt) return;
          waiting.delete(check);
          resolve(attempt);
        };
        waiting.add(check);
        check();
      }),
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Without all that the guards look at. */
function blindfold(headers: http.IncomingHttpHeaders, host: string): http.IncomingHttpHeaders {
  const rest = Object.entries(headers).filter(([name]) => name !== 'origin' && !name.startsWith('sec-fetch-'));
  return { ...Object.fromEntries(rest), host, ...(headers['content-type'] && { 'content-type': 'application/json' }) };
}
