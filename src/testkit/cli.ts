/** The test kit's command: arguments, signals, files and the exit code. */
import { accessSync, constants, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { TandemError, UsageError, messageOf } from '../support/errors';
import { HELP, LIST } from './help';
import { parseOptions, type Options } from './options';
import { createProgress } from './progress';
import { toJson } from './report-json';
import { toJunit } from './report-junit';
import { describeRun } from './report-text';
import { exitCodeOf, run } from './run';

const USAGE_EXIT = 2;
const SEEDS = 1_000_000_000;

async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(args, Math.floor(Math.random() * SEEDS));
  if (options === 'help') return void process.stdout.write(HELP);
  if (options === 'list') return void process.stdout.write(LIST);
  for (const flag of ['json', 'junit'] as const) checkWritable(flag, options[flag]);
  const interruption = interruptible();
  const result = await run(options, {
    signal: interruption,
    onListening: ({ url, user }) => process.stderr.write(describeListening(url, user, options)),
    onProgress: createProgress((text) => process.stderr.write(text), process.stderr.isTTY),
  });
  process.stdout.write(`${describeRun(result, options)}\n`);
  process.exitCode = exitCodeOf(result);
  if (options.json !== undefined) write('json', options.json, toJson(result, options));
  if (options.junit !== undefined) write('junit', options.junit, toJunit(result));
}

function write(flag: string, file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new UsageError(`--${flag}: ${messageOf(error)}`, { cause: error });
  }
}

/** Checks before the run, which takes minutes, that the report can be written. */
function checkWritable(flag: string, file: string | undefined): void {
  if (file === undefined) return;
  const folder = dirname(resolve(file));
  try {
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new UsageError(`--${flag}: cannot write to ${folder} (${messageOf(error)})`, { cause: error });
  }
}

/** The first signal ends the run with partial results. The second one ends the process. */
function interruptible(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
    });
  return controller.signal;
}

const describeListening = (url: string, user: Options['user'], { number, endpoint, seed }: Options): string =>
  `The v1 API is at ${url}/v1/users/${user.id}, token ${user.token}, secret ${user.secret}\n` +
  `Configure the app with the number ${number} and the endpoint ${endpoint}\n` +
  `Seed ${seed}\n`;

main(process.argv.slice(2)).catch((error: unknown) => {
  // Messages of the kit's errors say what to do. Any other error is a bug, and needs its stack.
  const text = error instanceof TandemError ? error.message : error instanceof Error ? error.stack : messageOf(error);
  process.stderr.write(`testkit: ${text}\n`);
  process.exitCode = USAGE_EXIT;
});
