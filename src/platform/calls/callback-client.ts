/** The HTTP client that sends events to applications, with kept-alive connections. */
import type { lookup as dnsLookup } from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import type { LookupFunction, Socket } from 'node:net';
import type { Guarded, InternalErrors } from '../../support/internal-errors';
import { guardedLookup, refuseLiteral, type IsAllowed } from '../../media/sounds/address';

export interface CallbackRequest {
  /** An http or https URL, optionally with Basic credentials. */
  url: string;
  method: 'GET' | 'POST';
  /** The JSON body of a POST; the query parameters of a GET. */
  fields: Readonly<Record<string, string>>;
  /** Timeout of the reply after the connection, and of the connection itself, ms. */
  timeoutMs: number;
}

export type CallbackOutcome = { ok: boolean; status: number } | { ok: false; status: undefined; error: string };

export interface CallbackClient {
  /** Never rejects. */
  send(request: CallbackRequest): Promise<CallbackOutcome>;
  /** Aborts pending requests. */
  close(): void;
}

/** Less than the 5 s after which Node servers close idle connections, so that no event is sent into a closing one. */
const IDLE_MS = 2_000;
const SHUTTING_DOWN = 'platform is shutting down';
/** Limit for the body of a reply, which has no meaning. */
const MAX_REPLY_BYTES = 65_536;

export interface CallbackRules {
  /** Whether events may go to an address. */
  isAllowed: IsAllowed;
  /** Whether the operator configured the URL, so that its address is not checked. */
  isTrusted?: (url: URL) => boolean;
  /** Replaces the name resolution of the system. */
  lookup?: typeof dnsLookup;
}

/** Separate agents for checked and trusted URLs, so that no connection is reused under stricter rules. */
function createAgents(lookup?: LookupFunction) {
  const options = { keepAlive: true, timeout: IDLE_MS, ...(lookup && { lookup }) };
  return { 'http:': new http.Agent(options), 'https:': new https.Agent(options) };
}

export function createCallbackClient(internalErrors: InternalErrors, rules: CallbackRules): CallbackClient {
  const { isAllowed, isTrusted = () => false, lookup } = rules;
  const guarded = createAgents(guardedLookup(isAllowed, lookup, notAllowed));
  const trusting = createAgents();
  const underWay = new Set<http.ClientRequest>();
  let closed = false;

  const start = ({ url, method, fields }: CallbackRequest): http.ClientRequest => {
    const target = new URL(url);
    const trusted = isTrusted(target);
    refuseLiteralCallback(target, rules);
    const agents = trusted ? trusting : guarded;
    const headers: Record<string, string | number> = { 'User-Agent': 'BandwidthAPI/v1', Accept: '*/*' };
    if (target.username || target.password)
      headers['Authorization'] = `Basic ${Buffer.from(userinfo(target)).toString('base64')}`;
    let body: string | undefined;
    if (method === 'GET') for (const [name, value] of Object.entries(fields)) target.searchParams.set(name, value);
    else {
      body = JSON.stringify(fields);
      headers['Content-Type'] = 'application/json';
      headers['Content-Length'] = Buffer.byteLength(body);
    }
    const options = {
      method,
      headers,
      hostname: target.hostname.replace(/^\[|\]$/g, ''), // host names of IPv6 addresses have no brackets
      port: target.port,
      path: target.pathname + target.search,
    };
    const request =
      target.protocol === 'https:'
        ? https.request({ ...options, agent: agents['https:'] })
        : http.request({ ...options, agent: agents['http:'] });
    request.end(body);
    return request;
  };

  return {
    send(callback) {
      if (closed) return Promise.resolve({ ok: false, status: undefined, error: SHUTTING_DOWN });
      return new Promise((resolve) => {
        let request: http.ClientRequest;
        try {
          request = start(callback);
        } catch (error) {
          resolve({ ok: false, status: undefined, error: error instanceof Error ? error.message : String(error) });
          return;
        }
        underWay.add(request);
        let timer: NodeJS.Timeout;
        const limit = (what: string): void => {
          clearTimeout(timer);
          timer = setTimeout(() => request.destroy(new Error(what)), callback.timeoutMs);
        };
        limit(`no connection within ${callback.timeoutMs} ms`);
        const guard = <Args extends unknown[]>(run: (...args: Args) => void): Guarded<Args> =>
          internalErrors.guard('callback', run);
        const attached = (socket: Socket): void => {
          const connected = (): void => limit(`no reply within ${callback.timeoutMs} ms`);
          if (socket.connecting) socket.once('connect', guard(connected));
          else connected();
        };
        request.on('socket', guard(attached));
        const answered = (response: http.IncomingMessage): void => {
          const status = response.statusCode ?? 0;
          resolve({ ok: status >= 200 && status < 300, status });
          let bytes = 0;
          response.on('error', () => undefined); // only the status of the reply counts
          response.on('data', (chunk: Buffer) => {
            bytes += chunk.length;
            if (bytes > MAX_REPLY_BYTES) request.destroy();
          });
        };
        request.on('response', guard(answered));
        request.on('error', (error) => resolve({ ok: false, status: undefined, error: error.message }));
        request.on('close', () => {
          clearTimeout(timer);
          underWay.delete(request);
          resolve({ ok: false, status: undefined, error: 'connection closed' });
        });
      });
    },
    close() {
      closed = true;
      for (const request of underWay) request.destroy(new Error(SHUTTING_DOWN));
      for (const agents of [guarded, trusting]) for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

/** Checks a literal address. `guardedLookup` checks names on sending. @throws if the address gets no events */
export function refuseLiteralCallback(url: URL, { isAllowed, isTrusted }: Omit<CallbackRules, 'lookup'>): void {
  if (!isTrusted?.(url)) refuseLiteral(url, isAllowed, notAllowed);
}

function notAllowed(host: string): Error {
  return new Error(
    `${host} is not on the public internet, so it gets no events; set AUDIO_PRIVATE_HOSTS=on to allow it`,
  );
}

function userinfo({ username, password }: URL): string {
  return `${decode(username)}:${decode(password)}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
