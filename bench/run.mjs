/**
 * Whole calls through Tandem, through a plain app and through the least possible server, on the same stub platform,
 * round by round in turn. See README.md for what the columns mean.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { cpuSeconds, median, quantile, rotated, table, withSpread } from './measure.mjs';
import { runBench } from './run-bench.mjs';
import { isBuilt, startServer, startStub } from './servers.mjs';

/** Ratios of Tandem to a floor; below a tenth a difference is noise. */
const GOALS = [
  { measure: 'cpu', floor: 'plain', atMost: 1.0 },
  { measure: 'p50', floor: 'plain', atMost: 1.2 },
];
const NOISE = 0.1;

const MEASURES = [
  { key: 'flows', title: 'flows/s', decimals: 0 },
  { key: 'cpu', title: 'CPU s / 1,000 calls', decimals: 2 },
  { key: 'p50', title: 'p50 ms', decimals: 2 },
  { key: 'p99', title: 'p99 ms', decimals: 2 },
];

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string' },
    calls: { type: 'string' },
    'latency-calls': { type: 'string' },
    concurrency: { type: 'string', default: '50' },
    smoke: { type: 'boolean', default: false },
    'floors-only': { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});
const usual = flags.smoke
  ? { rounds: 2, calls: 100, latencyCalls: 20, warmUp: 100 }
  : { rounds: 8, calls: 1_000, latencyCalls: 200, warmUp: 2_000 };
const plan = {
  ...usual,
  rounds: Number(flags.rounds ?? usual.rounds),
  calls: Number(flags.calls ?? usual.calls),
  latencyCalls: Number(flags['latency-calls'] ?? usual.latencyCalls),
  concurrency: Number(flags.concurrency),
};

/** A round that lost a call measures nothing. */
async function drive(stub, server, calls, concurrency) {
  const report = await stub.run({ target: server.url, calls, concurrency });
  const faults = Object.entries(report.faults).map(([what, times]) => `${times} × ${what}`);
  if (report.done !== calls || faults.length > 0) {
    throw new Error(`${server.name}: ${report.done} of ${calls} calls went well; ${faults.join('; ') || 'no faults'}`);
  }
  return report;
}

async function measure(stub, server) {
  const before = cpuSeconds(server.pid);
  const busy = await drive(stub, server, plan.calls, plan.concurrency);
  const cpu = ((cpuSeconds(server.pid) - before) / plan.calls) * 1_000;
  const calm = await drive(stub, server, plan.latencyCalls, 1);
  server.emptyLog();
  return {
    flows: plan.calls / busy.seconds,
    cpu,
    p50: quantile(calm.latencies, 0.5),
    p99: quantile(calm.latencies, 0.99),
    events: busy.events / plan.calls,
    commands: busy.commands / plan.calls,
  };
}

function verdict(ratio, atMost) {
  if (ratio <= atMost) return 'met';
  return ratio <= atMost * (1 + NOISE) ? 'within noise' : 'not met';
}

function report(results) {
  const column = (name, key) => results[name].map((round) => round[key]);
  const names = Object.keys(results);
  const rows = names.map((name) => [
    name,
    ...MEASURES.map(({ key, decimals }) => withSpread(column(name, key), decimals)),
    `${median(column(name, 'events'))} in, ${median(column(name, 'commands'))} out`,
  ]);
  console.log(`\n${table([['server', ...MEASURES.map(({ title }) => title), 'a call'], ...rows])}\n`);

  const [first, ...floors] = names;
  const ratios = floors.flatMap((floor) =>
    MEASURES.map(({ key }) => {
      const perRound = column(first, key).map((value, round) => value / column(floor, key)[round]);
      const goal = GOALS.find((one) => first === 'tandem' && one.floor === floor && one.measure === key);
      const ratio = median(perRound);
      return { of: first, to: floor, measure: key, perRound, ratio, goal: goal?.atMost };
    }),
  );
  const lines = ratios.map(({ of, to, measure: key, ratio, perRound, goal }) => [
    `${of} / ${to}: ${MEASURES.find((one) => one.key === key).title}`,
    ratio.toFixed(2),
    `${Math.min(...perRound).toFixed(2)} … ${Math.max(...perRound).toFixed(2)}`,
    goal === undefined ? '' : `≤ ${goal.toFixed(1)}`,
    goal === undefined ? '' : verdict(ratio, goal),
  ]);
  console.log(table([['ratio', 'median', 'rounds', 'goal', ''], ...lines]));
  if (flags.json) writeFileSync(flags.json, `${JSON.stringify({ plan, results, ratios }, null, 2)}\n`);
}

async function main(keep) {
  const names = ['tandem', 'plain', 'bare'];
  if (flags['floors-only']) {
    console.log('tandem: skipped (--floors-only)');
    names.shift();
  } else if (!isBuilt()) {
    throw new Error('dist/cli/main.js is missing: `npm run build` first, or --floors-only');
  }
  const stub = keep(await startStub());
  const servers = [];
  for (const name of names) servers.push(keep(await startServer(name, stub.url)));
  for (const server of servers) await drive(stub, server, plan.warmUp, plan.concurrency);
  const results = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < plan.rounds; round++) {
    for (const server of rotated(servers, round)) results[server.name].push(await measure(stub, server));
    console.log(
      `round ${round + 1} of ${plan.rounds}: CPU s / 1,000 calls ` +
        names.map((name) => `${name} ${results[name][round].cpu.toFixed(2)}`).join(', '),
    );
  }
  report(results);
}

await runBench(main);
