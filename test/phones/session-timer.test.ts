/** Session timers (RFC 4028) in real time: whoever stops refreshing is hung up, whoever goes on is not. */
import { softphone, type Softphone } from '../platform/support/softphone';
import { startReceiver, type Receiver } from './support/receiver';
import { setStage, type Stage } from './support/stage';
import { ALICE, DOMAIN, JSMITH, PASSWORD } from './support/tandem';

/** The shortest that may be agreed on (RFC 4028 4); s. */
const INTERVAL = 90;
const TOO_LATE_MS = 100_000;

let stage: Stage;
let app: Receiver;
const phones: Softphone[] = [];
beforeAll(async () => {
  stage = await setStage({ RTP_SILENCE_SECONDS: '0' }); // they say nothing
  app = await startReceiver();
});
afterAll(async () => {
  await stage?.close();
  await app.close();
  for (const phone of phones) phone.close();
});

/** A call to a phone that agrees to the shortest interval. @param refresher who has to refresh; `uas`: the phone */
async function callTo({ user, uri, number }: typeof JSMITH, refresher: 'uac' | 'uas') {
  const phone = await softphone({ server: stage.tandem.sip, user, password: PASSWORD, domain: DOMAIN });
  phones.push(phone);
  await phone.register();
  const path = `/v1/users/${stage.tandem.userId}/calls`;
  await stage.tandem.platform('POST', path, { from: number, to: uri, callbackUrl: app.url, tag: user });
  const invite = await phone.request('INVITE');
  expect(invite.headers['session-expires']).toBe('1800');
  const terms = ['Require: timer', `Session-Expires: ${INTERVAL};refresher=${refresher}`];
  const dialog = await phone.answer(invite, { headers: [...terms, 'Allow: INVITE, ACK, BYE, CANCEL, UPDATE'] });
  await app.next('answer', ({ tag }) => tag === user);
  return { phone, dialog, since: Date.now(), seconds: (from: number) => (Date.now() - from) / 1000 };
}

it(
  'a phone that does not refresh gets BYE before the interval is over; one that does goes on',
  async () => {
    const [lazy, good] = [await callTo(JSMITH, 'uas'), await callTo(ALICE, 'uas')];

    const refresh = async (): Promise<void> => {
      const { status, headers } = await good.dialog.request('UPDATE', {
        headers: ['Supported: timer', `Session-Expires: ${INTERVAL};refresher=uac`],
      });
      expect([status, headers['session-expires']]).toEqual([200, `${INTERVAL};refresher=uac`]);
    };
    const timer = setInterval(() => void refresh(), 25_000);
    try {
      lazy.phone.respond(await lazy.phone.request('BYE'), 200);
      // RFC 4028 10: a third of the interval, at most 32 s, before its end.
      expect(lazy.seconds(lazy.since)).toBeGreaterThan(55);
      expect(lazy.seconds(lazy.since)).toBeLessThan(INTERVAL);
      await app.next('hangup', ({ tag }) => tag === JSMITH.user);
      await refresh();
    } finally {
      clearInterval(timer);
    }
    expect(good.phone.received.some(({ status, method }) => status === 0 && method === 'BYE')).toBe(false);
    expect((await good.dialog.request('BYE')).status).toBe(200);
  },
  TOO_LATE_MS,
);

it(
  'Tandem, where it is to refresh, does so at half of the interval, and hangs up where it is not answered',
  async () => {
    const { phone, since, seconds } = await callTo(JSMITH, 'uac');
    const update = await phone.request('UPDATE');
    expect(seconds(since)).toBeGreaterThan(INTERVAL / 2 - 2);
    expect(seconds(since)).toBeLessThan(INTERVAL / 2 + 5);
    expect(update.headers['session-expires']).toBe(`${INTERVAL};refresher=uac`);
    phone.respond(update, 481); // it was restarted, say
    phone.respond(await phone.request('BYE'), 481);
    await app.next('hangup', ({ tag }) => tag === JSMITH.user);
  },
  TOO_LATE_MS,
);
