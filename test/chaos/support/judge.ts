/** What must hold when the dust has settled, whatever went wrong; and what is said where it does not. */
import { setTimeout as sleep } from 'node:timers/promises';
import { outcomeOf, type Report, type StubPlatform } from '../../../src/testkit/platform';
import { isOwed, type Call } from './callers';
import type { Disturbed } from './disturber';
import type { Instance } from './instance';

const LIVE_PHASES = ['dialling', 'answering', 'bridging', 'bridged', 'speaking', 'ending'];
/** No call needs so many commands, however often they fail. */
const COMMAND_STORM = 80;
const LADDERS_SHOWN = 4;
const FAULTS_LISTED = 60;
/** After a disturbance, as long as a lease and what is done when it has run out. */
const AFTERMATH_MS = 25_000;
/** The one effect that a platform without idempotency and without a way to look cannot keep from happening twice. */
const SPOKEN_TWICE = 'spoken-twice';

export interface FlowView {
  id: string;
  phase: string;
  reason?: string;
  legs: { callId?: string; state: string }[];
}

export interface Fault {
  text: string;
  call?: Call;
}

export interface Judged {
  faults: Fault[];
  reasons: Record<string, number>;
  /** How many sentences were said again around a disturbance, as the documentation says that they may be. */
  spokenTwice: number;
  /**
   * How many bridges were asked for once more because the reply to the first was lost, as a log says; the platform
   * refused. The stub knows most of such losses, but not those of a client that waited for a busy stub in vain.
   */
  bridgedAgain: number;
}

export async function liveFlows({ url }: Pick<Instance, 'url'>): Promise<FlowView[]> {
  const lists = LIVE_PHASES.map(async (phase) => {
    const reply = await fetch(`${url}/calls?limit=1000&phase=${phase}`);
    if (!reply.ok) throw new Error(`GET /calls: ${reply.status} ${await reply.text()}`);
    return ((await reply.json()) as { calls: FlowView[] }).calls;
  });
  return (await Promise.all(lists)).flat();
}

/** With its timeline; undefined where Tandem knows no such flow. */
export async function getFlow(url: string, id: string): Promise<FlowView | undefined> {
  const reply = await fetch(`${url}/calls/${id}`);
  return reply.status === 200 ? ((await reply.json()) as FlowView) : undefined;
}

/** Waits until neither the platform has a leg left nor Tandem a flow that is not over; how long that took, ms. */
export async function settle(stub: StubPlatform, instances: readonly Instance[], maxMs: number): Promise<number> {
  const startedAt = Date.now();
  const isSettled = async (): Promise<boolean> => {
    if (!stub.isQuiet()) return false;
    const lists = await Promise.all(instances.map((one) => liveFlows(one).catch(() => undefined)));
    return lists.every((flows) => flows?.length === 0);
  };
  while (Date.now() - startedAt < maxMs) {
    // Twice, with a pause: a late reaction to a late event would show in between.
    if (await isSettled()) {
      await sleep(1_000);
      if (await isSettled()) break;
    }
    await sleep(500);
  }
  return Date.now() - startedAt;
}

/** @param disturbed what was done to the processes, as distinct from the wire */
export async function judge(
  report: Report,
  calls: readonly Call[],
  instances: readonly Instance[],
  disturbed: readonly Disturbed[] = [],
): Promise<Judged> {
  const callOf = (scenario: Call['scenario']): Call | undefined => calls.find((call) => call.scenario === scenario);
  const faults: Fault[] = instances.flatMap((instance) => instance.faults.map((text) => ({ text })));
  let spokenTwice = 0;
  let bridgedAgain = 0;
  const lostBridges = lostBridgesOf(instances);
  for (const { scenario, code, text } of report.violations) {
    // Said by who is in between, or by a Tandem without a store: what comes of the call is judged by its legs.
    if (code === 'event-unanswered' || (code === 'event-refused' && /with 5\d\d$/.test(text))) continue;
    const call = callOf(scenario);
    const near = disturbed.some(({ from, to }) => call && touches(call, from, to + AFTERMATH_MS));
    if (code === SPOKEN_TWICE && near) spokenTwice++;
    else if (code === 'double-bridge' && lostBridges.has(call?.flowId ?? '')) bridgedAgain++;
    else faults.push({ text: `${code}: ${text}`, ...(call && { call }) });
  }
  for (const leg of report.orphans) {
    const call = callOf(leg.scenario);
    faults.push({ text: `orphan: ${leg.role} ${leg.id} is still ${leg.state}`, ...(call && { call }) });
  }
  for (const text of new Set(report.strays)) faults.push({ text: `stray request: ${text}` });

  const url = instances[0]?.url ?? '';
  const reasons: Record<string, number> = {};
  for (const call of calls) {
    const commands = [...call.scenario.journal.commands.values()].reduce((sum, count) => sum + count, 0);
    if (commands > COMMAND_STORM) faults.push({ call, text: `${commands} commands for one call` });
    if (call.refused !== undefined) faults.push({ call, text: call.refused });
    if (!isOwed(call)) continue;
    const flow = await getFlow(url, call.flowId ?? '');
    if (!flow) faults.push({ call, text: 'acknowledged, and Tandem does not know this call' });
    else if (flow.phase !== 'ended') faults.push({ call, text: `still live in Tandem: ${flow.phase}` });
    else if (!flow.reason) faults.push({ call, text: 'ended without a reason' });
    const reason = flow?.reason ?? 'none';
    reasons[reason] = (reasons[reason] ?? 0) + 1;
  }
  for (const instance of instances) {
    for (const flow of await liveFlows(instance))
      faults.push({ text: `still live in the list of ${instance.name}: ${flow.id} ${flow.phase}` });
    for (const line of instance.log())
      if (/TypeError|ReferenceError|RangeError|SyntaxError|unhandled|uncaught/i.test(line))
        faults.push({ text: `a fault of Tandem's code: ${line}` });
  }
  return { faults, reasons, spokenTwice, bridgedAgain };
}

/** The flows for which the reply to a bridge command was lost, by the logs. */
function lostBridgesOf(instances: readonly Instance[]): Set<string> {
  const lost = /"event":"command-failed","sessionId":"([^"]+)","command":"create-bridge","fate":"unknown"/;
  return new Set(instances.flatMap(({ log }) => log().flatMap((line) => lost.exec(line)?.[1] ?? [])));
}

function touches({ scenario, startedAt }: Call, from: number, to: number): boolean {
  const endedAt = Math.max(startedAt, ...scenario.legs.map((leg) => leg.endedAt ?? Infinity));
  return startedAt <= to && endedAt >= from;
}

/** Everything there is to know about a call that went wrong: the stub's ladder, Tandem's timeline, Tandem's logs. */
async function tell(
  { call, text }: Fault,
  report: Report,
  instances: readonly Instance[],
  disturbed: readonly Disturbed[],
): Promise<string> {
  if (!call) return text;
  const { scenario, flowId } = call;
  const ids = [...scenario.legs.map((leg) => leg.id), ...(flowId ? [flowId] : [])];
  const logs = instances.flatMap(({ name, log }) =>
    log()
      .filter((line) => ids.some((id) => line.includes(`"${id}"`)))
      .map((line) => `    ${name} ${line}`),
  );
  const flow = await getFlow(instances[0]?.url ?? '', flowId ?? '-').catch(String);
  const around = disturbed.filter(({ from, to }) => touches(call, from, to + AFTERMATH_MS));
  return [
    `>>> ${text}`,
    report.ladder(scenario),
    ...around.map(({ what, from, to }) => `  ${what}: ${from - call.startedAt} … ${to - call.startedAt} ms`),
    `  Tandem's view: ${JSON.stringify(flow)}`,
    `  Tandem's logs:\n${logs.join('\n')}`,
  ].join('\n');
}

/** @throws with every fault, and all about the first few */
export async function expectNoFault(
  faults: readonly Fault[],
  seed: number,
  report: Report,
  instances: readonly Instance[],
  disturbed: readonly Disturbed[] = [],
): Promise<void> {
  if (faults.length === 0) return;
  const shown = await Promise.all(
    faults.slice(0, LADDERS_SHOWN).map((fault) => tell(fault, report, instances, disturbed)),
  );
  const all = faults.slice(0, FAULTS_LISTED).map(({ call, text }) => {
    if (!call) return text;
    return `${call.scenario.name} (${outcomeOf(call.scenario)}): ${text}`;
  });
  throw new Error(`${faults.length} faults, CHAOS_SEED=${seed}\n${all.join('\n')}\n\n${shown.join('\n\n')}`);
}
