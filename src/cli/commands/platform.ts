/** `platform`: runs the v1 platform alone. */
import { describeAccount, describeTransports, maySeeSecrets } from '../banner';
import { writePlatformAccount } from '../runtime-file';
import { handleSignals } from '../signals';
import { serverLog, type Command, type Invocation } from './command';
import { startEmbedded } from './start';

export const platform: Command = { purpose: 'platform', options: [], run };

async function run(invocation: Invocation): Promise<void> {
  const { config } = invocation;
  const { log, outputClosed } = serverLog(invocation);
  const started = await startEmbedded(config, log);
  const { userId, token, secret } = config.api;
  const showSecrets = maySeeSecrets(config, process.stderr);
  const isKept = config.generated.account && !showSecrets;
  const forget = isKept ? writePlatformAccount({ url: started.url, userId, token, secret }, log) : undefined;
  // With `serve` the webhook server drains instead, as it knows the sessions.
  const drained = { close: () => started.drain(config.drainSeconds * 1_000) };
  const signals = handleSignals(log, drained, started, { close: () => Promise.resolve(forget?.()) });
  void outputClosed.then(() => signals.close('EPIPE'));
  const account = describeAccount(config, showSecrets);
  process.stderr.write(
    `\n  The v1 API is at ${started.url}/v1/users/${userId}, with ${account}\n  Phones: ${describeTransports(started)}\n\n`,
  );
}
