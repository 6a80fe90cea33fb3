/** `serve`: runs the webhook server, with the embedded platform unless another one is configured. */
import { banner, maySeeSecrets } from '../banner';
import { loadConfig } from '../../config/config';
import type { Provisioned } from '../../providers/bandwidth-v1/provisioning/provision';
import { describeRunning } from '../running-tandem';
import { writeRunning } from '../runtime-file';
import { handleSignals } from '../signals';
import { readTextFile } from '../../config/text-file';
import { serverLog, type Command, type Invocation } from './command';
import { createLineReload } from './reload-lines';
import { startAll } from './start';

export const serve: Command = { purpose: 'serve', options: [], run };

async function run(invocation: Invocation): Promise<void> {
  const { config } = invocation;
  const { log, outputClosed } = serverLog(invocation);
  if (config.redis && config.api.url === undefined)
    log.warn(
      { event: 'platform-not-shared' },
      'REDIS_URL is set but BANDWIDTH_API_URL is not: each instance has its own platform with its own calls',
    );
  const { server, platform, provisioned } = await startAll(config, log);
  const signals = handleSignals(log, server, platform);
  signals.onReload(() => server.reload());
  const { url, instance } = server;
  const onProvisioned = (now: Provisioned): void => {
    if (platform) writeRunning(describeRunning(config, { url, instance, platform, provisioned: now }), log);
  };
  const embedded = platform && provisioned && { url: platform.url, provisioned, onProvisioned };
  const readAgain = () => loadConfig(invocation.environment, 'serve', readTextFile);
  signals.onReload(createLineReload({ config, readAgain, server, embedded, log }));
  void outputClosed.then(() => signals.close('EPIPE'));
  if (!platform || !provisioned) return;
  onProvisioned(provisioned);
  // Keeps a log that programs read free of text for people.
  const out = process.stdout.isTTY ? process.stdout : process.stderr;
  const showSecrets = maySeeSecrets(config, out);
  const started = { config, url, platform, provisioned, simulatedPhones: config.platform.sandbox, showSecrets };
  out.write(`${banner(started)}\n`);
}
