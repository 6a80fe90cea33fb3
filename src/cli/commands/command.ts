/** The interface of a command, and the logger of server commands. */
import type { Config, Purpose } from '../../config/config';
import type { Environment } from '../../config/env-file';
import { createLogger, type Logger } from '../../support/logger';
import { unknownSettings } from '../../config/setting-faults';

export interface Invocation {
  config: Config;
  args: readonly string[];
  /** The unparsed settings. Environment variables override `.env`. */
  environment: Environment;
  envFile: Environment;
}

export interface Command {
  purpose: Purpose;
  /** Options that the command accepts; undefined: the command checks its arguments. */
  options: readonly string[] | undefined;
  run: (invocation: Invocation) => Promise<void>;
}

export interface ServerLog {
  log: Logger;
  /** Resolves when the reader of the log has ended. */
  outputClosed: Promise<void>;
}

/** Creates the logger of a server, and warns about unknown names in `.env`. */
export function serverLog({ config, envFile }: Invocation): ServerLog {
  const { promise: outputClosed, resolve: onClosed } = withResolvers();
  const options = { level: config.logLevel, pretty: process.stdout.isTTY, numbers: config.logNumbers };
  const log = createLogger({ ...options, onClosed });
  const names = unknownSettings(envFile);
  if (names.length > 0)
    log.warn({ event: 'unknown-settings', names }, '.env has unknown settings; see .env.example for all settings');
  return { log, outputClosed };
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}
