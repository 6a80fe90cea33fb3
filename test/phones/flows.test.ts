/** The three flows with real phones, and every way in which a call ends. Sound is checked by frequency, or by level and length. */
import { setTimeout as sleep } from 'node:timers/promises';
import { dominantHz, part, rms, soundSpan, toneSeconds, toneSpans } from './support/analysis';
import { hangupOf, hears, isUp } from './support/listening';
import { onStage, setStage, type Stage } from './support/stage';
import { ALICE, JSMITH, PSTN } from './support/tandem';
import { eventually } from './support/waiting';

const BUSY = '+15550000001';
const NEVER_ANSWERS = '+15550000002';

let stage: Stage;
onStage((set) => (stage = set));

describe.each(['udp', 'tcp'] as const)('over %s', (transport) => {
  it('SIP → PSTN: the phone hears the greeting, then its own tone', async () => {
    const phone = await stage.phone({ transport, hz: 440 });
    await phone.dial(PSTN);
    await phone.events.next('CALL_RINGING');
    await isUp(phone);
    await hears(phone, 440, 1);
    await phone.hangup();
    const heard = await phone.heardLast();
    const [echo] = toneSpans(heard, 440).filter(({ from, to }) => to - from > 0.5);
    const greeting = part(heard, 0, echo?.from);
    const speech = soundSpan(greeting);
    expect((speech?.to ?? 0) - (speech?.from ?? 0)).toBeGreaterThan(1);
    expect(rms(greeting)).toBeGreaterThan(0.01);
    expect(dominantHz(part(heard, echo?.from ?? 0))).toBeCloseTo(440, 0);
  });

  it('SIP → SIP: each phone hears the tone of the other', async () => {
    const jsmith = await stage.phone({ transport, hz: 440 });
    const alice = await stage.phone({ transport, hz: 1_000, user: ALICE.user });
    await jsmith.dial(ALICE.user);
    await alice.events.next('CALL_INCOMING');
    await jsmith.events.next('CALL_RINGING');
    await alice.accept();
    await isUp(jsmith, alice);
    await Promise.all([hears(jsmith, 1_000), hears(alice, 440)]);
    await alice.hangup();
    await jsmith.events.next('CALL_CLOSED');
    expect(toneSeconds(await jsmith.heardLast(), 440)).toBe(0);
  });

  it('PSTN → SIP: the phone rings, shows the line, and hears itself come back', async () => {
    const phone = await stage.phone({ transport, hz: 440 });
    await stage.callFromPstn();
    const incoming = await phone.events.next('CALL_INCOMING');
    expect(incoming.peeruri).toContain('555444333');
    await phone.accept();
    await isUp(phone);
    await hears(phone, 440);
    await phone.hangup();
    await eventually('the PSTN to be hung up', async () => (await stage.simulated())[0]?.state === 'ended');
  });

  it('speak and hang up: the phone hears the sentence, and is hung up', async () => {
    const phone = await stage.phone({ transport });
    const sentence = 'Hello sip client, this is a sentence of some length.';
    const { status } = await stage.tandem.own('POST', '/calls', { to: JSMITH.user, sentence });
    expect(status).toBe(201);
    await phone.events.next('CALL_INCOMING');
    await phone.accept();
    await isUp(phone);
    await phone.events.next('CALL_CLOSED');
    const heard = await phone.heardLast();
    const { from, to } = soundSpan(heard) ?? { from: 0, to: 0 };
    expect(to - from).toBeGreaterThan(1.5);
    expect(to - from).toBeLessThan(8);
    expect(rms(part(heard, from, to))).toBeGreaterThan(0.02);
    // A voice: no frequency goes through all of it.
    expect(toneSeconds(heard, dominantHz(heard) ?? 0)).toBeLessThan(0.6 * (to - from));
  });

  it('the far end hangs up: the phone is hung up', async () => {
    const phone = await stage.phone({ transport });
    await stage.callFromPstn();
    await phone.events.next('CALL_INCOMING');
    await phone.accept();
    await isUp(phone);
    const [farEnd] = await stage.simulated();
    await stage.tandem.platform('DELETE', `/sandbox/calls/${farEnd?.id}`);
    await phone.events.next('CALL_CLOSED');
  });

  it('the phone gives up while it rings: the callee is cancelled', async () => {
    const phone = await stage.phone({ transport });
    await phone.dial(NEVER_ANSWERS);
    await phone.events.next('CALL_RINGING');
    await phone.hangup();
    await stage.allOver();
    expect((await stage.simulated())[0]).toMatchObject({ state: 'ended' });
    expect(await hangupOf(stage, 'in')).toBe('ORIGINATOR_CANCEL');
  });

  it('the caller gives up while the phone rings: the phone is cancelled', async () => {
    const phone = await stage.phone({ transport });
    await stage.callFromPstn({ giveUpAfterMs: 4_000 });
    await phone.events.next('CALL_INCOMING');
    await phone.events.next('CALL_CLOSED');
    expect(phone.events.has('CALL_ESTABLISHED')).toBe(false);
  });

  it('the phone is busy: the callee ends with USER_BUSY', async () => {
    const phone = await stage.phone({ transport });
    await stage.callFromPstn();
    await phone.events.next('CALL_INCOMING');
    await phone.hangup();
    await stage.allOver();
    expect(await hangupOf(stage, 'out')).toBe('USER_BUSY');
  });

  it('the number is busy: the phone hears busy', async () => {
    const phone = await stage.phone({ transport });
    await phone.dial(BUSY);
    expect((await phone.events.next('CALL_CLOSED')).param).toMatch(/^486/);
    expect(phone.events.has('CALL_ESTABLISHED')).toBe(false);
  });

  it('hold and resume: the other hears the tone stop, and come back', async () => {
    const jsmith = await stage.phone({ transport, hz: 440 });
    const alice = await stage.phone({ transport, hz: 1_000, user: ALICE.user });
    await jsmith.dial(ALICE.user);
    await alice.events.next('CALL_INCOMING');
    await alice.accept();
    await isUp(jsmith, alice);
    await Promise.all([hears(jsmith, 1_000), hears(alice, 440)]);
    await jsmith.hold();
    await sleep(1_500); // what was under way has arrived
    const before = toneSeconds(await alice.heardLast(), 440);
    await sleep(1_500);
    expect(toneSeconds(await alice.heardLast(), 440) - before).toBeLessThan(0.1);
    await jsmith.resume();
    await hears(alice, 440, before + 1);
    await jsmith.hangup();
    await alice.events.next('CALL_CLOSED');
  });
});

it('phones of different codecs hear each other', async () => {
  const jsmith = await stage.phone({ hz: 440, codecs: ['pcmu'] });
  const alice = await stage.phone({ hz: 1_000, user: ALICE.user, codecs: ['pcma'], transport: 'tcp' });
  await jsmith.dial(ALICE.user);
  await alice.events.next('CALL_INCOMING');
  await alice.accept();
  await isUp(jsmith, alice);
  await Promise.all([hears(jsmith, 1_000), hears(alice, 440)]);
  expect(dominantHz(part(await alice.heardLast(), 0.5))).toBeCloseTo(440, 0);
  await alice.hangup();
});

it('nobody answers: both ends are told after the timeout', async () => {
  const impatient = await setStage({ CALL_TIMEOUT_SECONDS: '5' });
  try {
    const phone = await impatient.phone();
    await impatient.callFromPstn();
    await phone.events.next('CALL_INCOMING');
    await phone.events.next('CALL_CLOSED');
    await impatient.allOver();
    const callee = (await impatient.calls()).find(({ direction }) => direction === 'out');
    const names = (await impatient.events(callee?.id ?? '')).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['timeout', 'hangup']));
  } finally {
    await impatient.close();
  }
});
