/** Phones behind a NAT, which say where they are and are wrong: they register, call, are called, are heard and hang up. */
import { toneSeconds } from './support/analysis';
import { hears, isUp } from './support/listening';
import { INSIDE, startNat, type Nat } from './support/nat';
import { onStage, type PhoneOptions, type Stage } from './support/stage';
import { ALICE, PSTN } from './support/tandem';
import { eventually } from './support/waiting';

let stage: Stage;
let nats: Nat[] = [];
onStage((set) => (stage = set));
afterEach(async () => {
  await Promise.all(nats.map((nat) => nat.close()));
  nats = [];
});

/** A phone with a NAT of its own. */
async function inside(options: PhoneOptions = {}) {
  const nat = await startNat(stage.tandem.sip);
  nats.push(nat);
  return { nat, phone: await stage.phone({ server: nat.server, ...options }) };
}

it('registers: the contact is what it says, the address is where it comes from', async () => {
  const { nat } = await inside();
  await stage.contactsAre(1);
  const [contact] = await stage.contacts();
  expect(contact?.contact).toContain(`@${INSIDE}`);
  expect(contact?.['address']).toBe(`127.0.0.1:${nat.sipPort}`);
});

it('dials, hears the greeting and itself, hangs up', async () => {
  const { phone } = await inside({ hz: 440 });
  await phone.dial(PSTN);
  await phone.events.next('CALL_RINGING');
  await isUp(phone);
  await hears(phone, 440);
  await phone.hangup();
});

it('is called, hears and is heard, and is hung up', async () => {
  const { phone } = await inside({ hz: 440 });
  await stage.callFromPstn();
  await phone.events.next('CALL_INCOMING');
  await phone.accept();
  await isUp(phone);
  await hears(phone, 440);
  const [farEnd] = await stage.simulated();
  await stage.tandem.platform('DELETE', `/sandbox/calls/${farEnd?.id}`);
  await phone.events.next('CALL_CLOSED');
});

it('rings, and is cancelled', async () => {
  const { phone } = await inside();
  await stage.callFromPstn({ giveUpAfterMs: 4_000 });
  await phone.events.next('CALL_INCOMING');
  await phone.events.next('CALL_CLOSED');
  expect(phone.events.has('CALL_ESTABLISHED')).toBe(false);
});

it('two phones, each behind a NAT, hear each other, also after hold and resume', async () => {
  const { phone: jsmith } = await inside({ hz: 440 });
  const { phone: alice } = await inside({ hz: 1_000, user: ALICE.user });
  await jsmith.dial(ALICE.user);
  await alice.events.next('CALL_INCOMING');
  await alice.accept();
  await isUp(jsmith, alice);
  await Promise.all([hears(jsmith, 1_000), hears(alice, 440)]);
  await jsmith.hold();
  await jsmith.resume();
  const before = toneSeconds(await alice.heardLast(), 440);
  await hears(alice, 440, before + 1);
  await alice.hangup();
  await jsmith.events.next('CALL_CLOSED');
});

it('the router forgets the phone in a call: sound goes on, and the phone can hang up', async () => {
  const { nat, phone } = await inside({ hz: 440 });
  await phone.dial(PSTN);
  await isUp(phone);
  await hears(phone, 440);
  const [port, before] = [nat.sipPort, toneSeconds(await phone.heardLast(), 440)];
  await nat.forget();
  await hears(phone, 440, before + 2);
  await phone.hangup();
  await stage.allOver();
  expect(nat.sipPort).not.toBe(port);
});

it('the router forgets the phone: it registers again from elsewhere, has one contact, and is called there', async () => {
  const { nat, phone } = await inside();
  await nat.forget();
  await phone.unregister();
  await phone.register();
  await eventually('the new address', async () => {
    const contacts = await stage.contacts();
    return contacts.length === 1 && contacts[0]?.['address'] === `127.0.0.1:${nat.sipPort}`;
  });
  await stage.callFromPstn({ giveUpAfterMs: 4_000 });
  await phone.events.next('CALL_INCOMING');
  await phone.events.next('CALL_CLOSED');
});
