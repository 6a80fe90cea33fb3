/** Two phones on one endpoint: all ring, one gets the call. */
import { hangupOf, hears, isUp } from './support/listening';
import { onStage, setStage, type Stage } from './support/stage';

let stage: Stage;
onStage((set) => (stage = set));

describe.each(['udp', 'tcp'] as const)('over %s', (transport) => {
  it('both ring; the first that answers gets the call, the other is cancelled', async () => {
    const first = await stage.phone({ transport, hz: 440 });
    const second = await stage.phone({ transport, hz: 1_000 });
    await stage.contactsAre(2);
    await stage.callFromPstn();
    await Promise.all([first.events.next('CALL_INCOMING'), second.events.next('CALL_INCOMING')]);
    await second.accept();
    await isUp(second);
    await first.events.next('CALL_CLOSED');
    expect(first.events.has('CALL_ESTABLISHED')).toBe(false);
    await hears(second, 1_000);
    await second.hangup();
  });

  it('both answer at once: one gets the call, the other is ended', async () => {
    const phones = [await stage.phone({ transport, hz: 440 }), await stage.phone({ transport, hz: 440 })];
    await stage.contactsAre(2);
    await stage.callFromPstn();
    await Promise.all(phones.map((phone) => phone.events.next('CALL_INCOMING')));
    await Promise.all(phones.map((phone) => phone.accept()));
    const loser = await Promise.any(phones.map(async (phone) => (await phone.events.next('CALL_CLOSED'), phone)));
    const [winner] = phones.filter((phone) => phone !== loser);
    if (!winner) throw new Error('there were two phones');
    await isUp(winner);
    await hears(winner, 440);
    expect(winner.events.has('CALL_CLOSED')).toBe(false);
    await winner.hangup();
  });

  it('one refuses, the other answers', async () => {
    const first = await stage.phone({ transport });
    const second = await stage.phone({ transport, hz: 1_000 });
    await stage.contactsAre(2);
    await stage.callFromPstn();
    await Promise.all([first.events.next('CALL_INCOMING'), second.events.next('CALL_INCOMING')]);
    await first.hangup();
    await second.accept();
    await isUp(second);
    await hears(second, 1_000);
    await second.hangup();
  });
});

// Tandem of their own: the contact of a phone that was killed stays until it expires.
it.each(['udp', 'tcp'] as const)(
  'one was killed without a word: the other rings and answers, over %s',
  async (transport) => {
    const own = await setStage();
    try {
      const dead = await own.phone({ transport });
      const alive = await own.phone({ transport, hz: 1_000 });
      await dead.kill();
      await own.callFromPstn();
      await alive.events.next('CALL_INCOMING');
      await alive.accept();
      await isUp(alive);
      await hears(alive, 1_000);
      await alive.hangup();
    } finally {
      await own.close();
    }
  },
);

it('a call to a phone that is dead ends with a cause, and not with silence', async () => {
  const own = await setStage({ CALL_TIMEOUT_SECONDS: '3' });
  try {
    const dead = await own.phone();
    await dead.kill();
    await own.callFromPstn();
    await own.allOver();
    expect(await hangupOf(own, 'out')).toMatch(/^(NO_ANSWER|NORMAL_TEMPORARY_FAILURE)$/);
  } finally {
    await own.close();
  }
});
