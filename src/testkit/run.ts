/** A run of the kit: a pass without faults, a pass with faults, and the findings. */
import { TandemError, UsageError, messageOf } from '../support/errors';
import { isFaultless } from './fault-settings';
import { FINDINGS, type FindingCode } from './findings';
import { countBy, sumOf } from './counting';
import { groupFindings, type Finding, type PassFound, type PassName } from './group';
import { judge, PARTNER_MS } from './judge';
import type { Options } from './options';
import { createStubPlatform, NO_FAULTS, outcomeOf, type StubPlatform } from './platform';
import { createPrng } from './platform/prng';
import { playAll, settle, type Played } from './play';
import { waitFor } from './reach';
import { drawJobs, perfectJobs, type Job } from './scenarios';
import { acceptedWithoutCredentials, hasCredentials } from './open-webhook';
import { watchApp, type AppWatch } from './watch-app';

/** The app is unreachable or accepts no event, so the kit cannot judge it. */
export class AppUnreachableError extends TandemError {
  readonly code = 'app-unreachable';
}

export interface PassResult {
  name: PassName;
  calls: number;
  /** Counts by scenario and outcome, like `phone/busy: rejected`. */
  outcomes: Record<string, number>;
  faults: Record<string, number>;
  commands: Record<string, number>;
  seconds: number;
  /** The played calls and their random choices: identical for the same seed. */
  played: { label: string; job: string; script: Job['script']; drawn: Record<string, string> }[];
}

export interface RunResult {
  seed: number;
  /** The URL of the app, without its password. */
  url: string;
  passes: PassResult[];
  events: { sent: number; accepted: number; slowestMs: number; refused: number };
  findings: Finding[];
  /** Notes beside the findings. */
  remarks: string[];
  interrupted: boolean;
}

export interface Progress {
  pass: PassName;
  done: number;
  of: number;
  /** Calls with a fault that the platform detects at once. */
  faulty: number;
}

export interface RunHooks {
  /** Called when the platform listens, with the settings for the app. */
  onListening: (platform: Pick<StubPlatform, 'url' | 'user'>) => void;
  onProgress: (progress: Progress) => void;
  /** When aborted, the run ends with partial results. */
  signal: AbortSignal;
}

/** Time after the last call without faults: a little longer than a leg may be left alone, ms. */
const PERFECT_SETTLE_MS = PARTNER_MS + 1_000;
/** After this time without a request the app has forgotten its legs, ms. */
const IDLE_MS = 25_000;
const MAX_CALL_MS = 8_000;
/** How many phones dial at once in the pass without faults. Each one dials a different number. */
const PHONES = 3;

/**
 * @throws AppUnreachableError
 */
export async function run(options: Options, hooks: RunHooks): Promise<RunResult> {
  const { seed, timeScale, url } = options;
  const watch = watchApp(url);
  const signal = AbortSignal.any([hooks.signal, watch.gone]);
  const { host, port } = options.listen;
  const platform = createStubPlatform({
    seed,
    host,
    port,
    timeScale,
    user: options.user,
    number: options.number,
    endpoint: options.endpoint,
    callbackMethod: options.callbackMethod,
    retrySameUrl: false,
    onUndeliverable: (event) => watch.onUndeliverable(event),
    ...(options.publicUrl !== undefined && { publicUrl: options.publicUrl }),
    ...(options.callbackTimeoutMs !== undefined && { callbackTimeoutMs: options.callbackTimeoutMs }),
  });
  await platform.start().catch((error: unknown) => {
    throw new UsageError(`--listen ${host}:${port}: ${messageOf(error)}`, { cause: error });
  });
  try {
    hooks.onListening(platform);
    const why = await waitFor(url, options.waitMs, hooks.signal);
    if (why !== undefined && !hooks.signal.aborted)
      throw new AppUnreachableError(
        `cannot connect to ${withoutPassword(url)} (${why}). ` +
          (options.waitMs > 0
            ? `The kit waited ${options.waitMs / 1000} s; check the port`
            : 'Start the app first, or set --wait SECONDS; check the port'),
      );
    platform.setIncomingCallUrl(url, options.fallbackUrl);
    return await playPasses(options, platform, watch, { ...hooks, signal });
  } finally {
    await platform.close();
  }
}

async function playPasses(
  options: Options,
  platform: StubPlatform,
  watch: AppWatch,
  hooks: RunHooks,
): Promise<RunResult> {
  const { seed, scenarios, timeScale, faults, calls, onlyCall } = options;
  const found: PassFound[] = [];
  const passes: PassResult[] = [];
  const remarks: string[] = [];
  const pass = async (name: PassName, jobs: readonly Job[]): Promise<void> => {
    platform.setFaults(name === 'perfect' ? NO_FAULTS : faults);
    passes.push(await playPass(name, jobs, options, platform, watch, hooks, found));
  };
  if (onlyCall === undefined) {
    await pass('perfect', perfectJobs(scenarios, timeScale));
    expectSomeEventTaken(platform, hooks.signal);
  }
  if (!isFaultless(faults) && !hooks.signal.aborted) {
    const all = drawJobs(createPrng(seed), scenarios, Math.max(calls, onlyCall ?? 0), timeScale);
    await pass('faulty', onlyCall === undefined ? all : all.slice(onlyCall - 1, onlyCall));
  }
  if (platform.guesses() > 0)
    remarks.push(
      `${platform.guesses()} dials did not name their call (put the callId of the caller into tag): ` +
        'the kit played calls from the PSTN one at a time, and assigned such dials to the oldest waiting call',
    );
  const stray = strayFindings(platform);
  if (!hasCredentials(options.url)) {
    remarks.push('--url has no credentials: the kit did not check whether the app refuses events without them');
  } else if (!hooks.signal.aborted) {
    const status = await acceptedWithoutCredentials(options.url, options.callbackMethod);
    if (status !== undefined)
      stray.set('open-webhook', [`the app answered an event without credentials with ${status}`]);
  }
  if (watch.gone.aborted) remarks.push('the run was aborted, as the app had stopped');
  return {
    seed,
    url: withoutPassword(options.url),
    passes,
    events: platform.report().events,
    findings: groupFindings(found, stray),
    remarks,
    interrupted: hooks.signal.aborted && !watch.gone.aborted,
  };
}

async function playPass(
  name: PassName,
  jobs: readonly Job[],
  options: Options,
  platform: StubPlatform,
  watch: AppWatch,
  { signal, onProgress }: RunHooks,
  found: PassFound[],
): Promise<PassResult> {
  const startedAt = Date.now();
  const perfect = name === 'perfect';
  const progress: Progress = { pass: name, done: 0, of: jobs.length, faulty: 0 };
  onProgress({ ...progress });
  const played = await playAll(platform, jobs, {
    speak: options.speak,
    // A call that is alone in its lane needs no tag to be identified.
    width: ({ scenario: { kind } }) => {
      if (perfect) return { lane: kind, width: kind === 'sip-to-pstn' ? PHONES : 1 };
      const alone = platform.guesses() > 0 && kind !== 'sip-to-pstn';
      return alone ? { lane: kind, width: 1 } : { lane: 'all', width: options.concurrency };
    },
    maxCallMs: MAX_CALL_MS,
    signal,
    onPlayed: ({ scenario }) => {
      progress.done += 1;
      if (scenario.journal.violations.length > 0) progress.faulty += 1;
      onProgress({ ...progress });
    },
  });
  const maxMs = perfect ? Math.min(PERFECT_SETTLE_MS, options.settleMs) : options.settleMs;
  await settle(platform, played, { maxMs, idleMs: perfect ? maxMs : IDLE_MS, signal });
  await watch.idle();
  for (const each of [...played, ...unexpectedCalls(platform, played)])
    found.push(...judge(each, !signal.aborted).map((one) => ({ ...one, pass: name })));
  for (const { scenario, code, text, at } of watch.incidents) {
    const each = played.find((candidate) => candidate.scenario === scenario);
    const { entries } = scenario.journal;
    const before = entries.filter((entry) => entry.at <= at).length;
    if (each) found.push({ code, text, at, played: each, pass: name, entries: before, noticed: false });
  }
  const outcomes = countBy(played, ({ job, scenario }) => `${job.scenario.name}: ${outcomeOf(scenario)}`);
  const result: PassResult = {
    name,
    calls: played.length,
    outcomes,
    faults: sum(played.map(({ scenario }) => scenario.journal.faults)),
    commands: sum(played.map(({ scenario }) => scenario.journal.commands)),
    seconds: (Date.now() - startedAt) / 1000,
    played: played.map(({ job: { label, scenario, script }, scenario: { journal } }) => ({
      label,
      job: scenario.name,
      script,
      drawn: Object.fromEntries(journal.drawn),
    })),
  };
  for (const { scenario } of played) platform.clear(scenario);
  // The app may still send commands for the calls that the kit has just ended.
  if (!signal.aborted) await settle(platform, [], { maxMs: 2_000, idleMs: 500, signal });
  return result;
}

/** Returns calls that the kit did not start. A dial of the app began them. */
function unexpectedCalls(platform: StubPlatform, played: readonly Played[]): Played[] {
  const known = new Set(played.map(({ scenario }) => scenario));
  return platform
    .report()
    .scenarios.filter((scenario) => !known.has(scenario) && !scenario.closed)
    .map((scenario) => {
      const { script, kind } = scenario;
      scenario.closed = true;
      const named = { name: 'unknown', title: 'a call of the app itself', kind, script, wanted: false, weight: 0 };
      return { job: { label: 'unknown', scenario: named, script }, scenario, stalled: false };
    });
}

/** @throws AppUnreachableError if the app accepted no event of the first pass */
function expectSomeEventTaken(platform: StubPlatform, signal: AbortSignal): void {
  const { events, violations } = platform.report();
  if (events.accepted > 0 || events.sent === 0 || signal.aborted) return;
  const texts = countBy(violations, ({ text }) => text);
  throw new AppUnreachableError(
    `the app accepted none of ${events.sent} events: ${Object.keys(texts).slice(0, 3).join('; ')}. ` +
      'Check the path of --url, and the credentials in it',
  );
}

function strayFindings(platform: StubPlatform): Map<FindingCode, string[]> {
  const byCode = new Map<FindingCode, string[]>();
  for (const { kind, text } of platform.strayRequests()) {
    const code = kind === 'stub-failed' ? 'unknown-route' : kind;
    byCode.set(code, [...(byCode.get(code) ?? []), text]);
  }
  return byCode;
}

function sum(counts: readonly ReadonlyMap<string, number>[]): Record<string, number> {
  const total = sumOf(counts.flatMap((each) => [...each]));
  return Object.fromEntries(Object.entries(total).sort(([a], [b]) => a.localeCompare(b)));
}

function withoutPassword(url: string): string {
  const shown = new URL(url);
  if (shown.password) shown.password = '***';
  return shown.href;
}

/** 0: no faults; 1: faults; 130: interrupted. Notes do not count. */
export const exitCodeOf = ({ findings, interrupted }: RunResult): number => {
  if (findings.some(({ code }) => FINDINGS[code].severity !== 'note')) return 1;
  return interrupted ? 130 : 0;
};
