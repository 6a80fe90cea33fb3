/** Without redis-server there is nothing to test: a missing one is a failure, never a skip. */
import { spawnSync } from 'node:child_process';
import { buildTandem } from '../../helpers/spawn-tandem';

export default async function demandRedis(): Promise<void> {
  if (spawnSync('redis-server', ['--version']).status !== 0)
    throw new Error('the chaos tests need redis-server: apt-get install -y --no-install-recommends redis-server');
  // CHAOS_NO_BUILD=1: dist is what it should be, or TANDEM_MAIN names another.
  if (process.env['CHAOS_NO_BUILD'] === undefined) await buildTandem();
}
