/**
 * Does the process grow? 100,000 calls that all end, the resident size every 5,000, and a straight line through the
 * second half of the samples: it may climb by a tenth at most.
 *
 *   node bench/leak.mjs [--calls 100000] [--every 5000] [--concurrency 50] [--server tandem|plain|bare]
 */
import { parseArgs } from 'node:util';
import { line, rssMiB } from './measure.mjs';
import { runBench } from './run-bench.mjs';
import { startServer, startStub } from './servers.mjs';

const ALLOWED_GROWTH = 0.1;

const { values: flags } = parseArgs({
  options: {
    calls: { type: 'string', default: '100000' },
    every: { type: 'string', default: '5000' },
    concurrency: { type: 'string', default: '50' },
    server: { type: 'string', default: 'tandem' },
  },
});
const total = Number(flags.calls);
const every = Number(flags.every);
if (total / every < 6) throw new Error('take at least six samples: fewer --every, or more --calls');

/** How much the line through the second half climbs, as a part of where it starts. */
function growthOfSecondHalf(samples) {
  const half = samples.slice(Math.floor(samples.length / 2));
  const { at } = line(half);
  const [start, end] = [half[0], half[half.length - 1]].map(([calls]) => at(calls));
  return { growth: end / start - 1, start, end };
}

await runBench(async (keep) => {
  const stub = keep(await startStub());
  const server = keep(await startServer(flags.server, stub.url));
  const samples = [];
  console.log('  calls   RSS MiB   flows/s');
  for (let calls = 0; calls < total;) {
    const slice = Math.min(every, total - calls);
    const report = await stub.run({ target: server.url, calls: slice, concurrency: Number(flags.concurrency) });
    if (report.done !== slice || Object.keys(report.faults).length > 0) {
      throw new Error(`${report.done} of ${slice} calls went well: ${JSON.stringify(report.faults)}`);
    }
    calls += slice;
    server.emptyLog();
    samples.push([calls, rssMiB(server.pid)]);
    const [, rss] = samples[samples.length - 1];
    const cells = [
      String(calls).padStart(7),
      rss.toFixed(1).padStart(9),
      (slice / report.seconds).toFixed(0).padStart(9),
    ];
    console.log(cells.join(' '));
  }
  const { growth, start, end } = growthOfSecondHalf(samples);
  const flat = growth <= ALLOWED_GROWTH;
  console.log(
    `second half: ${start.toFixed(1)} → ${end.toFixed(1)} MiB by least squares, ${(100 * growth).toFixed(1)} % ` +
      `(at most ${100 * ALLOWED_GROWTH} %): ${flat ? 'flat' : 'GROWS'}`,
  );
  if (!flat) process.exitCode = 1;
});
