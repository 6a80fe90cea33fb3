/** Phones that ask for nothing but a server: its address stands for the domain, which no name server knows. */
import { startLinphone } from './support/linphone';
import { isUp } from './support/listening';
import { setStage, type Stage } from './support/stage';
import { ALICE, JSMITH, PASSWORD, PSTN } from './support/tandem';

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage?.close());

it('linphonec and baresip register as their endpoints, dial numbers and each other', async () => {
  const address = stage.tandem.sipServer;
  const linphone = await startLinphone({ user: JSMITH.user, password: PASSWORD, domain: address, server: address });
  try {
    await stage.contactsAre(1);
    await linphone.dial(PSTN);
    await linphone.up();
    await linphone.hangup();
    await stage.allOver();

    const alice = await stage.phone({ user: ALICE.user, domain: address });
    await stage.contactsAre(1, ALICE.uri);
    await alice.dial(JSMITH.user);
    await linphone.accept();
    await isUp(alice);
    await alice.hangup();
    await stage.allOver();
    const [, incoming] = await stage.calls();
    expect(incoming).toMatchObject({ direction: 'in', from: ALICE.uri, to: JSMITH.uri });
  } finally {
    await linphone.kill();
  }
});
