/**
 * SIP load: sipp dials (authenticated) → platform → an application that bridges → platform → sipp, registered as an endpoint.
 * Beside it the floor: the same two sipps without anything between, at the same rate, on the same machine.
 *
 *   node bench/sip.mjs [--rates 50,100,200,400,600] [--seconds 10] [--app bench|none|tandem] [--transport udp|tcp] [--hold 1000] [--rtp]
 *   --rtp: the caller sends sound for as long as a call lasts, and the callee echoes it; --hold 5000 at 40 calls/s is 200 calls
 *   node bench/sip.mjs --memory 50000        resident size before and after so many calls, at --rates' first rate
 *   node bench/sip.mjs --smoke               a few calls, for CI
 *
 * Needs sipp (Debian: sip-tester) and a build.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cpuSeconds, rssMiB, table } from './measure.mjs';
import { runBench } from './run-bench.mjs';
import { startBridgingApp } from './sipp/app.mjs';

const MAIN = resolve(process.env.TANDEM_MAIN ?? fileURLToPath(new URL('../dist/cli/main.js', import.meta.url)));
/** For a profile: `NODE_FLAGS="--cpu-prof --cpu-prof-dir=/tmp/profile"`. */
const givenFlags = process.env.NODE_FLAGS?.split(' ') ?? [];
const scenario = (name) => fileURLToPath(new URL(`sipp/${name}.xml`, import.meta.url));

const DOMAIN = 'bench.bwapp.bwsip.io';
const PASSWORD = 'secret1';
const CALLER = { user: 'caller', number: '+15554440001' };
const CALLEE = { user: 'callee', number: '+15554440002' };
const ACCOUNT = { userId: 'u-bench', token: 't-bench', secret: 's-bench' };
/** What a prototype reached on two shared cores, signalling with RTP ports opened for each leg. */
const PROTOTYPE_CALLS_PER_SECOND = 600;
/** Resident size after so many calls, against that before: what comes and goes with collections, and no more. */
const FLAT = 1.2;

const { values: flags } = parseArgs({
  options: {
    rates: { type: 'string' },
    seconds: { type: 'string' },
    hold: { type: 'string', default: '1000' },
    app: { type: 'string', default: 'bench' },
    transport: { type: 'string', default: 'udp' },
    rtp: { type: 'boolean', default: false },
    memory: { type: 'string' },
    smoke: { type: 'boolean', default: false },
  },
});
/**
 * With room without end V8 collects late, and the size says nothing of what is in use: a leak would show at last, but so
 * does mere idleness before. Within 512 MiB it would end in a crash.
 */
const nodeFlags = flags.memory === undefined ? givenFlags : ['--max-old-space-size=512', ...givenFlags];
const rates = (flags.rates ?? (flags.smoke ? '5' : '50,100,200,400,600')).split(',').map(Number);
const seconds = Number(flags.seconds ?? (flags.smoke ? 2 : 10));

const folder = mkdtempSync(join(tmpdir(), 'tandem-bench-sip-'));
const children = new Set();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

function start(command, args, options = {}) {
  const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], ...options });
  children.add(child);
  child.text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => (child.text = (child.text + chunk).slice(-50_000)));
  }
  child.gone = once(child, 'exit').then(([code, signal]) => {
    children.delete(child);
    return signal ?? code;
  });
  return child;
}

/** A port that is free now; sipp's are asked for one after the other, so none is given twice while it is in use. */
async function freePort() {
  const socket = createSocket('udp4');
  await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise((resolve) => socket.close(resolve));
  return port;
}

/** The caller's scenario with sound: sipp streams a file of u-law from the ACK to the BYE. */
function callWithSound() {
  const sound = join(folder, 'sound.ulaw');
  writeFileSync(sound, Buffer.alloc(80_000, 0x55));
  const path = join(folder, 'call-rtp.xml');
  const play = `<nop><action><exec rtp_stream="${sound},-1,0,PCMU/8000" /></action></nop>\n  <pause />`;
  const text = readFileSync(scenario('call'), 'utf8')
    .replaceAll('[auto_media_port]', '[rtpstream_audio_port]')
    .replace('<pause />', play);
  writeFileSync(path, text);
  return path;
}

let runs = 0;
/** Runs a scenario to its end: { exit, calls, failed, retransmissions, p50 and so on } from its statistics. */
function sipp(name, { port, remote, calls, rate, rows, hold, callee, timeout, more = [] }) {
  const id = ++runs;
  const stats = join(folder, `stats-${id}.csv`);
  const injected = join(folder, `rows-${id}.csv`);
  if (rows) writeFileSync(injected, ['SEQUENTIAL', ...rows, ''].join('\n'));
  const child = start('sipp', [
    ...[
      '-sf',
      name === 'call' && flags.rtp ? callWithSound() : scenario(name),
      '-i',
      '127.0.0.1',
      '-p',
      `${port}`,
      '-t',
      flags.transport === 'tcp' ? 't1' : 'u1',
    ],
    ...['-key', 'domain', DOMAIN, '-key', 'callee', callee ?? CALLEE.user, '-nostdin'],
    ...(calls === undefined ? [] : ['-m', `${calls}`]),
    ...(rate === undefined ? [] : ['-r', `${rate}`, '-l', `${Math.max(200, rate * 10)}`]),
    ...(hold === undefined ? [] : ['-d', `${hold}`]),
    ...(rows ? ['-inf', injected] : []),
    ...(timeout === undefined ? [] : ['-timeout', `${timeout}s`, '-timeout_error']),
    ...['-trace_stat', '-stf', stats, '-fd', '1', '-trace_err', '-error_file', join(folder, `errors-${id}.log`)],
    ...more,
    ...(remote === undefined ? [] : [remote]),
  ]);
  const result = child.gone.then((exit) => {
    const errors = join(folder, `errors-${id}.log`);
    const text = existsSync(errors) ? readFileSync(errors, 'utf8') : child.text;
    return { exit, ...readStats(stats), errors: text.slice(0, 1_500) };
  });
  return { child, result };
}

function readStats(path) {
  const lines = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
  if (lines.length < 2) return { successful: 0, failed: 0, retransmissions: 0, rate: 0, setUpMs: 0 };
  const names = lines[0].split(';');
  const row = lines.at(-1).split(';');
  const column = (name) => row[names.indexOf(name)] ?? '0';
  return {
    successful: Number(column('SuccessfulCall(C)')),
    failed: Number(column('FailedCall(C)')),
    retransmissions: Number(column('Retransmissions(C)')),
    rate: Number(column('CallRate(C)')),
    setUpMs: milliseconds(column('ResponseTime1(C)')),
  };
}

/** `00:00:00:012000`: the last part is microseconds */
function milliseconds(text) {
  const [hours, minutes, secs, micros] = text.split(':').map(Number);
  return ((hours * 60 + minutes) * 60 + secs) * 1_000 + micros / 1_000;
}

/** The telephones alone: see sipp/switch.mjs. */
async function startSwitch() {
  const sipPort = await freePort();
  const script = fileURLToPath(new URL('sipp/switch.mjs', import.meta.url));
  const users = [CALLER.user, CALLEE.user];
  const child = start(process.execPath, [
    ...nodeFlags,
    script,
    dirname(dirname(MAIN)),
    DOMAIN,
    PASSWORD,
    `${sipPort}`,
    ...users,
  ]);
  for (const deadline = Date.now() + 20_000; !child.text.includes('ready'); await sleep(50)) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`the switch did not start:\n${child.text}`);
  }
  return {
    pid: child.pid,
    text: () => child.text,
    sip: `127.0.0.1:${sipPort}`,
    takeCounts: () => ({}),
    close: () => end(child),
  };
}

async function end(child) {
  child.kill('SIGTERM');
  await Promise.race([child.gone, sleep(10_000, undefined, { ref: false })]);
  child.kill('SIGKILL');
}

/** Tandem with its own application, or the platform alone with the least one that bridges. */
async function startPlatform() {
  const app =
    flags.app === 'bench' ? await startBridgingApp({ ...ACCOUNT, domain: DOMAIN, callee: CALLEE }) : undefined;
  const [platformPort, sipPort] = [await freePort(), await freePort()];
  const child = start(process.execPath, [...nodeFlags, MAIN, app ? 'platform' : 'serve'], {
    env: {
      PATH: process.env.PATH,
      HOST: '127.0.0.1',
      SIP_HOST: '127.0.0.1',
      PORT: '0',
      PLATFORM_PORT: `${platformPort}`,
      SIP_PORT: `${sipPort}`,
      SIP_PASSWORD: PASSWORD,
      RTP_PORTS: '0',
      SIP_CALLS_PER_ENDPOINT: '0', // one endpoint dials all
      LOG_LEVEL: 'warn',
      LEG_CHECK_SECONDS: '0',
      LINES: [CALLER, CALLEE].map(({ user, number }) => `${number}=sip:${user}@${DOMAIN}`).join(','),
      // Tandem makes up an account of its own where there is no other platform; the platform alone takes this one.
      ...(app
        ? {
            BANDWIDTH_USER_ID: ACCOUNT.userId,
            BANDWIDTH_API_TOKEN: ACCOUNT.token,
            BANDWIDTH_API_SECRET: ACCOUNT.secret,
          }
        : {}),
    },
  });
  const url = `http://127.0.0.1:${platformPort}`;
  const isUp = () =>
    app
      ? fetch(url).then(
          () => true,
          () => false,
        )
      : existsSync(join(folder, '.tandem/running.json'));
  for (const deadline = Date.now() + 20_000; !(await isUp()); await sleep(50)) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`the platform did not start:\n${child.text}`);
  }
  await app?.provision(url, [CALLER, CALLEE], PASSWORD);
  return {
    pid: child.pid,
    text: () => child.text,
    sip: `127.0.0.1:${sipPort}`,
    takeCounts: () => app?.takeCounts() ?? {},
    async close() {
      await end(child);
      await app?.close();
    },
  };
}

const row = ({ user }) => `${user};[authentication username=${user} password=${PASSWORD}]`;

/** One measurement: the callee registers (through the platform only), waits, and is dialled. */
async function load({ platform, rate, calls, hold }) {
  const [callerPort, calleePort] = [await freePort(), await freePort()];
  const remote = platform?.sip ?? `127.0.0.1:${calleePort}`;
  if (platform) {
    const registered = await sipp('register', { port: calleePort, remote, calls: 1, rows: [row(CALLEE)], timeout: 10 })
      .result;
    if (registered.exit !== 0) throw new Error(`the callee could not register: ${registered.errors}`);
  }
  const more = flags.rtp ? ['-rtp_echo', '-mp', `${await freePort()}`] : [];
  const callee = sipp('answer', { port: calleePort, more });
  await sleep(500);
  const before = platform ? cpuSeconds(platform.pid) : 0;
  const startedAt = performance.now();
  const caller = sipp(platform ? 'call' : 'floor', {
    port: callerPort,
    remote,
    calls,
    rate,
    hold,
    rows: [row(CALLER)],
    timeout: Math.ceil(calls / rate) * 3 + 40,
  });
  const result = await caller.result;
  const took = (performance.now() - startedAt) / 1_000;
  callee.child.kill('SIGKILL');
  await callee.result;
  return { ...result, took, cpu: platform ? cpuSeconds(platform.pid) - before : 0 };
}

/** What runs for the first time is slow: it is not what is measured. */
const warmUp = (platform) =>
  flags.smoke
    ? undefined
    : load({ platform, rate: 50, calls: 1_500, hold: flags.hold }).then(() => platform.takeCounts());

async function measureRates(platform) {
  await warmUp(platform);
  const rows = [];
  let highest = 0;
  let isGood = true;
  for (const rate of rates) {
    const calls = rate * seconds;
    const floor = await load({ rate, calls, hold: flags.hold });
    const found = await load({ platform, rate, calls, hold: flags.hold });
    const perSecond = found.successful / found.took;
    const counts = platform.takeCounts();
    const refused = Object.keys(counts).filter((what) => /: /.test(what));
    // An answered call that was not bridged is no call: with a short --hold the caller is gone before the bridge is made.
    if (found.successful === calls && refused.length === 0) highest = Math.max(highest, rate);
    else isGood = false;
    rows.push([
      rate,
      perSecond.toFixed(0),
      (perSecond / (floor.successful / floor.took)).toFixed(2),
      calls - found.successful,
      found.retransmissions,
      found.setUpMs.toFixed(1),
      floor.setUpMs.toFixed(1),
      ((found.cpu / calls) * 1_000).toFixed(2),
      rssMiB(platform.pid).toFixed(0),
    ]);
    // A call that hangs until sipp gives up is counted nowhere: it is what is missing.
    if (found.successful < calls || refused.length > 0)
      console.log(
        `at ${rate}/s: ${found.successful} of ${calls} went well, sipp: ${found.exit}; ${JSON.stringify(counts)}\n${found.errors}`,
      );
    if (found.successful < calls / 2) break;
  }
  const head = [
    'calls/s',
    'went well/s',
    '÷ floor',
    'not well',
    'resent',
    'set-up ms',
    'floor ms',
    'CPU s / 1,000',
    'RSS MiB',
  ];
  console.log(table([head, ...rows.map((cells) => cells.map(String))]));
  const atOnce = flags.rtp ? `, ${(highest * flags.hold) / 1_000} calls with sound at once` : '';
  // Like for like: the prototype had neither an API nor sound.
  const compared =
    flags.app === 'none' && !flags.rtp
      ? `; a prototype: ${PROTOTYPE_CALLS_PER_SECOND}/s (${(highest / PROTOTYPE_CALLS_PER_SECOND).toFixed(2)})`
      : '';
  console.log(`highest rate without a failure: ${highest}/s${atOnce}${compared}`);
  return isGood;
}

async function measureMemory(platform, calls) {
  const rate = rates[0];
  // The heap finds its size, and the platform has as many ended calls as it keeps.
  await load({ platform, rate, calls: Math.max(12_000, Math.ceil(calls / 10)), hold: flags.hold });
  const before = rssMiB(platform.pid);
  const found = await load({ platform, rate, calls, hold: flags.hold });
  const after = rssMiB(platform.pid);
  const growth = after / before;
  console.log(
    `${found.successful} of ${calls} calls went well: ${before.toFixed(0)} → ${after.toFixed(0)} MiB (${growth.toFixed(2)}; flat is below ${FLAT})`,
  );
  // A few that a busy machine refused change nothing about the memory.
  return found.successful >= calls * 0.95 && growth < FLAT;
}

async function main(keep) {
  if (spawnSync('sipp', ['-v']).error) throw new Error('sipp is missing: apt-get install sip-tester');
  if (!existsSync(MAIN)) throw new Error('dist/cli/main.js is missing: npm run build first');
  const platform = keep(await (flags.app === 'none' ? startSwitch() : startPlatform()));
  const isGood =
    flags.memory === undefined ? await measureRates(platform) : await measureMemory(platform, Number(flags.memory));
  if (!isGood) {
    console.error(platform.text());
    process.exitCode = 1;
  }
}

await runBench(main);
