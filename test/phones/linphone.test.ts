/** The same with another stack: liblinphone, which is in Linphone and in many phones built on it. Needs linphonec (linphone-cli). */
import { startLinphone, type Linphone } from './support/linphone';
import { hearsSentence } from './support/listening';
import { setStage, type Stage } from './support/stage';
import { DOMAIN, JSMITH, PASSWORD, PSTN } from './support/tandem';

// Tandem of its own for each test: linphonec is killed, and its contact stays.
let stage: Stage;
let phone: Linphone;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(async () => {
  await phone.kill();
  await stage.close();
});

describe.each(['udp', 'tcp'] as const)('over %s', (transport) => {
  beforeEach(async () => {
    phone = await startLinphone({
      user: JSMITH.user,
      password: PASSWORD,
      domain: DOMAIN,
      server: stage.tandem.sipServer,
      transport,
    });
    await stage.contactsAre(1); // it does not say so itself
  });

  it('is called, hears the sentence, and is hung up', async () => {
    await hearsSentence(stage, phone);
  });

  it('dials a number, and hangs up', async () => {
    await phone.dial(PSTN);
    await phone.up();
    await phone.hangup();
    await stage.allOver();
  });
});
