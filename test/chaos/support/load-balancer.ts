/**
 * A load balancer as simple ones are: any backend for any request. A backend that refuses the connection or says 503 to
 * an event is passed over for another; whatever else goes wrong in the middle is a 502 or a 504.
 */
import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Prng } from '../../../src/testkit/platform/prng';

export interface LoadBalancerOptions {
  /** Below the platform's own patience, so that it is the load balancer that gives up a frozen backend. */
  patienceMs?: number;
  /**
   * Whether a request whose connection is reset without an answer is passed on, too: it met the end of a connection, and a
   * backend that goes down properly has not taken it in. If it had, two dials for one call would show it.
   */
  resets?: 'answered' | 'passed over';
}

export interface Backend {
  /** '' while there is none. */
  readonly url: string;
}

export interface LoadBalancer {
  readonly url: string;
  /** What it had to say itself, and how often it turned to another backend. */
  readonly counts: Record<string, number>;
  close(): Promise<void>;
}

type Outcome = { status: number; headers: IncomingMessage['headers']; body: Buffer } | { code: string; sent: boolean };

export async function startLoadBalancer(
  backends: readonly Backend[],
  prng: Prng,
  { patienceMs = 1_500, resets = 'answered' }: LoadBalancerOptions = {},
): Promise<LoadBalancer> {
  const agent = new Agent({ keepAlive: true });
  const counts: Record<string, number> = {};
  const count = (what: string): void => void (counts[what] = (counts[what] ?? 0) + 1);

  async function forward(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const body = await read(req);
    const rest = backends.filter(({ url }) => url !== '');
    // A 503 of Tandem's webhook says that nothing was kept, so another backend may have the event.
    const mayGoOn = (status: number): boolean => status === 503 && (req.url ?? '').startsWith('/webhooks/');
    let last = { status: 502, headers: {}, body: Buffer.from('no backend') } as Extract<Outcome, { status: number }>;
    while (rest.length > 0) {
      const [backend] = rest.splice(prng.between(0, rest.length - 1), 1);
      const outcome = await send(agent, backend?.url ?? '', req, body, patienceMs);
      if ('status' in outcome) {
        last = outcome;
        if (!mayGoOn(outcome.status)) break;
        count('503 passed over');
      } else if (!outcome.sent) {
        count('refused connections passed over');
      } else if (outcome.code === 'ECONNRESET' && resets === 'passed over') {
        count('reset connections passed over');
      } else {
        last = { status: outcome.code === 'ETIMEDOUT' ? 504 : 502, headers: {}, body: Buffer.from(outcome.code) };
        break;
      }
    }
    if (last.status >= 500) count(`${last.status} answered`);
    if (res.destroyed) return;
    const { location, 'content-type': type } = last.headers as Record<string, string | undefined>;
    res.writeHead(last.status, { ...(location && { location }), ...(type && { 'content-type': type }) }).end(last.body);
  }

  const server = createServer((req, res) => {
    forward(req, res).catch(() => res.destroy());
  });
  server.keepAliveTimeout = 65_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counts,
    async close() {
      agent.destroy();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

function send(agent: Agent, origin: string, from: IncomingMessage, body: Buffer, patienceMs: number): Promise<Outcome> {
  return new Promise((resolve) => {
    const headers = { ...from.headers, 'content-length': String(body.length) };
    const req = request(`${origin}${from.url ?? '/'}`, { agent, method: from.method, headers }, (res) => {
      read(res).then(
        (answer) => {
          clearTimeout(timer);
          resolve({ status: res.statusCode ?? 502, headers: res.headers, body: answer });
        },
        () => resolve({ code: 'cut off', sent: true }),
      );
    });
    const timer = setTimeout(() => {
      req.destroy(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' }));
    }, patienceMs);
    req.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      resolve({ code: error.code ?? error.message, sent: error.code !== 'ECONNREFUSED' });
    });
    req.end(body);
  });
}

async function read(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
