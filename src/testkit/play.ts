/** Plays calls against the app, several at a time, and waits until their legs and events are done. */
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../support/errors';
import { groupBy } from './counting';
import type { SpeakRequest } from './options';
import { calleesOf, type Scenario, type StubPlatform } from './platform';
import type { Job } from './scenarios';
import { watchStalls } from './stalls';

/** One played call. */
export interface Played {
  job: Job;
  scenario: Scenario;
  /**
   * Whether this process stalled during the call. A timeout of the app may then have fired without an injected fault.
   * Such a call counts for safety findings only.
   */
  stalled: boolean;
}

export interface PlayOptions {
  speak: SpeakRequest | undefined;
  /** The lane of a job, and how many jobs of that lane may run at once. */
  width: (job: Job) => { lane: string; width: number };
  /** How long to wait for the end of a call before the next one begins, ms. */
  maxCallMs: number;
  signal: AbortSignal;
  onPlayed: (call: Played) => void;
}

const POLL_MS = 20;
const STALL_MS = 200;
/** How long to wait after the first hang-up, and for a dial, before the next call begins, ms. */
const LEFT_ALONE_MS = 600;
const UNDIALLED_MS = 1_500;
const SPEAK_TIMEOUT_MS = 10_000;

export async function playAll(
  platform: StubPlatform,
  jobs: readonly Job[],
  { speak, width, maxCallMs, signal, onPlayed }: PlayOptions,
): Promise<Played[]> {
  const played: Played[] = [];
  const stalls = watchStalls(STALL_MS);
  const playOne = async (job: Job): Promise<void> => {
    const startedAt = Date.now();
    const call = { job, scenario: begin(platform, job, speak, signal), stalled: false };
    played.push(call);
    while (!signal.aborted && !isDone(platform, call.scenario, startedAt, maxCallMs)) await delay(POLL_MS);
    call.stalled = stalls.since(startedAt) || call.scenario.slowestAckMs > STALL_MS;
    onPlayed(call);
  };
  const lanes = groupBy(jobs, (job) => width(job).lane);
  const workers = [...lanes.values()].flatMap((lane) => {
    const [first] = lane;
    // All workers of a lane draw from one iterator: each job is taken once.
    const queue = lane.values();
    const work = async (): Promise<void> => {
      for (const job of queue) if (!signal.aborted) await playOne(job);
    };
    return Array.from({ length: first ? width(first).width : 0 }, work);
  });
  await Promise.all(workers);
  stalls.stop();
  return played;
}

function isDone(platform: StubPlatform, scenario: Scenario, startedAt: number, maxCallMs: number): boolean {
  if (platform.isOver(scenario)) return true;
  if (platform.isBusy(scenario)) return false;
  const now = Date.now();
  const ends = scenario.legs.map((leg) => leg.endedAt).filter((end) => end !== undefined);
  if (ends.length > 0 && now - Math.min(...ends) > LEFT_ALONE_MS) return true;
  if (calleesOf(scenario).length === 0 && now - startedAt > UNDIALLED_MS) return true;
  return now - startedAt > maxCallMs;
}

function begin(platform: StubPlatform, job: Job, speak: SpeakRequest | undefined, signal: AbortSignal): Scenario {
  const { label, script } = job;
  const { kind } = job.scenario;
  if (kind === 'sip-to-pstn') return platform.dialFromPhone(script, label);
  if (kind === 'pstn-to-sip') return platform.dialFromPstn(script, label);
  const scenario = platform.expectDial(script, label);
  if (speak) void order(speak, scenario, signal);
  return scenario;
}

/** Sends the request that makes the app call. */
async function order({ url, method, body, headers }: SpeakRequest, scenario: Scenario, signal: AbortSignal) {
  const { journal, dials = '' } = scenario;
  journal.truth(`${method} ${url}: the app is asked to call ${dials}`, 'caller');
  try {
    const reply = await fetch(url.replaceAll('{to}', encodeURIComponent(dials)), {
      method,
      headers,
      signal: AbortSignal.any([signal, AbortSignal.timeout(SPEAK_TIMEOUT_MS)]),
      ...(method === 'GET' ? {} : { body: body.replaceAll('{to}', dials) }),
    });
    const answer = await reply.text();
    // An app that has dialled accepted the request. An error status then reports the result of the call.
    if (reply.ok || journal.commands.has('create-call')) return;
    journal.violation('speak-refused', `--speak-url answered ${reply.status}: ${answer.slice(0, 200)}`);
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    if (!signal.aborted) journal.violation('speak-refused', `--speak-url: ${messageOf(cause)}`);
  }
}

/**
 * Waits until no leg is up and no event is pending. After the last planned action of a party it waits at most `maxMs`.
 * It ends early if the app has sent nothing for `idleMs`.
 */
export async function settle(
  platform: StubPlatform,
  played: readonly Played[],
  { maxMs, idleMs, signal }: { maxMs: number; idleMs: number; signal: AbortSignal },
): Promise<void> {
  let since = Date.now();
  while (!signal.aborted && !platform.isQuiet()) {
    const now = Date.now();
    if (played.some(({ scenario }) => platform.isBusy(scenario))) since = now;
    const silentMs = now - Math.max(since, platform.lastHeardAt());
    if (now - since > maxMs || silentMs > idleMs) return;
    await delay(POLL_MS);
  }
}
