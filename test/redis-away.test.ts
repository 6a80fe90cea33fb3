/** SIGTERM while Redis is away: the server ends in time, with exit code 0, and logs no error of ours. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describeWithRedis, startRedis } from './helpers/redis-server';
import { buildTandem } from './helpers/spawn-tandem';

jest.setTimeout(120_000);
beforeAll(() => buildTandem(), 240_000);

describeWithRedis('SIGTERM while Redis is away', () => {
  it('ends the server without an error', async () => {
    const redis = await startRedis();
    const folder = mkdtempSync(join(tmpdir(), 'tandem-'));
    const child = spawn(process.execPath, [join(__dirname, '../dist/cli/main.js')], {
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        ...{ HOST: '127.0.0.1', PORT: '0', PLATFORM_PORT: '0', SIP_PORT: '0', RTP_PORTS: '0' },
        ...{ REDIS_URL: redis.url, DRAIN_SECONDS: '1' },
      },
    });
    try {
      const lines: { event: string; level: number }[] = [];
      const waiting: [event: string, resolve: () => void][] = [];
      createInterface({ input: child.stdout }).on('line', (text) => {
        const line = JSON.parse(text) as (typeof lines)[number];
        lines.push(line);
        for (const [event, resolve] of waiting) if (event === line.event) resolve();
      });
      const said = (event: string) => new Promise<void>((resolve) => waiting.push([event, resolve]));
      const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
      await said('listening');
      const lost = said('redis-lost');
      // The banner is printed when everything is up.
      await new Promise((resolve) => child.stderr.once('data', resolve));
      await redis.close();
      await lost;
      child.kill('SIGTERM');
      expect(await ended).toBe(0);
      const stopping = lines.findIndex(({ event }) => event === 'server-stopping');
      expect(stopping).toBeGreaterThan(0);
      expect(lines.slice(stopping).filter(({ level }) => level >= 50)).toEqual([]);
    } finally {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
