/** A running platform with fast far ends, an application that records its events, and a client. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { startPlatform, type Platform, type PlatformOptions } from '../../../src/platform';
import { createInbox } from '../../helpers/inbox';
import { silentLog } from '../../helpers/silent-log';

export const USER = 'u-test';
export const TOKEN = 't-test';
export const SECRET = 's-test';
export const NUMBER = '+1555444333';
export const ENDPOINT = 'sip:jsmith_mobile@xyz-corp-testing.bwapp.bwsip.io';

/** Short times, in milliseconds instead of seconds. */
const FAST = {
  ringAfterMs: 5,
  answerAfterMs: 10,
  pickUpMs: 20,
  hangUpAfterMs: 5_000,
  minimumSpeechMs: 30,
  speechCharactersPerSecond: 1_000,
  fileMs: 30,
};

export function platform(options: Partial<PlatformOptions> = {}): Promise<Platform> {
  return startPlatform({
    host: '127.0.0.1',
    port: 0,
    userId: USER,
    apiToken: TOKEN,
    apiSecret: SECRET,
    log: silentLog,
    ...options,
    timing: { ...FAST, ...options.timing },
  });
}

/** A parsed response. Assertions check its type. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Json = any;

export interface Answer {
  status: number;
  headers: Headers;
  body: Json;
  /** The last segment of `Location`. */
  id: string;
  text: string;
}

export type Client = ReturnType<typeof client>;

export function client(origin: string, base = `/v1/users/${USER}`, credentials = `${TOKEN}:${SECRET}`) {
  const send = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const response = await fetch(origin + base + path, {
      method,
      headers: {
        Authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    let parsed: unknown;
    try {
      parsed = text === '' ? undefined : JSON.parse(text);
    } catch {
      parsed = text;
    }
    const id = response.headers.get('location')?.split('/').pop() ?? '';
    return { status: response.status, headers: response.headers, body: parsed, id, text };
  };
  return {
    get: (path: string) => send('GET', path),
    post: (path: string, body?: unknown) => send('POST', path, body),
    delete: (path: string) => send('DELETE', path),
    send,
  };
}

export interface Received {
  method: string;
  /** The path with its query. */
  path: string;
  headers: http.IncomingHttpHeaders;
  /** The event in the body, or in the query of a GET. */
  event: Record<string, string>;
  at: number;
}

/** The reply of the application; default: 200. `hang`: no reply. `cut`: closes the connection. */
export type Reply = number | 'hang' | 'cut' | { status: number; headers: Record<string, string> };

export interface Receiver {
  url: string;
  received: Received[];
  /** Sets later replies. */
  reply: (received: Received) => Reply | Promise<Reply>;
  /** Returns the next received or future event that no earlier call has returned. */
  next(eventType?: string, matches?: (event: Record<string, string>) => boolean): Promise<Record<string, string>>;
  types(): string[];
  close(): Promise<void>;
}

export async function receiver(): Promise<Receiver> {
  const inbox = createInbox<Received>();
  const { received } = inbox;
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      void (async () => {
        const path = request.url ?? '';
        const event =
          request.method === 'GET'
            ? Object.fromEntries(new URL(path, 'http://x').searchParams)
            : JSON.parse(Buffer.concat(chunks).toString());
        const entry = { method: request.method ?? '', path, headers: request.headers, event, at: Date.now() };
        inbox.push(entry);
        const reply = await self.reply(entry);
        if (reply === 'hang') return;
        if (reply === 'cut') return void request.socket.destroy();
        const { status, headers } = typeof reply === 'number' ? { status: reply, headers: {} } : reply;
        response.writeHead(status, headers).end();
      })();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const self: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    reply: () => 200,
    async next(eventType, matches = () => true) {
      const { event } = await inbox.next(
        ({ event }) => (eventType === undefined || event['eventType'] === eventType) && matches(event),
      );
      return event;
    },
    types: () => received.map(({ event }) => event['eventType'] ?? ''),
    close() {
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
  return self;
}

export interface World {
  platform: Platform;
  app: Receiver;
  /** Client of v1, below the user. */
  v1: Client;
  sandbox: Client;
  applicationId: string;
  domainId: string;
  endpointId: string;
  close(): Promise<void>;
  /** Makes an outgoing call. @returns its id */
  dial(to: string, more?: object): Promise<string>;
  /** Makes an incoming call. @returns its id */
  incoming(from: string, to: string, more?: object): Promise<string>;
}

/** Starts a platform with the resources of the tutorial's steps 1 and 2. */
export async function world(options: Partial<PlatformOptions> = {}, application: object = {}): Promise<World> {
  const [running, app] = [await platform(options), await receiver()];
  const v1 = client(running.url);
  const sandbox = client(running.url, '/sandbox');
  const { id: applicationId } = await v1.post('/applications', {
    name: 'test',
    incomingCallUrl: app.url,
    autoAnswer: false,
    ...application,
  });
  await v1.post('/phoneNumbers', { number: NUMBER, applicationId });
  const { id: domainId } = await v1.post('/domains', { name: 'xyz-corp-testing' });
  const { id: endpointId } = await v1.post(`/domains/${domainId}/endpoints`, {
    name: 'jsmith_mobile',
    applicationId,
    enabled: 'true',
    credentials: { password: 'abc123' },
  });
  return {
    platform: running,
    app,
    v1,
    sandbox,
    applicationId,
    domainId,
    endpointId,
    async close() {
      await running.close();
      await app.close();
    },
    async dial(to, more = {}) {
      const { status, id, text } = await v1.post('/calls', { from: NUMBER, to, callbackUrl: app.url, ...more });
      if (status !== 201) throw new Error(text);
      return id;
    },
    async incoming(from, to, more = {}) {
      const { status, body, text } = await sandbox.post('/calls', { from, to, ...more });
      if (status !== 201) throw new Error(text);
      return body.callId;
    },
  };
}
