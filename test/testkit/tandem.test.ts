/** The kit tests Tandem in a separate process with all faults, and must find nothing. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { buildTandem, spawnTandem, type Tandem } from '../helpers/spawn-tandem';
import { describeRun } from '../../src/testkit/report-text';
import { optionsOf, runKit } from './run-kit';

/** Tandem needs the address of the kit before the kit can get the address of Tandem. */
const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

let tandem: Tandem;
beforeAll(buildTandem, 240_000);
afterEach(() => tandem.stop());

describe('Tandem', () => {
  it('has no findings, with all faults', async () => {
    const port = await freePort();
    tandem = await spawnTandem({
      BANDWIDTH_API_URL: `http://127.0.0.1:${port}`,
      BANDWIDTH_USER_ID: 'u-testkit',
      BANDWIDTH_API_TOKEN: 't-testkit',
      BANDWIDTH_API_SECRET: 's-testkit',
      WEBHOOK_USERNAME: 'kit',
      WEBHOOK_PASSWORD: 'secret',
      API_TOKEN: 'api-token',
      COMMAND_TIMEOUT_MS: '1000',
      LEG_CHECK_SECONDS: '2',
    });
    const url = `${tandem.url.replace('http://', 'http://kit:secret@')}/webhooks/voice`;
    const speak = ['--speak-url', `${tandem.url}/calls`, '--speak-header', 'authorization: Bearer api-token'];
    const args = ['--listen', `127.0.0.1:${port}`, ...speak, '--calls', '100', '--concurrency', '20'];
    const seed = ['--seed', process.env['TESTKIT_SEED'] ?? String(Math.floor(Math.random() * 1e9))];
    const result = await runKit(url, ...args, ...seed);
    expect(tandem.exit()).toBeUndefined();
    const [perfect, faulty] = result.passes;
    expect(perfect?.calls).toBe(39);
    expect(faulty?.calls).toBe(100);
    expect(Object.keys(faulty?.faults ?? {}).length).toBeGreaterThan(8);
    if (result.findings.length > 0) throw new Error(describeRun(result, optionsOf(['--url', url, ...args, ...seed])));
    // Without faults the outcome of a call depends on its parties only.
    expect(perfect?.outcomes).toMatchObject({
      'phone/answered: bridged': 1,
      'pstn/answered: bridged': 1,
      'phone/busy: rejected': 1,
      'phone/caller-gives-up: caller gave up': 1,
      'speak/spoken: spoken': 1,
    });
  }, 90_000);
});
