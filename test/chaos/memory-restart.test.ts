/**
 * One Tandem with its flows in memory, killed in the middle of calls in every phase: the next one knows nothing of them,
 * and ends or adopts every leg that it finds on the platform.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isUp, NO_FAULTS, type Faults, type Script } from '../../src/testkit/platform';
import { createPrng } from '../../src/testkit/platform/prng';
import { makeCalls, type Job } from './support/callers';
import { countBy, createTally, print, warningsOf } from './support/counts';
import { expectNoFault, judge, liveFlows, settle, type Fault, type FlowView } from './support/judge';
import { startWorld, type World } from './support/world';

const SEED = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 1e9));
const CALLS_PER_PHASE = 20;
/** Those that must be met by the kill; a look that finds all of them at once comes within a second or two. */
const LIVE = ['dialling', 'answering', 'bridging', 'bridged', 'speaking', 'ending'];
/** From the new Tandem's start until every leg has an owner, or is gone. */
const RECOVERY_MS = 15_000;
/** Slow enough for each phase to be met by the kill. */
const SLOW_REPLIES: Faults = { ...NO_FAULTS, commands: { 'slow reply': 0.5 } };

const LONG: Script = { farEnd: 'answer', farEndAfterMs: 30, endsBy: 'caller', talkMs: 25_000 };
const KINDS = ['sip-to-pstn', 'pstn-to-sip'] as const;

/** Calls that are dialling, bridged and ending when the kill comes, and many that are on their way through the phases. */
function jobs(): Job[] {
  const prng = createPrng(SEED).fork('scripts');
  const each = (make: (kind: 'sip-to-pstn' | 'pstn-to-sip') => Script): Job[] =>
    Array.from({ length: CALLS_PER_PHASE }, (_, index) => {
      const kind = KINDS[index % 2] ?? 'sip-to-pstn';
      return { kind, script: make(kind) };
    });
  return [
    ...each(() => ({ ...LONG, farEnd: 'no-answer' })),
    ...each(() => LONG),
    ...each(() => ({ ...LONG, farEndAfterMs: prng.between(300, 600), talkMs: prng.between(100, 3_000) })),
    ...each(() => ({ ...LONG, farEndAfterMs: prng.between(300, 600), endsBy: 'callee', talkMs: prng.between(1, 200) })),
    ...Array.from({ length: CALLS_PER_PHASE }, (): Job => ({
      kind: 'speak',
      script: { ...LONG, farEndAfterMs: prng.between(100, 700) },
    })),
  ];
}

let world: World | undefined;
afterEach(() => world?.close());

it('ends or adopts every leg after a SIGKILL, with the memory store', async () => {
  world = await startWorld({ seed: SEED, names: ['tandem'], faults: SLOW_REPLIES, commandTimeoutMs: 2_000 });
  const { stub, balancer, instances, start } = world;
  const [tandem] = instances;
  if (!tandem) throw new Error('there is no instance');
  const all = jobs();
  const calling = makeCalls(all.values(), { stub, url: balancer.url, concurrency: all.length, patienceMs: 200 });
  let phases: Record<string, number> = {};
  const untilMs = Date.now() + 10_000;
  while (LIVE.some((phase) => !phases[phase]) && Date.now() < untilMs) {
    await sleep(20);
    phases = countBy(await liveFlows(tandem), ({ phase }) => phase);
  }
  await tandem.kill();
  const upAtKill = stub.report().orphans.length;
  await sleep(500);
  await start(tandem);
  const calls = await calling;

  const startedAt = Date.now();
  let adopted: FlowView[] = [];
  const ownerless = async (): Promise<Fault[]> => {
    adopted = await liveFlows(tandem);
    const owned = new Set(adopted.flatMap(({ legs }) => legs.map(({ callId }) => callId)));
    return stub
      .report()
      .orphans.filter((leg) => isUp(leg) && !owned.has(leg.id))
      .map((leg) => {
        const call = calls.find(({ scenario }) => scenario === leg.scenario);
        return { text: `nobody owns ${leg.role} ${leg.id}, which is ${leg.state}`, ...(call && { call }) };
      });
  };
  let faults = await ownerless();
  while (faults.length > 0 && Date.now() - startedAt < RECOVERY_MS) {
    await sleep(250);
    faults = await ownerless();
  }
  const recoveredMs = Date.now() - startedAt;
  const adoptedNow = countBy(adopted, ({ phase }) => phase);
  const settledMs = await settle(stub, instances, 60_000);
  const tally = createTally();
  await tally.take(tandem);
  const report = stub.report();
  // Of calls from before the kill Tandem need know nothing any more: they are judged by their legs alone.
  const after = calls.filter(({ startedAt: at }) => at > (tandem.startedAt[1] ?? 0));
  const judged = await judge(report, after, instances);
  print('memory store, killed and started again', report, {
    phasesAtKill: phases,
    legsUpAtKill: upAtKill,
    adopted: adoptedNow,
    recoveredMs,
    settledMs,
    counters: tally.counts,
    warnings: warningsOf(instances),
  });
  await expectNoFault([...faults, ...judged.faults], SEED, report, instances);
}, 120_000);
