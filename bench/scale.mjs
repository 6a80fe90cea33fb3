/**
 * One Tandem with its flows in memory, beside 1, 2 and 4 instances on one Redis: events a second, and how long it takes
 * from an event to the command that it causes. The events of every call go to the instances in turn.
 *
 *   node bench/scale.mjs [--rounds 5] [--calls 1500] [--concurrency 50] [--instances 1,2,4] [--json FILE] [--smoke]
 */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { cpuSeconds, machineSeconds, median, quantile, rotated, table, withSpread } from './measure.mjs';
import { startRedis } from './redis.mjs';
import { runBench } from './run-bench.mjs';
import { isBuilt, startServer, startStub } from './servers.mjs';

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string' },
    calls: { type: 'string' },
    concurrency: { type: 'string', default: '50' },
    instances: { type: 'string' },
    smoke: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});
const usual = flags.smoke
  ? { rounds: 1, calls: 150, warmUp: 100, instances: '1,2' }
  : { rounds: 5, calls: 1_500, warmUp: 1_500, instances: '1,2,4' };
const plan = {
  ...usual,
  rounds: Number(flags.rounds ?? usual.rounds),
  calls: Number(flags.calls ?? usual.calls),
  concurrency: Number(flags.concurrency),
  instances: (flags.instances ?? usual.instances).split(',').map(Number),
};

const MEASURES = [
  { key: 'events', title: 'events/s', decimals: 0 },
  { key: 'p50', title: 'p50 ms', decimals: 1 },
  { key: 'p99', title: 'p99 ms', decimals: 1 },
  { key: 'calmP50', title: 'calm p50', decimals: 2 },
  { key: 'calmP99', title: 'calm p99', decimals: 2 },
  { key: 'cpu', title: 'CPU s / 1,000 calls', decimals: 2 },
  { key: 'redis', title: 'of it Redis', decimals: 2 },
  { key: 'busy', title: 'cores busy', decimals: 2 },
];

/** A round that lost a call measures nothing. */
async function drive(stub, setup, calls, concurrency) {
  const targets = setup.servers.map(({ url }) => url);
  const report = await stub.run({ targets, calls, concurrency });
  const faults = Object.entries(report.faults).map(([what, times]) => `${times} × ${what}`);
  if (report.done !== calls || faults.length > 0)
    throw new Error(`${setup.name}: ${report.done} of ${calls} calls went well; ${faults.join('; ') || 'no faults'}`);
  return report;
}

async function measure(stub, setup) {
  const spent = () => [...setup.servers, ...(setup.redis ? [setup.redis] : [])].map(({ pid }) => cpuSeconds(pid));
  const [before, stubBefore, machineBefore] = [spent(), cpuSeconds(stub.pid), machineSeconds()];
  const busy = await drive(stub, setup, plan.calls, plan.concurrency);
  const [machine, stubUsed] = [machineSeconds() - machineBefore, cpuSeconds(stub.pid) - stubBefore];
  const used = spent().map((seconds, index) => seconds - before[index]);
  const total = used.reduce((sum, seconds) => sum + seconds, 0);
  const calm = await drive(stub, setup, Math.ceil(plan.calls / 10), 1);
  for (const server of setup.servers) server.emptyLog();
  return {
    events: busy.events / busy.seconds,
    p50: quantile(busy.latencies, 0.5),
    p99: quantile(busy.latencies, 0.99),
    calmP50: quantile(calm.latencies, 0.5),
    calmP99: quantile(calm.latencies, 0.99),
    cpu: (total / plan.calls) * 1_000,
    redis: setup.redis ? (used.at(-1) / plan.calls) * 1_000 : 0,
    busy: (total + stubUsed) / busy.seconds,
    others: Math.max(0, machine - total - stubUsed) / busy.seconds,
  };
}

function report(results) {
  const names = Object.keys(results);
  const column = (name, key) => results[name].map((round) => round[key]);
  const cell = (name, { key, decimals }) =>
    median(column(name, key)) === 0 ? '–' : withSpread(column(name, key), decimals);
  const rows = names.map((name) => [name, ...MEASURES.map((measured) => cell(name, measured))]);
  console.log(`\n${table([['setup', ...MEASURES.map(({ title }) => title)], ...rows])}\n`);

  const [floor, ...rest] = names;
  const keys = MEASURES.filter(({ key }) => ['events', 'p99', 'calmP99', 'cpu'].includes(key));
  const ratio = (name, key) => median(column(name, key).map((value, round) => value / column(floor, key)[round]));
  const ratios = rest.map((name) => [name, ...keys.map(({ key }) => ratio(name, key).toFixed(2))]);
  console.log(table([[`against ${floor}`, ...keys.map(({ title }) => title)], ...ratios]));

  const cores = availableParallelism();
  const most = (key) => Math.max(...names.map((name) => median(column(name, key))));
  const [busiest, others] = [most('busy'), most('others')];
  const limit =
    busiest + others > 0.85 * cores
      ? 'The machine is what limits: instances share its cores, so this shows what they cost, not what they could do.'
      : 'There were cores to spare: what limits is one process.';
  console.log(
    `\nThe stub, Redis and all instances used at most ${busiest.toFixed(2)} of ${cores} cores, and whatever else runs ` +
      `here ${others.toFixed(2)}. ${limit}`,
  );
  if (others > 0.25) console.log('This machine was not quiet: take the ratios with care.');
  if (flags.json) writeFileSync(flags.json, `${JSON.stringify({ plan, cores, results }, null, 2)}\n`);
}

async function main(keep) {
  if (!isBuilt()) throw new Error('dist/cli/main.js is missing: `npm run build` first');
  const stub = keep(await startStub());
  const setups = [{ name: 'memory', servers: [keep(await startServer('tandem', stub.url))] }];
  for (const count of plan.instances) {
    // A Redis of its own for each, so that none finds the flows of another.
    const redis = keep(await startRedis());
    const servers = [];
    for (let i = 0; i < count; i++) servers.push(keep(await startServer('tandem', stub.url, { REDIS_URL: redis.url })));
    setups.push({ name: `redis, ${count} instance${count > 1 ? 's' : ''}`, servers, redis });
  }
  for (const setup of setups) await drive(stub, setup, plan.warmUp, plan.concurrency);
  const results = Object.fromEntries(setups.map(({ name }) => [name, []]));
  for (let round = 0; round < plan.rounds; round++) {
    for (const setup of rotated(setups, round)) results[setup.name].push(await measure(stub, setup));
    console.log(
      `round ${round + 1} of ${plan.rounds}: events/s ` +
        setups.map(({ name }) => `${name} ${results[name][round].events.toFixed(0)}`).join('; '),
    );
  }
  report(results);
}

await runBench(main);
