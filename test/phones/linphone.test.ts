/** The same with another stack: liblinphone, which is in Linphone and in many phones built on it. Needs linphonec (linphone-cli). */
import { rms, soundSpan, part } from './support/analysis';
import { startLinphone, type Linphone } from './support/linphone';
import { setStage, type Stage } from './support/stage';
import { DOMAIN, JSMITH, PASSWORD } from './support/tandem';

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
    await stage.tandem.own('POST', '/calls', { to: JSMITH.user, sentence: 'Hello sip client, this is a sentence.' });
    await phone.accept();
    await phone.up();
    await phone.ended(15_000);
    const heard = phone.heard();
    const { from, to } = soundSpan(heard) ?? { from: 0, to: 0 };
    expect(to - from).toBeGreaterThan(1);
    expect(rms(part(heard, from, to))).toBeGreaterThan(0.02);
  });

  it('dials a number, and hangs up', async () => {
    await phone.dial('+15552223333');
    await phone.up();
    await phone.hangup();
    await stage.allOver();
  });
});
