/** `demo`: makes calls and draws them, with the Tandem that runs in this directory or one of its own. */
import { loadConfig } from '../../config/config';
import { demoEnvironment } from '../../config/demo-environment';
import { runDemo } from '../../demo/demo';
import { scenariosOf } from '../../demo/scenarios';
import { createLogger } from '../../support/logger';
import { joinRunning } from '../running-tandem';
import { findRunning } from '../runtime-file';
import type { Command, Invocation } from './command';
import { startAll } from './start';

export const demo: Command = { purpose: 'demo', options: undefined, run };

async function run({ config, args, environment }: Invocation): Promise<void> {
  const scenarios = scenariosOf([...args]);
  const running = await findRunning();
  const found = running && joinRunning(running, config);
  const ownConfig = loadConfig(demoEnvironment(environment));
  const own = found ? undefined : await startAll(ownConfig, createLogger({ level: 'silent', pretty: false }));
  try {
    const url = found?.url ?? own?.server.url ?? '';
    process.stdout.write(`using ${found ? 'the running Tandem' : 'a Tandem started for the demo'} at ${url}\n`);
    const platform = found?.platform ?? { ...ownConfig.api, url: own?.platform?.url ?? '' };
    const [line] = (found ? config : ownConfig).lines;
    if (!line) return;
    const ok = await runDemo({ url, apiToken: found?.apiToken, platform, line }, scenarios, (text) => {
      process.stdout.write(`${text}\n`);
    });
    if (!ok) process.exitCode = 1;
  } finally {
    await own?.server.close();
    await own?.platform?.close();
  }
}
