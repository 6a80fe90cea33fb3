import type { PlatformOptions } from '../../../src/platform';
import { world, type World } from './harness';
import { softphone, type Softphone } from './softphone';

/** Starts a platform with SIP and a registered phone before each test, and closes both after it. */
export function withRegisteredPhone(
  set: (world: World, phone: Softphone) => void,
  setUp: (sip: NonNullable<PlatformOptions['sip']>) => Promise<World> = (sip) => world({ sip }),
): void {
  let w: World | undefined;
  let phone: Softphone | undefined;
  beforeEach(async () => {
    w = await setUp({ host: '127.0.0.1', port: 0 });
    phone = await softphone({ server: w.platform.sip!.phones });
    await phone.register();
    set(w, phone);
  });
  afterEach(async () => {
    await w?.close();
    phone?.close();
    w = phone = undefined;
  });
}
