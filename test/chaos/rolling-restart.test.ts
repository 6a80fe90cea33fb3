/**
 * Three instances of Tandem on one redis-server, each restarted with SIGTERM in turn, again and again, while calls come
 * in over a perfect wire: every call comes to exactly what its people wanted.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { NO_FAULTS, outcomeOf } from '../../src/testkit/platform';
import { everyOutcome } from '../helpers/expectations';
import { startRedis, type RedisServer } from '../helpers/redis-server';
import { isOwed, makeCalls, type Job } from './support/callers';
import { createTally, print, warningsOf } from './support/counts';
import type { Disturbed } from './support/disturber';
import { expectNoFault, getFlow, judge, settle } from './support/judge';
import { liveKeys } from './support/live-keys';
import { startWorld, type World } from './support/world';

const SEED = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 1e9));
const ROUNDS = 2;
const CONCURRENCY = 15;

let redis: RedisServer | undefined;
let world: World | undefined;
afterEach(async () => {
  await world?.close();
  await redis?.close();
});

it('three instances restarted in turn with SIGTERM fail no call', async () => {
  redis = await startRedis({ persistent: true });
  const redisUrl = redis.url;
  world = await startWorld({
    seed: SEED,
    names: ['a', 'b', 'c'],
    faults: NO_FAULTS,
    commandTimeoutMs: 5_000,
    legCheckSeconds: 6,
    balancing: { patienceMs: 8_000, resets: 'passed over' },
    redisUrl,
  });
  const { stub, balancer, instances, start } = world;
  const tally = createTally();
  const restarts: Disturbed[] = [];
  const startedAt = Date.now();

  let restarting = true;
  const rolling = (async (): Promise<void> => {
    for (let round = 0; round < ROUNDS; round++) {
      for (const instance of instances) {
        await sleep(1_000);
        await tally.take(instance);
        const from = Date.now();
        await instance.stop();
        const stopMs = Date.now() - from;
        await start(instance);
        restarts.push({ what: `restart of ${instance.name}, SIGTERM took ${stopMs} ms`, from, to: Date.now() });
      }
    }
    await sleep(1_000);
  })().finally(() => (restarting = false));

  function* jobs(): Generator<Job> {
    while (restarting) yield* everyOutcome();
  }
  const calls = await makeCalls(jobs(), { stub, url: balancer.url, concurrency: CONCURRENCY, patienceMs: 15_000 });
  await rolling;
  const callingMs = Date.now() - startedAt;
  const settledMs = await settle(stub, instances, 60_000);
  for (const instance of instances) await tally.take(instance);

  const report = stub.report();
  const { faults, reasons } = await judge(report, calls, instances);
  for (const call of calls) {
    const expected = everyOutcome().filter(
      ({ kind, script }) => kind === call.kind && JSON.stringify(script) === JSON.stringify(call.script),
    );
    const outcome = outcomeOf(call.scenario);
    const reason = call.flowId === undefined ? '' : (await getFlow(instances[0]?.url ?? '', call.flowId))?.reason;
    if (!isOwed(call)) faults.push({ call, text: 'nobody took this call' });
    else if (!expected.some(({ outcomes }) => outcomes.includes(outcome)))
      faults.push({ call, text: `outcome "${outcome}", expected ${expected[0]?.outcomes.join(' or ') ?? '?'}` });
    else if (!expected.some(({ reasons: allowed }) => allowed.includes(reason ?? '')))
      faults.push({ call, text: `reason "${reason ?? ''}", expected ${expected[0]?.reasons.join(' or ') ?? '?'}` });
  }
  const left = await liveKeys(redis);
  if (left.length > 0) faults.push({ text: `still live in Redis: ${left.join(' ')}` });
  print('rolling restart of three instances', report, {
    callingMs,
    settledMs,
    reasons,
    restarts: restarts.map(({ what, from, to }) => `${what}, back after ${to - from} ms`),
    balancer: balancer.counts,
    counters: tally.counts,
    warnings: warningsOf(instances),
  });
  await expectNoFault(faults, SEED, report, instances, restarts);
}, 300_000);
