/** Runs the kit in this process, with the options of its command. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseOptions, type Options } from '../../src/testkit/options';
import { run, type RunResult } from '../../src/testkit/run';

export function optionsOf(args: readonly string[]): Options {
  const options = parseOptions(args, 42);
  if (typeof options === 'string') throw new Error(`no options: ${options}`);
  return options;
}

export function runKit(url: string, ...args: string[]): Promise<RunResult> {
  return run(optionsOf(['--url', url, ...args]), {
    onListening: () => undefined,
    onProgress: () => undefined,
    signal: new AbortController().signal,
  });
}

export const codesOf = ({ findings }: RunResult): string[] => findings.map(({ code }) => code);

export interface TestServer {
  url: string;
  close(): Promise<void>;
}

/** Starts an app in this process from a request handler. */
export async function serve(handle: (req: IncomingMessage, res: ServerResponse) => void): Promise<TestServer> {
  const server: Server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Returns the body of an event, or the query of a GET. */
export async function eventOf(req: IncomingMessage): Promise<Record<string, string>> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  if (text) return JSON.parse(text) as Record<string, string>;
  return Object.fromEntries(new URL(req.url ?? '/', 'http://app').searchParams);
}
