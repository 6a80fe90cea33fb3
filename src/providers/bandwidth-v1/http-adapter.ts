import http from 'node:http';
import https from 'node:https';
import { AxiosError, type AxiosAdapter, type AxiosResponse } from 'axios';

/** Below the 5 s after which many servers (Node's too) close an idle connection: a command sent on a dying one is lost. */
const IDLE_CONNECTION_MS = 4_000;
const MAX_CONNECTIONS = 256;
/** A list of 1,000 calls, the largest reply there is, has some 6 MB with the longest URLs and tags. */
export const MAX_REPLY_BYTES = 8 * 1_024 * 1_024;

/**
 * Carries axios' requests with Node's own client over kept-alive connections, JSON in and JSON out. axios' built-in
 * adapter also knows redirects, proxies, compression, progress and forms; a command needs none of them, and they cost
 * more than the rest of it (bench/client.mjs).
 * @param baseUrl what every request's `url` is appended to
 */
export function createLeanAdapter(baseUrl: string): { adapter: AxiosAdapter; close: () => void } {
  const base = new URL(baseUrl);
  const { request: open, Agent } = base.protocol === 'https:' ? https : http;
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_CONNECTIONS, timeout: IDLE_CONNECTION_MS });
  const host = base.hostname.replace(/^\[|\]$/g, '');
  const prefix = base.pathname.replace(/\/$/, '');

  const adapter: AxiosAdapter = (config) =>
    new Promise((resolve, reject) => {
      const { method = 'get', url = '', auth, timeout = 0 } = config;
      const body = config.data === undefined ? '' : JSON.stringify(config.data);
      const request = open({
        agent,
        host,
        port: base.port,
        method: method.toUpperCase(),
        path: prefix + url,
        auth: auth && `${auth.username}:${auth.password}`,
        headers: {
          Accept: 'application/json',
          ...(body && { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }),
        },
      });

      const fail = (error: Error & { code?: string }) => {
        clearTimeout(deadline);
        reject(AxiosError.from(error, error.code ?? AxiosError.ERR_NETWORK, config, request));
        request.destroy();
      };
      // One deadline for the whole exchange: name, connection, reply and the reply's last byte.
      const late = () => fail(new AxiosError(`no reply within ${timeout} ms`, AxiosError.ETIMEDOUT));
      const deadline = timeout > 0 ? setTimeout(late, timeout) : undefined;

      request.on('error', fail);
      request.on('response', (message) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        message.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes <= MAX_REPLY_BYTES) chunks.push(chunk);
          else fail(new Error(`the reply is larger than ${MAX_REPLY_BYTES} bytes`));
        });
        message.on('error', fail);
        message.on('end', () => {
          clearTimeout(deadline);
          const { statusCode: status = 0, statusMessage: statusText = '' } = message;
          const headers = message.headers as AxiosResponse['headers'];
          try {
            const data = parseBody(Buffer.concat(chunks).toString());
            resolve({ data, status, statusText, headers, config, request });
          } catch (error) {
            fail(error instanceof Error ? error : new Error(String(error)));
          }
        });
      });
      request.end(body);
    });
  return { adapter, close: () => agent.destroy() };
}

/** JSON where it is JSON; anything else (a proxy's error page) as the text that it is; nothing as undefined. */
function parseBody(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
