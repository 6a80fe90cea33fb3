/** Sends one event to the webhook server: HTTP or HTTPS, POST or GET, with the credentials of the URL. */
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { messageOf } from '../../support/errors';

export type EventBody = Record<string, string>;

export interface Post {
  url: string;
  method: 'GET' | 'POST';
  body: EventBody;
  timeoutMs: number;
}

/** The status of a reply, or the failure of the transport. */
export type Answer = { status: number } | Failure;

export interface Failure {
  error: string;
  /** Whether no connection could be made. */
  refused: boolean;
  /** Whether the connection broke during the event. */
  cut: boolean;
}

export interface Poster {
  post(event: Post): Promise<Answer>;
  close(): void;
}

/** Closes idle connections before the server does, so that no event is sent into a closing one, ms. */
const IDLE_MS = 1500;

export function createPoster(): Poster {
  const options = { keepAlive: true, timeout: IDLE_MS };
  const [http, https] = [new HttpAgent(options), new HttpsAgent(options)];
  return {
    post: (event) =>
      new Promise((resolve) => {
        try {
          send(event, { http, https }, resolve);
        } catch (error) {
          resolve({ error: messageOf(error), refused: false, cut: false });
        }
      }),
    close() {
      http.destroy();
      https.destroy();
    },
  };
}

interface Agents {
  http: HttpAgent;
  https: HttpsAgent;
}

function send(event: Post, agents: Agents, done: (answer: Answer) => void, again = false): void {
  const { method, body, timeoutMs } = event;
  const url = new URL(event.url);
  const payload = method === 'POST' ? JSON.stringify(body) : '';
  if (method === 'GET') for (const [name, value] of Object.entries(body)) url.searchParams.set(name, value);
  const secure = url.protocol === 'https:';
  const headers = {
    'user-agent': 'BandwidthAPI/v1',
    ...(payload && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
  };
  const options = { method, headers, agent: secure ? agents.https : agents.http };
  const req = (secure ? httpsRequest : httpRequest)(url, options, (res) => {
    res.resume();
    res.on('end', () => finish({ status: res.statusCode ?? 0 }));
    res.on('error', (error) => finish({ error: error.message, refused: false, cut: true }));
  });
  // Limits the whole reply, as a server may send it byte by byte.
  const timer = setTimeout(() => req.destroy(new Error('callbackTimeout')), timeoutMs);
  const finish = (answer: Answer): void => {
    clearTimeout(timer);
    done(answer);
  };
  req.on('error', (error: NodeJS.ErrnoException) => {
    // The server closed a kept-alive connection as it was reused, and has not read the event.
    if (error.code === 'ECONNRESET' && req.reusedSocket && !again) {
      clearTimeout(timer);
      return send(event, agents, done, true);
    }
    const refused = error.code === 'ECONNREFUSED' || error.code === 'ENOTFOUND';
    finish({
      error: error.message || (error.code ?? 'no connection'),
      refused,
      cut: again || error.code === 'ECONNRESET',
    });
  });
  req.end(payload);
}
