/**
 * Two instances of Tandem on one redis-server behind a load balancer, the clock of one of them wrong, thousands of calls
 * of every flow with every fault on, and meanwhile: instances killed and frozen, Redis paused, stopped and killed.
 * CHAOS_SEED draws the same calls, faults and disturbances again (how processes run is not drawn), CHAOS_CALLS sets how
 * many calls at least, CHAOS_KEEP=1 keeps the logs.
 */
import { ALL_FAULTS } from '../../src/testkit/platform';
import { createPrng } from '../../src/testkit/platform/prng';
import { startRedis, type RedisServer } from '../helpers/redis-server';
import { drawJobs, isOwed, makeCalls } from './support/callers';
import { countBy, createTally, print, warningsOf } from './support/counts';
import { createDisturber } from './support/disturber';
import { expectNoFault, judge, settle } from './support/judge';
import { liveKeys } from './support/live-keys';
import { watchStalls } from './support/stalls';
import { startWorld, type World } from './support/world';

const SEED = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 1e9));
const CALLS = Number(process.env['CHAOS_CALLS'] ?? 3_000);
const CONCURRENCY = 40;
const PLAN = { kill: 8, freeze: 2, 'redis paused': 2, 'redis stopped': 1, 'redis killed': 2 };
/** Two leases, the longest pause between two looks at a leg, and room for a slow machine. */
const SETTLE_MS = 120_000;

let redis: RedisServer | undefined;
let world: World | undefined;
afterEach(async () => {
  await world?.close();
  await redis?.close();
});

it('two instances lose no call and leave no leg, whatever is killed, frozen or paused', async () => {
  redis = await startRedis({ persistent: true });
  world = await startWorld({
    seed: SEED,
    names: ['a', 'b'],
    faults: ALL_FAULTS,
    // Longer than this process may stand still: what came in meanwhile would be carried out, and be unanswered.
    commandTimeoutMs: 2_000,
    redisUrl: redis.url,
    skewed: true,
  });
  const { stub, balancer, instances, start } = world;
  const prng = createPrng(SEED);
  const tally = createTally();
  const startedAt = Date.now();
  const disturber = createDisturber({
    instances,
    restart: start,
    beforeKill: (instance) => tally.take(instance),
    redis,
    prng: prng.fork('disturber'),
    plan: PLAN,
    log: (line) => process.stdout.write(`${((Date.now() - startedAt) / 1_000).toFixed(1).padStart(6)} s  ${line}\n`),
  });
  const stalls = watchStalls();
  let disturbing = true;
  const disturbed = disturber.run().finally(() => (disturbing = false));
  const jobs = drawJobs(prng.fork('scripts'), (drawn) => drawn >= CALLS && !disturbing);
  const calls = await makeCalls(jobs, { stub, url: balancer.url, concurrency: CONCURRENCY, patienceMs: 4_000 });
  await disturbed;
  const callingMs = Date.now() - startedAt;
  const settledMs = await settle(stub, instances, SETTLE_MS);
  for (const instance of instances) await tally.take(instance);

  const report = stub.report();
  const { faults, reasons, spokenTwice, bridgedAgain } = await judge(report, calls, instances, disturber.done);
  const left = await liveKeys(redis);
  if (left.length > 0) faults.push({ text: `still live in Redis: ${left.join(' ')}` });
  print('two instances and Redis', report, {
    callingMs,
    settledMs,
    longestStallMs: stalls.stop(),
    acknowledged: calls.filter(isOwed).length,
    reasons,
    disturbances: countBy(disturber.done, ({ what }) => what),
    balancer: balancer.counts,
    counters: tally.counts,
    spokenTwice,
    bridgedAgain,
    warnings: warningsOf(instances),
  });
  await expectNoFault(faults, SEED, report, instances, disturber.done);
}, 600_000);
