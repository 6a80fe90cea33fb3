/**
 * Flows forgotten in the middle of calls in every phase: one Tandem with its flows in memory is killed and started again;
 * two with theirs in a Redis that keeps nothing on disk lose that. What is left are legs on the platform: each is ended,
 * or adopted with its pair.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isUp, NO_FAULTS, type Faults, type Script } from '../../src/testkit/platform';
import { createPrng } from '../../src/testkit/platform/prng';
import { startRedis, type RedisServer } from '../helpers/redis-server';
import { makeCalls, type Call, type Job } from './support/callers';
import { countBy, createTally, print, warningsOf } from './support/counts';
import { expectNoFault, judge, liveFlows, settle, type Fault, type FlowView } from './support/judge';
import { startWorld, type World } from './support/world';

const SEED = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 1e9));
const CALLS_PER_PHASE = 20;
/** What it should meet. */
const LIVE = ['dialling', 'answering', 'bridging', 'bridged', 'speaking', 'ending'];
/** From when all is up again until every leg has an owner, or is gone. */
const RECOVERY_MS = 30_000;
/** How long calls may take to come to where they should be; ms. */
const WATCH_MS = { talking: 15_000, onTheirWay: 5_000 };
/** Slow enough for each phase to be met. */
const SLOW_REPLIES: Faults = { ...NO_FAULTS, commands: { 'slow reply': 0.5 } };

const LONG: Script = { farEnd: 'answer', farEndAfterMs: 30, endsBy: 'caller', talkMs: 40_000 };
const KINDS = ['sip-to-pstn', 'pstn-to-sip'] as const;

const times = (make: (kind: (typeof KINDS)[number]) => Job): Job[] =>
  Array.from({ length: CALLS_PER_PHASE }, (_, index) => make(KINDS[index % 2] ?? 'sip-to-pstn'));

/** Pairs that talk when it comes, and long after. */
const talks = (): Job[] => times((kind) => ({ kind, script: LONG }));

/** Calls that are on their way through the phases when it comes. */
function onTheirWay(): Job[] {
  const prng = createPrng(SEED).fork('scripts');
  const late = () => ({ ...LONG, farEndAfterMs: prng.between(300, 600) });
  return [
    ...times((kind) => ({ kind, script: { ...LONG, farEnd: 'no-answer' } })),
    ...times((kind) => ({ kind, script: { ...late(), talkMs: prng.between(100, 3_000) } })),
    ...times((kind) => ({ kind, script: { ...late(), endsBy: 'callee', talkMs: prng.between(1, 200) } })),
    ...times(() => ({ kind: 'speak', script: { ...LONG, farEndAfterMs: prng.between(100, 700) } })),
  ];
}

let redis: RedisServer | undefined;
let world: World | undefined;
afterEach(async () => {
  await world?.close();
  await redis?.close();
  world = redis = undefined;
});

it('ends or adopts every leg after a SIGKILL, with the memory store', async () => {
  world = await startWorld({ seed: SEED, names: ['tandem'], faults: SLOW_REPLIES, commandTimeoutMs: 2_000 });
  const { instances, start } = world;
  await forget('memory store, killed and started again', world, async () => {
    for (const instance of instances) await instance.kill();
    await sleep(500);
    for (const instance of instances) await start(instance);
  });
}, 300_000);

it('ends or adopts every leg after Redis has lost its data', async () => {
  const lossy = (redis = await startRedis());
  const names = ['a', 'b'];
  world = await startWorld({ seed: SEED, names, faults: SLOW_REPLIES, commandTimeoutMs: 2_000, redisUrl: lossy.url });
  await forget('Redis, killed without a copy on disk', world, async () => {
    await lossy.kill();
    await sleep(500);
    await lossy.start();
  });
}, 300_000);

async function forget(
  title: string,
  { stub, balancer, instances }: World,
  disaster: () => Promise<void>,
): Promise<void> {
  const [tandem] = instances;
  if (!tandem) throw new Error('there is no instance');
  const call = (all: Job[]): Promise<Call[]> =>
    makeCalls(all.values(), { stub, url: balancer.url, concurrency: all.length, patienceMs: 200 });
  const look = async (): Promise<Record<string, number>> => countBy(await liveFlows(tandem), ({ phase }) => phase);
  const watch = async (
    maxMs: number,
    isSeen: (phases: Record<string, number>) => boolean,
  ): Promise<Record<string, number>> => {
    const untilMs = Date.now() + maxMs;
    let phases = await look();
    while (!isSeen(phases) && Date.now() < untilMs) {
      await sleep(10);
      phases = await look();
    }
    return phases;
  };
  const talking = await call(talks());
  const { bridged = 0 } = await watch(WATCH_MS.talking, (phases) => phases['bridged'] === talking.length);
  const calling = call(onTheirWay());
  const phases = await watch(WATCH_MS.onTheirWay, (seen) => LIVE.every((phase) => seen[phase]));
  const upThen = stub.report().orphans.length;
  await disaster();
  const startedAt = Date.now();
  const calls = [...talking, ...(await calling)];

  let adopted: FlowView[] = [];
  const ownerless = async (): Promise<Fault[]> => {
    adopted = await liveFlows(tandem).catch(() => []);
    const owned = new Set(adopted.flatMap(({ legs }) => legs.map(({ callId }) => callId)));
    return stub
      .report()
      .orphans.filter((leg) => isUp(leg) && !owned.has(leg.id))
      .map((leg) => {
        const owner = calls.find(({ scenario }) => scenario === leg.scenario);
        return { text: `nobody owns ${leg.role} ${leg.id}, which is ${leg.state}`, ...(owner && { call: owner }) };
      });
  };
  let faults = await ownerless();
  while (faults.length > 0 && Date.now() - startedAt < RECOVERY_MS) {
    await sleep(250);
    faults = await ownerless();
  }
  const recoveredMs = Date.now() - startedAt;
  const adoptedNow = countBy(adopted, ({ phase }) => phase);
  const settledMs = await settle(stub, instances, 120_000);
  const tally = createTally();
  for (const instance of instances) await tally.take(instance);
  const report = stub.report();
  // Of the calls from before Tandem need know nothing any more: they are judged by their legs alone.
  const after = calls.filter((each) => each.startedAt > startedAt);
  const judged = await judge(report, after, instances);
  print(title, report, {
    phasesThen: phases,
    legsUpThen: upThen,
    adopted: adoptedNow,
    recoveredMs,
    settledMs,
    counters: tally.counts,
    warnings: warningsOf(instances),
  });
  await expectNoFault([...faults, ...judged.faults], SEED, report, instances);
  // Or nothing was tried.
  expect(Object.keys(phases).length).toBeGreaterThanOrEqual(4);
  expect(bridged).toBe(talking.length);
  expect(adoptedNow['bridged']).toBeGreaterThanOrEqual(bridged);
}
