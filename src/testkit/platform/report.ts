/** The verdict: what was violated, which legs nobody ended, and what went on in numbers. */
import type { Violation } from './journal';
import { callerOf, isUp, outcomeOf, type Leg, type Scenario } from './scenario';

export interface Report {
  seed: number;
  calls: number;
  /** `kind/outcome` → how many */
  outcomes: Record<string, number>;
  faults: Record<string, number>;
  commands: Record<string, number>;
  events: { sent: number; accepted: number; slowestMs: number; refused: number };
  /** Of the legs whose partner went first: how long they were left, in ms. */
  leftAlone: { p50: number; p99: number; most: number };
  violations: (Violation & { scenario: Scenario })[];
  /** Requests that belong to no call: wrong credentials, unknown paths. */
  strays: string[];
  /** Legs that are still up. After settling time, orphans. */
  orphans: Leg[];
  scenarios: readonly Scenario[];
  ladder(scenario: Scenario): string;
}

interface ReportInput {
  seed: number;
  scenarios: readonly Scenario[];
  strays: string[];
  /** GETs, those that are about no call in particular included. */
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

/** How long the last leg outlived the first, where there were two. */
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
