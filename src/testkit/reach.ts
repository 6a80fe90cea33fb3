/** Waits until the app accepts connections at its URL. */
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const CONNECT_MS = 3_000;
const AGAIN_MS = 100;

/** Tries to connect, without sending anything. @returns undefined if it connects, else the reason why not */
function probe(url: string): Promise<string | undefined> {
  const { hostname, port, protocol } = new URL(url);
  return new Promise((resolve) => {
    const standard = protocol === 'https:' ? 443 : 80;
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? standard : Number(port) });
    const done = (why: string | undefined): void => {
      socket.destroy();
      resolve(why);
    };
    socket.setTimeout(CONNECT_MS, () => done('no connection within 3 s'));
    socket.once('connect', () => done(undefined));
    socket.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
  });
}

/** Tries to connect for `waitMs`. @returns undefined once it connects, else the reason why not */
export async function waitFor(url: string, waitMs: number, signal: AbortSignal): Promise<string | undefined> {
  const startedAt = Date.now();
  let why = await probe(url);
  while (why !== undefined && Date.now() - startedAt < waitMs && !signal.aborted) {
    await delay(AGAIN_MS);
    why = await probe(url);
  }
  return why;
}
