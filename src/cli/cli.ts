/** The command line, and the only place that reads the environment. */
import type { Command } from './commands/command';
import { demo } from './commands/demo';
import { exitQuietlyOnClosedOutput } from './commands/output';
import { platform } from './commands/platform';
import { provision } from './commands/provision';
import { serve } from './commands/serve';
import { ConfigError, loadConfig, type Config, type Purpose } from '../config/config';
import { readEnvFile, type Environment, type EnvFile } from '../config/env-file';
import { TandemError, UsageError, messageOf } from '../support/errors';
import { readTextFile } from '../config/text-file';

const COMMANDS = new Map<string, Command>(Object.entries({ serve, platform, provision, demo }));

const USAGE = `Usage: node dist/cli/main.js [command]
Settings are environment variables; see .env.example.
  serve               run the webhook server, with its own platform unless BANDWIDTH_API_URL is set (default)
  platform            run the v1 platform alone
  provision [--json]  create the application, numbers, domains and endpoints of LINES on the platform
  demo [FLOW ...]     make calls and draw them
`;

async function main([name = 'serve', ...args]: string[]): Promise<void> {
  if (name === 'help' || [name, ...args].some((arg) => arg === '--help' || arg === '-h')) {
    process.stdout.write(USAGE);
    return;
  }
  const command = COMMANDS.get(name);
  if (!command) throw new UsageError(`unknown command "${name}"; use one of ${[...COMMANDS.keys()].join(', ')}`);
  const unknown = args.find((arg) => command.options?.includes(arg) === false);
  if (unknown !== undefined)
    throw new UsageError(`${name} has no option "${unknown}"; settings are environment variables, see .env.example`);
  const envFile = readEnvFile('.env');
  const environment = { ...envFile.values, ...process.env };
  const config = configOf(envFile, environment, command.purpose);
  await command.run({ config, args, environment, envFile: envFile.values });
}

/** @throws ConfigError with all faults of `.env` and of the settings */
function configOf({ faults }: EnvFile, environment: Environment, purpose: Purpose): Config {
  try {
    const config = loadConfig(environment, purpose, readTextFile);
    if (faults.length === 0) return config;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError([...faults, ...error.faults]);
  }
  throw new ConfigError(faults);
}

exitQuietlyOnClosedOutput();
main(process.argv.slice(2)).catch((error: unknown) => {
  // Messages of our errors say what to do. Any other error is a bug, and needs its stack.
  const text = error instanceof TandemError ? error.message : error instanceof Error ? error.stack : messageOf(error);
  process.stderr.write(`tandem: ${text}\n`);
  process.exitCode = 1;
});
