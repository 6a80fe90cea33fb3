/** A redis-server of one's own, with everything on the disk before it is acknowledged, to be stopped and started again. */
import { spawn, type ChildProcess } from 'node:child_process';
import { connect, createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisProcess } from './disturber';

const START_TIMEOUT_MS = 10_000;

export interface OwnRedis extends RedisProcess {
  readonly url: string;
}

/** @param folder where its data goes */
export async function startRedis(folder: string): Promise<OwnRedis> {
  const port = await freePort();
  let child: ChildProcess | undefined;
  let ended: Promise<void> = Promise.resolve();

  async function restart(): Promise<void> {
    const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', ''];
    const started = spawn(
      'redis-server',
      ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--loglevel', 'warning', ...durable],
      { stdio: 'ignore' },
    );
    child = started;
    ended = new Promise((resolve) => {
      started.once('exit', () => {
        child = undefined;
        resolve();
      });
    });
    for (const deadline = Date.now() + START_TIMEOUT_MS; Date.now() < deadline; await sleep(25)) {
      if (await answers(port)) return;
      if (!child) break;
    }
    throw new Error(`redis-server did not come up on port ${port}`);
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    child?.kill('SIGCONT');
    child?.kill(signal);
    await ended;
  }

  await restart();
  return {
    url: `redis://127.0.0.1:${port}`,
    restart,
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Whether it serves: while it loads its data it takes connections and refuses commands. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    const end = (good: boolean): void => {
      socket.destroy();
      resolve(good);
    };
    socket.on('data', (data) => end(data.toString().startsWith('+PONG')));
    socket.on('error', () => end(false));
    socket.setTimeout(1_000, () => end(false));
  });
}

/** One command in RESP, and its answer as it is on the wire: enough to look into a test's own server. */
export function ask(url: string, ...words: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => {
      socket.end(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`);
    });
    let answer = '';
    socket.on('data', (data) => (answer += data.toString()));
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}
