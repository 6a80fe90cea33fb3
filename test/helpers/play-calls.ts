/** Plays calls against a running webhook server, a number at a time, and waits until the dust has settled. */
import type { Scenario, FlowKind, Script, StubPlatform } from '../../src/testkit/platform';
import { watchStalls } from '../../src/testkit/stalls';

export interface Job {
  kind: FlowKind;
  script: Script;
}

/** A call as Tandem's own API shows it. */
export interface FlowView {
  id: string;
  phase: string;
  reason?: string;
}

/** One played call: what the stub knows of it, and the id under which Tandem knows it. */
export interface Played {
  scenario: Scenario;
  flowId: string | undefined;
  /**
   * The machine stood still for a moment in the meantime. Then a client's timeout may strike where no fault was meant,
   * and the call is no measure of how gently Tandem treats calls; it still is one of safety.
   */
  stalled: boolean;
}

const POLL_MS = 20;
/** Well below Tandem's timeout for a command in these tests. */
const STALL_MS = 120;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function playAll(
  stub: StubPlatform,
  tandemUrl: string,
  jobs: readonly Job[],
  { concurrency, maxCallMs }: { concurrency: number; maxCallMs: number },
): Promise<Played[]> {
  const played: Played[] = [];
  const stalls = watchStalls(STALL_MS);
  const queue = jobs.values();
  // All workers draw from one iterator: each job is taken once.
  const work = async (): Promise<void> => {
    for (const job of queue) {
      const startedAt = Date.now();
      const call = await begin(stub, tandemUrl, job);
      const patienceEnds = startedAt + maxCallMs;
      while (!stub.isOver(call.scenario) && Date.now() < patienceEnds) await sleep(POLL_MS);
      played.push({ ...call, stalled: stalls.since(startedAt) || call.scenario.slowestAckMs > STALL_MS });
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  stalls.stop();
  return played.sort((a, b) => a.scenario.index - b.scenario.index);
}

async function begin(stub: StubPlatform, tandemUrl: string, { kind, script }: Job): Promise<Omit<Played, 'stalled'>> {
  if (kind !== 'speak') {
    const scenario = kind === 'sip-to-pstn' ? stub.dialFromPhone(script) : stub.dialFromPstn(script);
    return { scenario, flowId: scenario.legs[0]?.id };
  }
  const scenario = stub.expectDial(script);
  const reply = await fetch(`${tandemUrl}/calls`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ to: scenario.dials, sentence: 'Hello sip client' }),
  });
  if (reply.status !== 201)
    scenario.journal.violation('bad-request', `POST /calls: ${reply.status} ${await reply.text()}`);
  return { scenario, flowId: reply.headers.get('location')?.split('/').pop() };
}

/** Waits until neither the platform has a leg left nor Tandem a flow that is not over; how long that took. */
export async function settle(stub: StubPlatform, tandemUrl: string, maxMs: number): Promise<number> {
  const startedAt = Date.now();
  const isSettled = async (): Promise<boolean> =>
    stub.isQuiet() && (await listFlows(tandemUrl)).every((flow) => flow.phase === 'ended');
  while (Date.now() - startedAt < maxMs) {
    // Twice, with a pause: a late reaction to a late event would show in between.
    if (await isSettled()) {
      await sleep(1000);
      if (await isSettled()) break;
    }
    await sleep(500);
  }
  return Date.now() - startedAt;
}

export async function listFlows(tandemUrl: string): Promise<FlowView[]> {
  const reply = await fetch(`${tandemUrl}/calls?limit=1000`);
  const { calls } = (await reply.json()) as { calls: FlowView[] };
  return calls;
}

/** With its timeline, whatever that looks like; undefined where Tandem knows no such flow. */
export async function getFlow(tandemUrl: string, id: string): Promise<FlowView | undefined> {
  const reply = await fetch(`${tandemUrl}/calls/${id}`);
  return reply.status === 200 ? ((await reply.json()) as FlowView) : undefined;
}
