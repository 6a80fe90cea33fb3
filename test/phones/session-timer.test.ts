/** Session timers (RFC 4028) in real time: a phone that stops refreshing is hung up, one that goes on is not. Takes a minute. */
import { softphone, type Softphone } from '../platform/support/softphone';
import { startReceiver, type Receiver } from './support/receiver';
import { setStage, type Stage } from './support/stage';
import { ALICE, DOMAIN, JSMITH, PASSWORD } from './support/tandem';

/** The shortest that may be agreed on (RFC 4028 4); s. */
const INTERVAL = 90;
const REFRESH_MS = 25_000;
const TOO_LATE_MS = 80_000;
const BOB = { user: 'bob', number: '+1555444335', uri: `sip:bob@${DOMAIN}` };

type Call = Awaited<ReturnType<typeof callTo>>;

let stage: Stage;
let app: Receiver;
const phones: Softphone[] = [];
let timer: NodeJS.Timeout;
/** To phones that agree to refresh and do not, to refresh and do, and that Tandem refreshes: at once, to wait once only. */
let lazy: Call;
let good: Call;
let restarted: Call;
beforeAll(async () => {
  stage = await setStage({
    RTP_SILENCE_SECONDS: '0', // they say nothing
    LINES: [JSMITH, ALICE, BOB].map(({ number, uri }) => `${number}=${uri}`).join(','),
  });
  app = await startReceiver();
  lazy = await callTo(JSMITH, 'uas');
  good = await callTo(ALICE, 'uas');
  restarted = await callTo(BOB, 'uac');
  timer = setInterval(() => void refresh(good), REFRESH_MS);
});
afterAll(async () => {
  clearInterval(timer);
  await stage?.close();
  await app?.close();
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
  const since = Date.now();
  return { phone, dialog, seconds: () => (Date.now() - since) / 1000 };
}

async function refresh({ dialog }: Call): Promise<[number, string | undefined]> {
  const headers = ['Supported: timer', `Session-Expires: ${INTERVAL};refresher=uac`];
  const response = await dialog.request('UPDATE', { headers });
  return [response.status, response.headers['session-expires']];
}

/** The three calls share one interval, so they are one test: run one after the other, in any order, the later ones would measure too late. */
it(
  'ends the calls that nothing refreshes, and goes on with the one that its phone refreshes',
  () => Promise.all([refreshesAndHangsUp(), hangsUpTheLazyOne()]).then(() => undefined),
  TOO_LATE_MS,
);

/** Tandem is the refresher: it refreshes at half of the interval, and hangs up where the phone knows no such call. */
async function refreshesAndHangsUp(): Promise<void> {
  const { phone, seconds } = restarted;
  const update = await phone.request('UPDATE');
  expect(seconds()).toBeGreaterThan(INTERVAL / 2 - 8);
  expect(seconds()).toBeLessThan(INTERVAL / 2 + 10);
  expect(update.headers['session-expires']).toBe(`${INTERVAL};refresher=uac`);
  phone.respond(update, 481);
  phone.respond(await phone.request('BYE'), 481);
  await app.next('hangup', ({ tag }) => tag === BOB.user);
}

/** The phones are the refreshers: the one that does not gets BYE before the interval is over. */
async function hangsUpTheLazyOne(): Promise<void> {
  lazy.phone.respond(await lazy.phone.request('BYE'), 200);
  // RFC 4028 10: a third of the interval, at most 32 s, before its end.
  expect(lazy.seconds()).toBeGreaterThan(INTERVAL - 42);
  expect(lazy.seconds()).toBeLessThan(INTERVAL);
  await app.next('hangup', ({ tag }) => tag === JSMITH.user);
  expect(await refresh(good)).toEqual([200, `${INTERVAL};refresher=uac`]);
  expect(good.phone.received.some(({ status, method }) => status === 0 && method === 'BYE')).toBe(false);
  expect((await good.dialog.request('BYE')).status).toBe(200);
}
