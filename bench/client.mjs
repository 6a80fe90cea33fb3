/**
 * What one command costs by the client that sends it: CPU of the client's process for 1,000 create-call requests.
 * Every client lives in a process of its own (none spoils another's optimised code), the trivial server in another.
 *
 *   node bench/client.mjs [--rounds 10] [--requests 2000] [--concurrency 10]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import axios, { Axios } from 'axios';
import { median, rotated, table, withSpread } from './measure.mjs';

const SELF = fileURLToPath(import.meta.url);
const LEAN_ADAPTER = new URL('../dist/providers/bandwidth-v1/http-adapter.js', import.meta.url);

const CALLS = '/v1/users/u-bench/calls';
const AUTH = { username: 't-bench', password: 's-bench' };
const TIMEOUT_MS = 9_000;
const createCall = {
  from: '+1555444333',
  to: '+15552223333',
  callTimeout: 30,
  callbackUrl: 'http://127.0.0.1:3000/webhooks/voice',
  callbackTimeout: 10_000,
  tag: 'c-m6dz5lqurhhxnn7is6v3w4y',
};

const common = (baseURL) => ({
  baseURL,
  auth: AUTH,
  timeout: TIMEOUT_MS,
  httpAgent: new http.Agent({ keepAlive: true }),
});

/** Each takes the server's origin and gives a function that sends one command and waits for its reply. */
const clients = {
  'axios default': (origin) => {
    const client = axios.create(common(origin));
    return () => client.post(CALLS, createCall);
  },
  'axios, few options': (origin) => {
    const client = axios.create({ ...common(origin), maxRedirects: 0, proxy: false, decompress: false });
    return () => client.post(CALLS, createCall);
  },
  'axios, lean adapter': async (origin) => {
    const client = new Axios({ auth: AUTH, timeout: TIMEOUT_MS, adapter: await leanAdapter(origin) });
    return () => client.request({ method: 'post', url: CALLS, data: createCall });
  },
  'node:http': (origin) => {
    const { hostname, port } = new URL(origin);
    const agent = new http.Agent({ keepAlive: true });
    const authorization = `Basic ${Buffer.from(`${AUTH.username}:${AUTH.password}`).toString('base64')}`;
    return () =>
      new Promise((resolve, reject) => {
        const body = JSON.stringify(createCall);
        const headers = {
          Authorization: authorization,
          'Content-Type': 'application/json',
          'Content-Length': Buffer.byteLength(body),
        };
        const request = http.request({ agent, hostname, port, path: CALLS, method: 'POST', headers }, (response) => {
          response.resume();
          response.on('end', resolve);
        });
        request.on('error', reject);
        request.end(body);
      });
  },
};

/** Tandem's own adapter, as built. Should it be called or made otherwise one day, this is the only place to change. */
async function leanAdapter(origin) {
  const { createLeanAdapter } = await import(LEAN_ADAPTER);
  const made = createLeanAdapter(origin);
  return made.adapter ?? made;
}

function serve() {
  let calls = 0;
  const server = http.createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      response.writeHead(201, { Location: `${CALLS}/c-${++calls}`, 'Content-Length': 0 });
      response.end();
    });
  });
  server.keepAliveTimeout = 600_000;
  server.listen(0, '127.0.0.1', () => process.send(`http://127.0.0.1:${server.address().port}`));
}

async function send(name, origin) {
  const command = await clients[name](origin);
  process.on('message', async ({ requests, concurrency }) => {
    const before = process.cpuUsage();
    let left = requests;
    const worker = async () => {
      while (left-- > 0) await command();
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
    const { user, system } = process.cpuUsage(before);
    process.send((user + system) / 1e6 / (requests / 1000));
  });
  process.send('ready');
}

async function main() {
  const { values: options } = parseArgs({
    options: {
      rounds: { type: 'string', default: '10' },
      requests: { type: 'string', default: '2000' },
      concurrency: { type: 'string', default: '10' },
    },
  });
  const rounds = Number(options.rounds);
  const slice = { requests: Number(options.requests), concurrency: Number(options.concurrency) };
  const children = [];
  const child = async (...args) => {
    const started = fork(SELF, args);
    children.push(started);
    const [message] = await once(started, 'message');
    return [started, message];
  };

  try {
    const [, origin] = await child('serve');
    const entrants = [];
    for (const name of Object.keys(clients)) {
      if (name === 'axios, lean adapter' && !existsSync(LEAN_ADAPTER)) {
        console.log(`skipped: ${name} (no ${fileURLToPath(LEAN_ADAPTER)}: build first)`);
        continue;
      }
      const [sender] = await child('send', name, origin);
      entrants.push({ name, sender, cpu: [] });
    }
    const run = async ({ sender }, work) => {
      sender.send(work);
      return (await once(sender, 'message'))[0];
    };
    for (const entrant of entrants) await run(entrant, { ...slice, requests: 4_000 }); // warm-up
    for (let round = 0; round < rounds; round++) {
      for (const entrant of rotated(entrants, round)) entrant.cpu.push(await run(entrant, slice));
    }

    const base = entrants.find(({ name }) => name === 'axios default').cpu;
    console.log(
      table([
        ['client', 'CPU s / 1,000', '× axios default'],
        ...entrants.map(({ name, cpu }) => [
          name,
          withSpread(cpu, 3),
          median(cpu.map((seconds, round) => seconds / base[round])).toFixed(2),
        ]),
      ]),
    );
  } finally {
    for (const started of children) started.kill();
  }
}

const [role, ...rest] = process.argv.slice(2);
if (role === 'serve' || role === 'send') process.on('disconnect', () => process.exit());
if (role === 'serve') serve();
else if (role === 'send') await send(...rest);
else await main();
