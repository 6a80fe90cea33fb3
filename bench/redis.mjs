/** A redis-server of its own on a free port, without persistence. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { end, track } from './servers.mjs';

const START_MS = 10_000;

const hasRedis = () => spawnSync('redis-server', ['--version']).status === 0;

export async function startRedis() {
  if (!hasRedis()) throw new Error('redis-server is missing: apt-get install -y --no-install-recommends redis-server');
  const folder = mkdtempSync(join(tmpdir(), 'tandem-bench-redis-'));
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--loglevel', 'warning'];
  const child = track(spawn('redis-server', args, { stdio: 'ignore' }));
  for (const deadline = Date.now() + START_MS; !(await ask(port, 'PING').catch(() => '')).startsWith('+PONG');) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`redis-server did not come up on ${port}`);
    await sleep(25);
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    pid: child.pid,
    /** A number of INFO, like used_memory. */
    async number(name) {
      const [, value] = new RegExp(`^${name}:(\\d+)`, 'm').exec(await ask(port, 'INFO'));
      return Number(value);
    },
    async close() {
      await end(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** One inline command, and its answer as it is on the wire. */
async function ask(port, command) {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (data) => (answer += data));
  await once(socket, 'connect');
  socket.end(`${command}\r\n`);
  await once(socket, 'close');
  return answer;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}
