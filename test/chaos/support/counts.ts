/** What instances have counted, over all their lives, and how it is printed. */
import type { Report } from '../../../src/testkit/platform';
import type { Instance } from './instance';

/** Counters worth telling; each life of an instance begins them anew. */
const COUNTERS = [
  'tandem_commands_taken_over_total',
  'tandem_orphans_reaped_total',
  'tandem_events_doubled_total',
  'tandem_legs_given_up_total',
  'tandem_flows_started_total',
  'tandem_flows_ended_total',
];

export interface Tally {
  /** Adds what an instance has counted in this life; to be called once a life, at its end. */
  take(instance: Instance): Promise<void>;
  readonly counts: Readonly<Record<string, number>>;
}

export function createTally(): Tally {
  const counts: Record<string, number> = {};
  return {
    counts,
    async take({ url }) {
      // An instance that cannot answer now takes its counts with it.
      const text = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(1_000) }).then(
        (reply) => reply.text(),
        () => '',
      );
      for (const name of COUNTERS) {
        const sum = [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'gm'))].reduce(
          (total, [, value]) => total + Number(value),
          0,
        );
        counts[name] = (counts[name] ?? 0) + sum;
      }
    },
  };
}

/** How often each warning and error was logged. */
export function warningsOf(instances: readonly Instance[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of instances.flatMap(({ log }) => log())) {
    const found = /^\{"level":[456]0,.*?"event":"([^"]*)"/.exec(line);
    if (found?.[1] !== undefined) counts[found[1]] = (counts[found[1]] ?? 0) + 1;
  }
  return counts;
}

export function countBy<T>(items: readonly T[], keyOf: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[keyOf(item)] = (counts[keyOf(item)] ?? 0) + 1;
  return counts;
}

export function print(title: string, report: Report, more: Record<string, unknown>): void {
  const { seed, calls, outcomes, faults, commands, events, leftAlone } = report;
  const lines = Object.entries({ seed, calls, outcomes, faults, commands, events, leftAlone, ...more });
  process.stdout.write(`${title}\n${lines.map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`).join('\n')}\n`);
}
