/** Phones behind a network that loses signalling packets: they register, call, talk and hang up all the same. */
import { startLossyProxy, type LossyProxy } from './support/lossy-proxy';
import { hears, isUp } from './support/listening';
import { onStage, type Stage } from './support/stage';
import { ALICE, JSMITH, PSTN } from './support/tandem';

let stage: Stage;
let proxy: LossyProxy;
onStage((set) => (stage = set));
afterEach(() => proxy.close());

describe.each([
  ['the first packet of every kind', 'first' as const],
  ['30 % of all packets', { share: 0.3, seed: 20_261_123 }],
])('%s is lost', (_what, loss) => {
  beforeEach(async () => {
    proxy = await startLossyProxy(stage.tandem.sip, loss);
  });

  it('a phone registers, dials, hears and hangs up', async () => {
    const phone = await stage.phone({ hz: 440, server: proxy.address, isUnregistered: true });
    await phone.events.next('REGISTER_OK', 60_000);
    await phone.dial(PSTN);
    await phone.events.next('CALL_ESTABLISHED', 60_000);
    await hears(phone, 440);
    await phone.hangup();
    await stage.allOver();
    expect(proxy.lost.length).toBeGreaterThan(0);
  });

  it('a phone is called by another, which hangs up', async () => {
    const jsmith = await stage.phone({ hz: 440, server: proxy.address, isUnregistered: true });
    await jsmith.events.next('REGISTER_OK', 60_000);
    const alice = await stage.phone({ hz: 1_000, user: ALICE.user });
    await alice.dial(JSMITH.user);
    await jsmith.events.next('CALL_INCOMING', 60_000);
    await jsmith.accept();
    await jsmith.events.next('CALL_ESTABLISHED', 60_000);
    await isUp(alice);
    await Promise.all([hears(jsmith, 1_000), hears(alice, 440)]);
    await alice.hangup();
    await jsmith.events.next('CALL_CLOSED', 60_000);
  });

  it('a phone that rings is cancelled', async () => {
    const jsmith = await stage.phone({ server: proxy.address, isUnregistered: true });
    await jsmith.events.next('REGISTER_OK', 60_000);
    const alice = await stage.phone({ user: ALICE.user });
    await alice.dial(JSMITH.user);
    await jsmith.events.next('CALL_INCOMING', 60_000);
    await alice.hangup();
    await jsmith.events.next('CALL_CLOSED', 60_000);
    expect(jsmith.events.has('CALL_ESTABLISHED')).toBe(false);
  });
});
