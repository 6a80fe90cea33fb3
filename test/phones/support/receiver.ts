/** An application's server: events of calls, in the order in which they come. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { z } from 'zod';
import { eventually } from './waiting';

const event = z.record(z.string(), z.string());
export type AppEvent = z.infer<typeof event>;

export interface Receiver {
  /** Where calls are to send their events. */
  readonly url: string;
  /** The next event of a type, come or to come, that was not handed out yet. */
  next(eventType: string, matches?: (event: AppEvent) => boolean, timeoutMs?: number): Promise<AppEvent>;
  close(): Promise<void>;
}

/** @param onEvent what the application does */
export async function startReceiver(onEvent: (event: AppEvent) => void = () => undefined): Promise<Receiver> {
  const unread: AppEvent[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      response.end();
      const came = event.parse(JSON.parse(Buffer.concat(chunks).toString()));
      unread.push(came);
      onEvent(came);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/`,
    next(eventType, matches = () => true, timeoutMs = 20_000) {
      const isWanted = (one: AppEvent): boolean => one['eventType'] === eventType && matches(one);
      const look = (): AppEvent | undefined => {
        const at = unread.findIndex(isWanted);
        return at < 0 ? undefined : unread.splice(at, 1)[0];
      };
      return eventually(`event ${eventType}`, look, timeoutMs).catch((error: unknown) => {
        throw new Error(`not there among ${JSON.stringify(unread)}`, { cause: error });
      });
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
