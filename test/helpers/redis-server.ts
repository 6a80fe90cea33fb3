/** Real redis-servers on free ports of 127.0.0.1, in folders of their own; where there is none, tests say so. */
import { createClient } from '@redis/client';
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const PROGRAM = 'redis-server';
const START_TIMEOUT_MS = 30_000;
const version = spawnSync(PROGRAM, ['--version'], { encoding: 'utf8' });
const isThere = version.status === 0;
const hasTls = isThere && spawnSync('ldd', [which(PROGRAM)], { encoding: 'utf8' }).stdout.includes('libssl');

function which(program: string): string {
  return spawnSync('which', [program], { encoding: 'utf8' }).stdout.trim();
}

/** `describe` for tests that need a redis-server. Without one they are left out, which is said, and a failure in CI. */
export const describeWithRedis = needing(isThere, `${PROGRAM} is not installed`);
/** The same for a redis-server that speaks TLS. */
export const describeWithRedisTls = needing(hasTls, `${PROGRAM} is not installed, or without TLS`);

function needing(there: boolean, why: string): (name: string, tests: () => void) => void {
  return (name, tests) => {
    if (there) return describe(name, tests);
    if (process.env['CI']) {
      return describe(name, () => {
        it('has a redis-server', () => {
          throw new Error(why);
        });
      });
    }
    process.stderr.write(`LEFT OUT: ${name}: ${why}\n`);
    describe.skip(name, tests);
  };
}

export interface RedisServerOptions {
  password?: string;
  tls?: boolean;
  /** Kept on disk, so that a restart forgets nothing. */
  persistent?: boolean;
  /** More lines of redis.conf, each as `[name, value]`. */
  config?: [string, string][];
}

export interface RedisServer {
  readonly port: number;
  /** With the password. */
  readonly url: string;
  /** Of the certificate, where it speaks TLS. */
  readonly ca?: string;
  readonly pid: number;
  /** As an operator would, without a store. */
  command(...args: string[]): Promise<unknown>;
  /** Ends it, properly (SIGTERM); what is not persistent is forgotten. */
  stop(): Promise<void>;
  /** Ends it at once (SIGKILL). */
  kill(): Promise<void>;
  /** Starts it again on the same port. */
  start(): Promise<void>;
  restart(): Promise<void>;
  /** Stops its process (SIGSTOP): connections stay, and nothing comes back. */
  pause(): void;
  resume(): void;
  /** Ends it and removes its folder. */
  close(): Promise<void>;
}

export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-redis-'));
  const port = await freePort();
  const ca = options.tls ? makeCertificate(folder) : undefined;
  const scheme = options.tls ? 'rediss' : 'redis';
  const login = options.password === undefined ? '' : `:${encodeURIComponent(options.password)}@`;
  const url = `${scheme}://${login}127.0.0.1:${port}`;
  const config: [string, string][] = [
    ...(options.tls
      ? ([
          ['port', '0'],
          ['tls-port', String(port)],
          ['tls-cert-file', 'cert.pem'],
          ['tls-key-file', 'key.pem'],
          ['tls-auth-clients', 'no'],
        ] satisfies [string, string][])
      : ([['port', String(port)]] satisfies [string, string][])),
    ['bind', '127.0.0.1'],
    ['dir', folder],
    ['save', ''],
    ['appendonly', options.persistent ? 'yes' : 'no'],
    ['appendfsync', 'always'],
    ...(options.password === undefined ? [] : ([['requirepass', options.password]] satisfies [string, string][])),
    ...(options.config ?? []),
  ];
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    child = spawn(PROGRAM, ['-', ...config.flatMap(([name, value]) => [`--${name}`, value])], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    await readyToAccept(child);
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ending = child;
    child = undefined;
    if (!ending) return;
    await new Promise<void>((resolve) => {
      ending.once('exit', () => resolve());
      ending.kill('SIGCONT');
      ending.kill(signal);
    });
  }

  await start();
  return {
    port,
    url,
    ...(ca !== undefined && { ca }),
    get pid() {
      return child?.pid ?? 0;
    },
    async command(...args) {
      const client = createClient({ url, socket: { reconnectStrategy: false, ...(ca && { tls: true, ca }) } });
      client.on('error', () => undefined);
      await client.connect();
      try {
        return await client.sendCommand(args);
      } finally {
        client.destroy();
      }
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    start,
    async restart() {
      await end('SIGTERM');
      await start();
    },
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    async close() {
      await end('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface RedisCluster {
  /** The masters, as they were at first, then their replicas in the same order. */
  readonly nodes: readonly RedisServer[];
  readonly url: string;
  close(): Promise<void>;
}

const SLOTS = 16_384;

export interface RedisClusterOptions {
  /** Each master has a replica, which takes its place when it is gone. */
  replicas?: boolean;
  /** After how long without an answer a node counts as gone, ms. */
  nodeTimeoutMs?: number;
}

/** Masters that share all slots evenly. */
export async function startRedisCluster(size: number, options: RedisClusterOptions = {}): Promise<RedisCluster> {
  const { replicas = false, nodeTimeoutMs = 2_000 } = options;
  const count = replicas ? 2 * size : size;
  const nodes = await Promise.all(
    Array.from({ length: count }, async () =>
      startRedis({
        config: [
          ['cluster-enabled', 'yes'],
          ['cluster-port', String(await freePort())],
          ['cluster-node-timeout', String(nodeTimeoutMs)],
          ['repl-diskless-sync', 'no'],
        ],
      }),
    ),
  );
  const [first, ...others] = nodes;
  if (!first) throw new Error('A cluster has a node at least');
  const busPort = async (node: RedisServer) => {
    const reply = await node.command('CONFIG', 'GET', 'cluster-port');
    return String(new Map(Object.entries(reply as Record<string, string>)).get('cluster-port'));
  };
  for (const [i, node] of nodes.slice(0, size).entries()) {
    const from = Math.floor((i * SLOTS) / size);
    const to = Math.floor(((i + 1) * SLOTS) / size) - 1;
    await node.command('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to));
    await node.command('CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1));
  }
  for (const node of others) {
    await first.command('CLUSTER', 'MEET', '127.0.0.1', String(node.port), await busPort(node));
  }
  for (const node of nodes) await says(node, 'CLUSTER INFO', 'cluster_state:ok', `cluster_known_nodes:${count}`);
  for (const [i, replica] of nodes.slice(size).entries()) {
    await replica.command('CLUSTER', 'REPLICATE', String(await nodes[i]?.command('CLUSTER', 'MYID')));
  }
  for (const replica of nodes.slice(size)) await says(replica, 'INFO replication', 'master_link_status:up');
  return {
    nodes,
    url: first.url,
    async close() {
      await Promise.all(nodes.map((node) => node.close()));
    },
  };
}

/** Waits until a node answers a command with all of these words. */
async function says(node: RedisServer, command: string, ...words: string[]): Promise<void> {
  const until = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const answer = String(await node.command(...command.split(' ')));
    if (words.every((word) => answer.includes(word))) return;
    if (Date.now() > until) throw new Error(`The cluster did not come up: ${answer}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function readyToAccept(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const lines: string[] = [];
    const timer = setTimeout(() => fail('did not start in time'), START_TIMEOUT_MS);
    const fail = (why: string) => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(new Error(`${PROGRAM} ${why}:\n${lines.join('\n')}`));
    };
    const onExit = () => fail('ended at once');
    child.once('exit', onExit);
    child.once('error', (error) => fail(error.message));
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on('line', (line) => {
        if (lines.length < 100) lines.push(line);
        if (!/Ready to accept connections/i.test(line)) return;
        clearTimeout(timer);
        child.off('exit', onExit);
        resolve();
      });
    }
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** A certificate for 127.0.0.1 that vouches for itself. */
function makeCertificate(folder: string): string {
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
      .concat(subject)
      .concat(['-keyout', 'key.pem', '-out', 'cert.pem']),
    { cwd: folder, stdio: 'ignore' },
  );
  return readFileSync(join(folder, 'cert.pem'), 'utf8');
}
