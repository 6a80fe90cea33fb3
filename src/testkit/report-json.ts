/** The report that programs read. */
import type { Options } from './options';
import { exitCodeOf, type RunResult } from './run';

/** A later `format` means that a field was taken away or means something else. */
const FORMAT = 1;

export function toJson(result: RunResult, options: Options): string {
  const { number, endpoint, calls, concurrency, timeScale, faults, scenarios } = options;
  return `${JSON.stringify(
    {
      format: FORMAT,
      exitCode: exitCodeOf(result),
      ...result,
      options: {
        number,
        endpoint,
        calls,
        concurrency,
        timeScale,
        faults,
        scenarios: scenarios.map(({ name }) => name),
      },
    },
    null,
    2,
  )}\n`;
}
