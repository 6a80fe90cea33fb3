/** People who call: a number at a time, through the load balancer, for as long as they are wanted. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FlowKind, Scenario, Script, StubPlatform } from '../../../src/testkit/platform';
import type { Prng } from '../../../src/testkit/platform/prng';
import { drawScript } from '../../helpers/draw-script';

export interface Job {
  kind: FlowKind;
  script: Script;
}

export interface Call extends Job {
  scenario: Scenario;
  /** The id under which Tandem knows it; undefined where it never said one. */
  flowId: string | undefined;
  /** An answer of Tandem's API that can be no fault of an outage. */
  refused?: string;
  /** Epoch ms. */
  startedAt: number;
}

export interface CallOptions {
  stub: StubPlatform;
  /** Where Tandem's own API is. */
  url: string;
  concurrency: number;
  /** How long a caller's place is kept; the call goes on, but the next one begins. */
  patienceMs: number;
}

const POLL_MS = 25;
const KINDS: readonly FlowKind[] = ['sip-to-pstn', 'pstn-to-sip', 'speak'];

/** All flows in turn, all outcomes mixed. The nth job is the same for the same seed, however many there will be. */
export function* drawJobs(prng: Prng, isEnough: (drawn: number) => boolean): Generator<Job> {
  for (let index = 0; !isEnough(index); index++) {
    const kind = KINDS[index % KINDS.length] ?? 'speak';
    yield { kind, script: drawScript(prng.fork(`script ${index}`), kind) };
  }
}

export async function makeCalls(jobs: Iterator<Job>, options: CallOptions): Promise<Call[]> {
  const { stub, concurrency, patienceMs } = options;
  const calls: Call[] = [];
  const person = async (): Promise<void> => {
    // All persons draw from one iterator: each job is taken once.
    for (let next = jobs.next(); !next.done; next = jobs.next()) {
      const call = await begin(next.value, options);
      calls.push(call);
      const untilMs = call.startedAt + (isOwed(call) ? patienceMs : 0);
      while (!stub.isOver(call.scenario) && Date.now() < untilMs) await sleep(POLL_MS);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, person));
  return calls.sort((a, b) => a.scenario.index - b.scenario.index);
}

/** Whether Tandem has said that the call is its business. */
export function isOwed({ kind, scenario, flowId }: Call): boolean {
  return kind === 'speak' ? flowId !== undefined : scenario.known;
}

async function begin({ kind, script }: Job, { stub, url }: CallOptions): Promise<Call> {
  const startedAt = Date.now();
  if (kind === 'speak') {
    const scenario = stub.expectDial(script);
    return { kind, script, scenario, startedAt, ...(await speak(url, scenario)) };
  }
  const scenario = kind === 'sip-to-pstn' ? stub.dialFromPhone(script) : stub.dialFromPstn(script);
  // Nobody is known before the first ring is taken; a caller waits for it as long as for anything.
  while (!scenario.known && !stub.isOver(scenario)) await sleep(POLL_MS);
  return { kind, script, scenario, flowId: scenario.legs[0]?.id, startedAt };
}

/** Asked once: a client that has no answer cannot know whether somebody is being called already. */
async function speak(url: string, scenario: Scenario): Promise<Pick<Call, 'flowId' | 'refused'>> {
  for (;;) {
    const reply = await fetch(`${url}/calls`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ to: scenario.dials, sentence: 'Hello sip client' }),
    });
    const { status, headers } = reply;
    const body = await reply.text();
    if (status === 201) return { flowId: headers.get('location')?.split('/').pop() };
    scenario.journal.truth(`POST /calls: ${status} ${body}`);
    if (status < 500) return { flowId: undefined, refused: `POST /calls: ${status} ${body}` };
    // Said before anything was done: there is another instance.
    if (!body.includes('"draining"')) return { flowId: undefined };
    await sleep(POLL_MS);
  }
}
