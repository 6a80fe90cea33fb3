/** Runs a naive app in a separate process, configured with the kit as its platform. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { LINE, PHONE } from '../../src/testkit/platform';

export interface RunningApp {
  /** The URL for its events. */
  url: string;
  stop(): Promise<void>;
}

export async function runApp(name: string): Promise<RunningApp> {
  const child = spawn(process.execPath, [join(__dirname, 'apps', `${name}.cjs`)], {
    env: { API_TOKEN: 't-testkit', API_SECRET: 's-testkit', NUMBER: LINE, ENDPOINT: PHONE },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const exited = once(child, 'exit');
  const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return {
    url,
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
