/** `platform`: the v1 platform alone. */
import { describeTransports } from '../banner';
import { handleSignals } from '../signals';
import { serverLog, type Command, type Invocation } from './command';
import { startEmbedded } from './start';

export const platform: Command = { purpose: 'platform', options: [], run };

async function run(invocation: Invocation): Promise<void> {
  const { config } = invocation;
  const { log, outputClosed } = serverLog(invocation);
  const started = await startEmbedded(config, log);
  const signals = handleSignals(log, started);
  void outputClosed.then(() => signals.close('EPIPE'));
  const { userId, token, secret, madeUp } = config.api;
  const account = madeUp ? `token ${token}, secret ${secret}` : 'the BANDWIDTH_* credentials';
  process.stderr.write(
    `\n  The v1 API is at ${started.url}/v1/users/${userId}, with ${account}\n  Phones: ${describeTransports(started)}\n\n`,
  );
}
