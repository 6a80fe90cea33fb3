/** What every command of the command line has in common. */
import type { Config, Purpose } from '../../config/config';
import type { Environment } from '../../config/env-file';
import { createLogger, type Logger } from '../../support/logger';
import { unknownSettings } from '../../config/setting-faults';

export interface Invocation {
  config: Config;
  args: readonly string[];
  /** The settings as they were given: environment variables, and `.env` below them. */
  environment: Environment;
  envFile: Environment;
}

export interface Command {
  purpose: Purpose;
  /** Arguments that the command accepts; undefined: it checks them itself. */
  options: readonly string[] | undefined;
  run: (invocation: Invocation) => Promise<void>;
}

export interface ServerLog {
  log: Logger;
  /** Resolves when the program that reads the log has ended. */
  outputClosed: Promise<void>;
}

/** The logger of a server. */
export function serverLog({ config, envFile }: Invocation): ServerLog {
  const { promise: outputClosed, resolve: onClosed } = withResolvers();
  const options = { level: config.logLevel, pretty: process.stdout.isTTY, numbers: config.logNumbers };
  const log = createLogger({ ...options, onClosed });
  const names = unknownSettings(envFile);
  if (names.length > 0)
    log.warn(
      { event: 'unknown-settings', names },
      '.env has names that are no settings; .env.example has all settings',
    );
  return { log, outputClosed };
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}
