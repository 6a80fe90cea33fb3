/**
 * Calls at a steady rate, for minutes or hours: does anything grow? Memory, handles, threads and latency are sampled every
 * few seconds and told every minute; a straight line through the second half of the samples must not climb.
 *
 *   npm run soak -- [--minutes 5] [--rate 20] [--talk-ms 1000] [--redis] [--json FILE]
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds, line, quantile, rssMiB, table } from './measure.mjs';
import { startRedis } from './redis.mjs';
import { runBench } from './run-bench.mjs';
import { isBuilt, startServer, startStub } from './servers.mjs';

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    rate: { type: 'string', default: '20' },
    'talk-ms': { type: 'string', default: '1000' },
    'sample-seconds': { type: 'string', default: '5' },
    redis: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});
const minutes = Number(flags.minutes);
const rate = Number(flags.rate);
const talkMs = Number(flags['talk-ms']);
const sampleSeconds = Number(flags['sample-seconds']);

/**
 * What may not grow: by at most a share of what it was, or by so much in absolute terms, whichever is more. What is small
 * swings by chance; a leak goes through any limit if the soak is long enough. `floor`: what swings by design, as the heap
 * between two collections, is judged by its lowest value in each half minute.
 */
const LIMITS = [
  { key: 'rss', title: 'RSS MiB', decimals: 1, share: 0.1, absolute: 5 },
  { key: 'heap', title: 'heap MiB', decimals: 1, share: 0.25, absolute: 10, floor: true },
  { key: 'fds', title: 'handles', decimals: 0, share: 0.1, absolute: 5 },
  { key: 'threads', title: 'threads', decimals: 0, share: 0, absolute: 1 },
  { key: 'live', title: 'live flows', decimals: 0, share: 0.25, absolute: 5 },
  { key: 'p50', title: 'p50 ms', decimals: 2, share: 0.5, absolute: 1 },
  { key: 'p99', title: 'p99 ms', decimals: 2, share: 1, absolute: 10 },
];

const FLOOR_SECONDS = 30;

async function metricsOf(url) {
  const text = await (await fetch(`${url}/metrics`)).text();
  const all = (name) => [...text.matchAll(new RegExp(`^${name}(?:\\{(.*)\\})? (\\S+)$`, 'gm'))];
  const sum = (name) => all(name).reduce((total, [, , value]) => total + Number(value), 0);
  const buckets = new Map();
  for (const [, labels, value] of all('tandem_event_to_command_seconds_bucket')) {
    const bound = Number(/le="([^"]+)"/.exec(labels)[1].replace('+Inf', 'Infinity'));
    buckets.set(bound, (buckets.get(bound) ?? 0) + Number(value));
  }
  return {
    heap: sum('nodejs_heap_size_used_bytes') / 2 ** 20,
    live: sum('tandem_live_flows'),
    events: sum('tandem_events_total'),
    buckets,
  };
}

/** As Prometheus has it: within the bucket, evenly. ms */
function quantileOf(buckets, before, q) {
  const counts = [...buckets]
    .map(([bound, count]) => [bound, count - (before.get(bound) ?? 0)])
    .sort((a, b) => a[0] - b[0]);
  const total = counts.at(-1)?.[1] ?? 0;
  if (total === 0) return NaN;
  const rank = q * total;
  let [low, below] = [0, 0];
  for (const [bound, count] of counts) {
    if (count >= rank)
      return 1_000 * (bound === Infinity ? low : low + ((bound - low) * (rank - below)) / (count - below));
    [low, below] = [bound, count];
  }
  return NaN;
}

async function sample(server, redis, last) {
  const { buckets, ...metrics } = await metricsOf(server.url);
  const status = `/proc/${server.pid}`;
  return {
    at: performance.now() / 1_000,
    ...metrics,
    rss: rssMiB(server.pid),
    fds: readdirSync(`${status}/fd`).length,
    threads: readdirSync(`${status}/task`).length,
    cpu: cpuSeconds(server.pid),
    p50: quantileOf(buckets, last?.buckets ?? new Map(), 0.5),
    p99: quantileOf(buckets, last?.buckets ?? new Map(), 0.99),
    redis: redis ? (await redis.number('used_memory')) / 2 ** 20 : undefined,
    buckets,
  };
}

const median = (values) => quantile(values, 0.5);

/** A line of the table: medians over the minute, of the latencies too. */
function row(minute, samples, calls) {
  const [first, last] = [samples[0], samples.at(-1)];
  const seconds = last.at - first.at;
  const cells = LIMITS.map(({ key, decimals }) => median(samples.map((one) => one[key])).toFixed(decimals));
  const cpu = `${((100 * (last.cpu - first.cpu)) / seconds).toFixed(0)} %`;
  const events = ((last.events - first.events) / seconds).toFixed(0);
  const redis = last.redis === undefined ? [] : [last.redis.toFixed(1)];
  return [String(minute), String(calls), events, ...cells, cpu, ...redis];
}

/** The lowest of each window. */
function lowest(points) {
  const windows = new Map();
  for (const [at, value] of points) {
    const window = Math.floor(at / FLOOR_SECONDS);
    if (!(windows.get(window)?.[1] <= value)) windows.set(window, [at, value]);
  }
  return [...windows.values()];
}

/** What climbs in the second half: the first is left to the heap's finding its size, and to the history of ended calls. */
function growing(samples) {
  const half = samples.slice(Math.floor(samples.length / 2));
  return LIMITS.map(({ key, title, decimals, share, absolute, floor = false }) => {
    const all = half.filter((one) => Number.isFinite(one[key])).map((one) => [one.at, one[key]]);
    const points = floor ? lowest(all) : all;
    if (points.length < 4) return { text: `${title}: too short to tell`, grows: false };
    const { at } = line(points);
    const [start, end] = [points[0], points.at(-1)].map(([time]) => at(time));
    const allowed = Math.max(share * start, absolute);
    const verdict = end - start <= allowed ? 'flat' : 'GROWS';
    const text = `${title}: ${start.toFixed(decimals)} → ${end.toFixed(decimals)}, at most +${allowed.toFixed(1)}: ${verdict}`;
    return { text, grows: verdict === 'GROWS' };
  });
}

async function main(keep) {
  if (!isBuilt()) throw new Error('dist/cli/main.js is missing: `npm run build` first');
  if (minutes < 1) throw new Error('soak for a minute at least');
  const stub = keep(await startStub());
  const redis = flags.redis ? keep(await startRedis()) : undefined;
  const server = keep(await startServer('tandem', stub.url, redis ? { REDIS_URL: redis.url } : {}));
  const header = [
    'minute',
    'calls',
    'events/s',
    ...LIMITS.map(({ title }) => title),
    'CPU',
    ...(redis ? ['Redis MiB'] : []),
  ];
  const rows = [header];
  const samples = [];
  let calls = 0;
  for (let minute = 1; minute <= minutes; minute++) {
    const calling = stub.run({ targets: [server.url], rate, seconds: 60, talkMs });
    let over = false;
    void calling.finally(() => (over = true)).catch(() => {});
    const ofMinute = [await sample(server, redis, samples.at(-1))];
    while (!over) {
      await Promise.race([sleep(sampleSeconds * 1_000), calling]);
      // What is left of the minute is too short to be judged.
      if (!over) ofMinute.push(await sample(server, redis, ofMinute.at(-1)));
    }
    const report = await calling;
    const faults = Object.entries(report.faults).map(([what, times]) => `${times} × ${what}`);
    if (report.done !== report.calls || faults.length > 0)
      throw new Error(`minute ${minute}: ${report.done} of ${report.calls} calls went well; ${faults.join('; ')}`);
    server.emptyLog();
    calls += report.calls;
    // The first one of a minute stands between two: its calls are ending, the next ones have not begun.
    samples.push(...ofMinute.slice(1));
    rows.push(row(minute, ofMinute.slice(1), calls));
    // Aligned with what has been, and only what is new.
    const lines = table(rows).split('\n');
    console.log(minute === 1 ? lines.join('\n') : lines.at(-1));
  }
  const verdicts = growing(samples);
  console.log(`\nsecond half, by least squares\n${verdicts.map(({ text }) => `  ${text}`).join('\n')}`);
  if (verdicts.some(({ grows }) => grows)) process.exitCode = 1;
  if (flags.json)
    writeFileSync(
      flags.json,
      `${JSON.stringify(
        samples.map((one) => ({ ...one, buckets: undefined })),
        null,
        2,
      )}\n`,
    );
}

await runBench(main);
