/** The report: violations, orphaned legs, and counts. */
import type { Violation } from './journal';
import { callerOf, isUp, outcomeOf, type Leg, type Scenario } from './scenario';

export interface Report {
  seed: number;
  calls: number;
  /** Counts by kind and outcome, like `kind/outcome`. */
  outcomes: Record<string, number>;
  faults: Record<string, number>;
  commands: Record<string, number>;
  events: { sent: number; accepted: number; slowestMs: number; refused: number };
  /** How long the last leg of a call outlived the first, ms. */
  leftAlone: { p50: number; p99: number; most: number };
  violations: (Violation & { scenario: Scenario })[];
  /** Faulty requests that belong to no call: wrong credentials, unknown paths. */
  strays: string[];
  /** Legs that are still up. */
  orphans: Leg[];
  scenarios: readonly Scenario[];
  ladder(scenario: Scenario): string;
}

interface ReportInput {
  seed: number;
  scenarios: readonly Scenario[];
  strays: string[];
  /** GET requests, including those about no particular call. */
  queries: { asked: number; refused: number };
  delivery: Report['events'];
}

export function createReport({ seed, scenarios, strays, queries, delivery }: ReportInput): Report {
  const outcomes = new Map<string, number>();
  const faults = new Map<string, number>(queries.refused > 0 ? [['query 503', queries.refused]] : []);
  const commands = new Map<string, number>([['queries', queries.asked]]);
  for (const scenario of scenarios) {
    add(outcomes, `${scenario.kind}/${outcomeOf(scenario)}`, 1);
    for (const [kind, count] of scenario.journal.faults) if (kind !== 'query 503') add(faults, kind, count);
    for (const [name, count] of scenario.journal.commands) add(commands, name, count);
  }
  const alone = scenarios.map(leftAloneMs).filter((ms) => ms !== undefined);
  alone.sort((a, b) => a - b);
  const quantile = (share: number): number => alone[Math.min(alone.length - 1, Math.floor(alone.length * share))] ?? 0;
  return {
    seed,
    calls: scenarios.length,
    outcomes: sorted(outcomes),
    faults: sorted(faults),
    commands: sorted(commands),
    events: { ...delivery },
    leftAlone: { p50: quantile(0.5), p99: quantile(0.99), most: quantile(1) },
    violations: scenarios.flatMap((scenario) => scenario.journal.violations.map((each) => ({ ...each, scenario }))),
    strays,
    orphans: scenarios.flatMap((scenario) => scenario.legs.filter(isUp)),
    scenarios,
    ladder: (scenario) => scenario.journal.print(`${scenario.name} ${JSON.stringify(scenario.script)}`),
  };
}

/** Returns how long the last leg outlived the first, ms; undefined if there was only one. */
function leftAloneMs(scenario: Scenario): number | undefined {
  if (!callerOf(scenario) || scenario.legs.length < 2) return undefined;
  const ends = scenario.legs.map((leg) => leg.endedAt).filter((end) => end !== undefined);
  return ends.length < 2 ? undefined : Math.max(...ends) - Math.min(...ends);
}

function add(counts: Map<string, number>, key: string, by: number): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a], [b]) => a.localeCompare(b)));
}
