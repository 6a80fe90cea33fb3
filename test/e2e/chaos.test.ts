/**
 * Tandem as a black box against the hostile stub platform: 300 calls of each flow with every fault on, then every
 * outcome once more over a perfect wire. CHAOS_SEED draws the same faults again, CHAOS_CALLS sets how many calls of
 * each flow, CHAOS_FACTOR makes every fault so many times as likely, CHAOS_STRICT is the share of calls for whose caller
 * `completed` does nothing before the answer, CHAOS_LADDERS names a file for everything that happened.
 */
import { writeFileSync } from 'node:fs';
import { buildTandem, spawnTandem, type Tandem } from '../helpers/spawn-tandem';
import {
  ALL_FAULTS,
  createStubPlatform,
  HARMLESS,
  NO_FAULTS,
  outcomeOf,
  scaleFaults,
  type Faults,
  type Report,
  type StubPlatform,
} from '../../src/testkit/platform';
import { getFlow, listFlows, playAll, settle, type FlowView, type Job, type Played } from '../helpers/play-calls';
import { createPrng } from '../../src/testkit/platform/prng';
import { drawScript } from '../helpers/draw-script';
import { everyOutcome } from '../helpers/expectations';

const SEED = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 1e9));
const CALLS_PER_FLOW = Number(process.env['CHAOS_CALLS'] ?? 300);
const FACTOR = Number(process.env['CHAOS_FACTOR'] ?? 1);
const STRICT = Number(process.env['CHAOS_STRICT'] ?? ALL_FAULTS.strict);
const LADDERS_SHOWN = 4;
/** No call needs so many commands, however often they fail. */
const COMMAND_STORM = 60;

let stub: StubPlatform;
let tandem: Tandem;

beforeAll(buildTandem, 240_000);
afterEach(async () => {
  await tandem.stop();
  await stub.close();
}, 20_000);

/**
 * @param legCheckSeconds when Tandem first looks at the legs itself. callTimeout ends at 0.7 s; where each call has to end for
 * its exact reason, the look must be well after the event that says why: it only shows that a leg is gone
 */
async function start(faults: Faults, commandTimeoutMs: number, legCheckSeconds: number): Promise<void> {
  stub = createStubPlatform({ seed: SEED, timeScale: 0.35, faults });
  await stub.start();
  tandem = await spawnTandem({
    BANDWIDTH_API_URL: stub.url,
    BANDWIDTH_USER_ID: stub.user.id,
    BANDWIDTH_API_TOKEN: stub.user.token,
    BANDWIDTH_API_SECRET: stub.user.secret,
    CALL_TIMEOUT_SECONDS: '2',
    COMMAND_TIMEOUT_MS: String(commandTimeoutMs),
    LEG_CHECK_SECONDS: String(legCheckSeconds),
  });
  stub.setIncomingCallUrl(`${tandem.url}/webhooks/voice`);
}

interface Fault {
  played?: Played;
  text: string;
}

/** What must hold whatever went wrong on the wire. */
async function faultsOf(report: Report, played: readonly Played[]): Promise<Fault[]> {
  const faults: Fault[] = [];
  const playedOf = (scenario: Played['scenario']): Played =>
    played.find((each) => each.scenario === scenario) ?? { scenario, flowId: undefined, stalled: false };
  const exit = tandem.exit();
  if (exit) return [{ text: `Tandem is gone: ${exit}` }];
  for (const { scenario, text } of report.violations) faults.push({ played: playedOf(scenario), text });
  for (const leg of report.orphans)
    faults.push({ played: playedOf(leg.scenario), text: `orphan: ${leg.role} ${leg.id} is still ${leg.state}` });
  for (const text of new Set(report.strays)) faults.push({ text: `stray request: ${text}` });
  for (const each of played) {
    const commands = [...each.scenario.journal.commands.values()].reduce((sum, count) => sum + count, 0);
    if (commands > COMMAND_STORM) faults.push({ played: each, text: `${commands} commands for one call` });
    if (!each.scenario.known) continue;
    const flow = each.flowId === undefined ? undefined : await getFlow(tandem.url, each.flowId);
    if (!flow) faults.push({ played: each, text: 'Tandem does not know this call' });
    else if (flow.phase !== 'ended') faults.push({ played: each, text: `still live in Tandem: ${flow.phase}` });
    else if (!flow.reason) faults.push({ played: each, text: 'ended without a reason' });
  }
  for (const flow of await listFlows(tandem.url))
    if (flow.phase !== 'ended') faults.push({ text: `still live in Tandem's list: ${flow.id} ${flow.phase}` });
  for (const line of tandem.log)
    if (line.level >= 50 && /TypeError|ReferenceError|RangeError|unhandled|uncaught/i.test(line.raw))
      faults.push({ text: `a fault of Tandem's code: ${line.raw}` });
  return faults;
}

/** A few repeatable refusals, late and doubled events are no reason to fail a call that people wanted. */
function failedForNothing({ scenario, stalled }: Played): string | undefined {
  const { kind, script, journal } = scenario;
  const wanted = script.farEnd === 'answer' && script.callerGivesUpAfterMs === undefined;
  if (stalled || !wanted || (kind === 'speak' && script.endsBy === 'callee')) return undefined;
  const kinds = [...journal.faults];
  if (kinds.some(([fault]) => !HARMLESS.has(fault))) return undefined;
  const refusals = kinds.filter(([fault]) => /^\d/.test(fault)).reduce((sum, [, count]) => sum + count, 0);
  if (refusals > 2) return undefined;
  const expected = kind === 'speak' ? 'spoken' : 'bridged';
  const outcome = outcomeOf(scenario);
  return outcome === expected ? undefined : `${outcome} instead of ${expected}, with harmless faults only`;
}

/** Everything there is to know about a call that went wrong: the stub's ladder, Tandem's timeline, Tandem's log. */
async function tell({ played, text }: Fault, report: Report): Promise<string> {
  if (!played) return text;
  const { scenario, flowId } = played;
  const ids = [...scenario.legs.map((leg) => leg.id), ...(flowId ? [flowId] : [])];
  const log = tandem.log.filter(({ raw }) => ids.some((id) => raw.includes(`"${id}"`))).map(({ raw }) => `    ${raw}`);
  const flow = flowId === undefined || tandem.exit() ? undefined : await getFlow(tandem.url, flowId);
  return [
    `>>> ${text}`,
    report.ladder(scenario),
    `  Tandem's view: ${JSON.stringify(flow)}`,
    `  Tandem's log:\n${log.join('\n')}`,
  ].join('\n');
}

async function expectNoFault(faults: Fault[], report: Report): Promise<void> {
  if (faults.length === 0) return;
  const shown = await Promise.all(faults.slice(0, LADDERS_SHOWN).map((fault) => tell(fault, report)));
  const all = faults.map(({ played, text }) => `${played?.scenario.name ?? 'all'}: ${text}`);
  throw new Error(`${faults.length} faults, CHAOS_SEED=${SEED}\n${all.join('\n')}\n\n${shown.join('\n\n')}`);
}

function print(title: string, report: Report, more: Record<string, unknown>): void {
  const { seed, calls, outcomes, faults, commands, events, leftAlone } = report;
  const lines = Object.entries({ seed, calls, outcomes, faults, commands, events, leftAlone, ...more });
  process.stdout.write(`${title}\n${lines.map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`).join('\n')}\n`);
}

function count<T>(items: readonly T[], keyOf: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[keyOf(item)] = (counts[keyOf(item)] ?? 0) + 1;
  return counts;
}

describe('Tandem', () => {
  it('harms no call, leaves no leg and stays alive, whatever goes wrong on the wire', async () => {
    await start({ ...scaleFaults(ALL_FAULTS, FACTOR), strict: STRICT }, 500, 1);
    const prng = createPrng(SEED).fork('scripts');
    const kinds = ['sip-to-pstn', 'pstn-to-sip', 'speak'] as const;
    const jobs = Array.from({ length: CALLS_PER_FLOW }, () =>
      kinds.map((kind): Job => ({ kind, script: drawScript(prng, kind) })),
    ).flat();
    const played = await playAll(stub, tandem.url, jobs, { concurrency: 30, maxCallMs: 4000 });
    const settledMs = tandem.exit() ? 0 : await settle(stub, tandem.url, 60_000);
    const report = stub.report();
    const faults = await faultsOf(report, played);
    // Where every tenth dial is called too fast, pacing the dials until some give up is what is asked of Tandem.
    for (const each of FACTOR > 1 ? [] : played) {
      const text = failedForNothing(each);
      if (text) faults.push({ played: each, text });
    }
    const flows: FlowView[] = tandem.exit() ? [] : await listFlows(tandem.url);
    print('chaos', report, {
      settledMs,
      stalled: played.filter(({ stalled }) => stalled).length,
      reasons: count(flows, ({ reason }) => reason ?? 'none'),
      logLevels: count(tandem.log, ({ level }) => String(level)),
    });
    const dump = process.env['CHAOS_LADDERS'];
    if (dump) {
      const all = await Promise.all(
        played.map((each) => tell({ played: each, text: outcomeOf(each.scenario) }, report)),
      );
      writeFileSync(dump, all.join('\n\n'));
    }
    await expectNoFault(faults, report);
  }, 300_000);

  it('brings every call to its exact outcome over a perfect wire', async () => {
    await start(NO_FAULTS, 5_000, 6);
    const expectations = [everyOutcome(), everyOutcome(), everyOutcome()].flat();
    const played = await playAll(stub, tandem.url, expectations, { concurrency: 10, maxCallMs: 15_000 });
    const settledMs = tandem.exit() ? 0 : await settle(stub, tandem.url, 60_000);
    const report = stub.report();
    print('no faults', report, { settledMs });
    const faults = await faultsOf(report, played);
    for (const each of played) {
      const { kind, script } = each.scenario;
      const expected = expectations.find((one) => one.kind === kind && one.script === script);
      const outcome = outcomeOf(each.scenario);
      const flow = each.flowId && !tandem.exit() ? await getFlow(tandem.url, each.flowId) : undefined;
      if (!expected?.outcomes.includes(outcome))
        faults.push({ played: each, text: `outcome "${outcome}", expected ${expected?.outcomes.join(' or ') ?? '?'}` });
      if (!expected?.reasons.includes(flow?.reason ?? ''))
        faults.push({
          played: each,
          text: `reason "${flow?.reason ?? ''}", expected ${expected?.reasons.join(' or ') ?? '?'}`,
        });
    }
    await expectNoFault(faults, report);
  }, 180_000);
});
