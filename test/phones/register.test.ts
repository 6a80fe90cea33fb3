/** Phones go online and offline: over UDP and TCP, with the right password and a wrong one. */
import { onStage, setStage, type Stage } from './support/stage';
import { runSipp } from './support/sipp';
import { ALICE, DOMAIN, JSMITH, PASSWORD } from './support/tandem';

let stage: Stage;
onStage((set) => (stage = set));

describe.each(['udp', 'tcp'] as const)('over %s', (transport) => {
  it('a phone that registers is online, and offline when it unregisters', async () => {
    const phone = await stage.phone({ transport });
    await stage.contactsAre(1);
    const [contact] = await stage.contacts();
    expect(contact?.transport.toLowerCase()).toBe(transport);
    expect(contact?.contact).toMatch(/^<?sip:jsmith_mobile/);
    await phone.unregister();
    await stage.contactsAre(0);
  });

  it('a phone that registers again has one contact', async () => {
    const phone = await stage.phone({ transport });
    await stage.contactsAre(1);
    await phone.unregister();
    await stage.contactsAre(0);
    await phone.register();
    await stage.contactsAre(1);
  });

  it('two phones of one endpoint, and one of another, are online at once', async () => {
    await stage.phone({ transport });
    await stage.phone({ transport });
    await stage.phone({ transport, user: ALICE.user });
    await stage.contactsAre(2);
    await stage.contactsAre(1, ALICE.uri);
  });

  it('two hundred registrations of sipp, each with a challenge, all succeed', async () => {
    const rows = [JSMITH, ALICE].map(({ user }) => [user, authentication(user)]);
    const result = await runSipp({
      scenario: 'register',
      remote: stage.tandem.sipServer,
      transport,
      rows,
      keys: { domain: DOMAIN },
      calls: 200,
      rate: 100,
    });
    expect(result).toMatchObject({ exit: 'exit code 0', successful: 200, failed: 0 });
    await stage.contactsAre(0);
  });
});

it('a phone that is refreshed before it expires stays online', async () => {
  await stage.phone({ expires: 60 });
  await stage.contactsAre(1);
  const [contact] = await stage.contacts();
  expect(contact?.['expiresIn']).toEqual(expect.any(Number));
  expect(Number(contact?.['expiresIn'])).toBeLessThanOrEqual(60);
});

// Tandem of their own: whoever fails too often is put off, and so is everybody at the same address.
it.each([
  ['a wrong password', 'udp', { password: 'wrong-password' }],
  ['a wrong password', 'tcp', { password: 'wrong-password' }],
  ['an unknown user', 'udp', { user: 'nobody' }],
] as const)('%s over %s is refused, and nothing is online', async (_what, transport, credentials) => {
  const wary = await setStage();
  try {
    // baresip takes every challenge for a new one, and goes on until it is put off: 503.
    const phone = await wary.phone({ transport, isUnregistered: true, ...credentials });
    expect((await phone.events.next('REGISTER_FAIL')).param).toMatch(/^(401|403|503)/);
    expect(phone.events.has('REGISTER_OK')).toBe(false);
    expect(await wary.contacts()).toEqual([]);
  } finally {
    await wary.close();
  }
});

function authentication(user: string): string {
  return `[authentication username=${user} password=${PASSWORD}]`;
}
