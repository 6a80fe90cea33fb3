/** SIP over TLS with a certificate that nobody has signed: baresip, and liblinphone, which checks it. */
import { startLinphone, type Linphone, type LinphoneOptions } from './support/linphone';
import { hears, hearsSentence, isUp } from './support/listening';
import { onStage, type PhoneOptions, type Stage } from './support/stage';
import { ALICE, DOMAIN, JSMITH, PASSWORD, PSTN } from './support/tandem';
import { tlsSettings, type TlsSettings } from './support/tls';

let tls: TlsSettings;
let stage: Stage;
beforeAll(async () => {
  tls = await tlsSettings();
});
onStage(
  (set) => (stage = set),
  () => tls.env,
);
afterAll(() => tls?.remove());

describe('baresip', () => {
  const phone = (options: PhoneOptions = {}) => stage.phone({ transport: 'tls', server: tls.server, ...options });

  it('registers, and is seen as TLS', async () => {
    const one = await phone();
    await stage.contactsAre(1);
    expect((await stage.contacts())[0]?.transport).toBe('TLS');
    await one.unregister();
    await stage.contactsAre(0);
  });

  it('dials, hears itself, hangs up', async () => {
    const one = await phone({ hz: 440 });
    await one.dial(PSTN);
    await one.events.next('CALL_RINGING');
    await isUp(one);
    await hears(one, 440);
    await one.hangup();
  });

  it('is called by a phone over UDP, and each hears the other; the other hangs up', async () => {
    const jsmith = await phone({ hz: 440 });
    const alice = await stage.phone({ hz: 1_000, user: ALICE.user });
    await alice.dial(JSMITH.user);
    await jsmith.events.next('CALL_INCOMING');
    await jsmith.accept();
    await isUp(jsmith, alice);
    await Promise.all([hears(jsmith, 1_000), hears(alice, 440)]);
    await jsmith.hold();
    await jsmith.resume();
    await alice.hangup();
    await jsmith.events.next('CALL_CLOSED');
  });

  it('that is killed is offline at once: its connection is gone', async () => {
    const one = await phone();
    await stage.contactsAre(1);
    await one.kill();
    await stage.contactsAre(0);
  });
});

describe('linphonec', () => {
  let linphone: Linphone;
  const start = async (options: Partial<LinphoneOptions>): Promise<void> => {
    const { server } = tls;
    linphone = await startLinphone({
      user: JSMITH.user,
      password: PASSWORD,
      domain: DOMAIN,
      server,
      transport: 'tls',
      ...options,
    });
  };
  afterEach(() => linphone.kill());

  it('that trusts the certificate registers, is called, hears, and is hung up', async () => {
    await start({ trusted: tls.certificate, server: tls.server.replace('127.0.0.1', 'localhost') });
    await stage.contactsAre(1);
    await hearsSentence(stage, linphone);
  });

  it('that trusts nobody in particular dials and hangs up, once checking is switched off', async () => {
    await start({});
    await stage.contactsAre(1);
    await linphone.dial(PSTN);
    await linphone.up();
    await linphone.hangup();
    await stage.allOver();
  });
});
