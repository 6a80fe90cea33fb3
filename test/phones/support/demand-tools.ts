/** Without the phones there is nothing to test: a missing one is a failure, never a skip. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { buildTandem } from '../../helpers/spawn-tandem';

const PACKAGES = { baresip: 'baresip-core', sipp: 'sip-tester', linphonec: 'linphone-cli' };

export default async function demandTools(): Promise<void> {
  const missing = Object.entries(PACKAGES).filter(([tool]) => !isInstalled(tool));
  if (missing.length > 0) {
    const packages = missing.map(([, name]) => name).join(' ');
    throw new Error(
      `the phone tests need ${missing.map(([tool]) => tool).join(' and ')}: apt-get install -y --no-install-recommends ${packages}`,
    );
  }
  // The self test of the harness needs no product: PHONES_NO_BUILD=1 runs it while src does not compile.
  if (process.env['PHONES_NO_BUILD'] === undefined) await buildTandem();
}

function isInstalled(tool: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, tool), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
