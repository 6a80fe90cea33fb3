/** The report as JSON. */
import type { Options } from './options';
import { exitCodeOf, type RunResult } from './run';

/** Increased when a field is removed or changes its meaning. */
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
