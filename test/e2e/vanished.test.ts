/** A phone that vanishes in mid-call: Tandem, its platform and SIP at the phone. */
import { recordingLog } from '../helpers/builders';
import { fakeTimeouts, refreshSession, REFRESHED_BY_PLATFORM } from '../helpers/session-timers';
import { runTandem, type RunningTandem } from '../helpers/tandem';
import { softphone, type Softphone, type SoftphoneOptions } from '../platform/support/softphone';

const NUMBER = '+1555444333';

let platformLog: ReturnType<typeof recordingLog>;
let tandem: RunningTandem;
let phone: Softphone;
afterEach(async () => {
  jest.useRealTimers();
  await tandem.close();
  phone.close();
});

/** A call from outside that the phone has answered. @returns the session's id */
async function talking(silenceSeconds: number, options: Partial<SoftphoneOptions> = {}): Promise<string> {
  const env = {
    LINES: `${NUMBER}=sip:jsmith_mobile@xyz-corp-testing.bwapp.bwsip.io`,
    SIP_PASSWORD: 'secret1',
    LEG_CHECK_SECONDS: '0',
    RECOVERY_SECONDS: '0',
  };
  platformLog = recordingLog();
  tandem = await runTandem(env, { sip: { host: '127.0.0.1', port: 0, silenceSeconds }, log: platformLog.log });
  phone = await softphone({ server: tandem.platform.sip!.phones, password: 'secret1', ...options });
  await phone.register();
  fakeTimeouts();
  const id = await tandem.sandbox.dial({ from: '+12223334444', to: NUMBER, hangUpAfterMs: 86_400_000 });
  await phone.answer(await phone.request('INVITE'), { headers: REFRESHED_BY_PLATFORM });
  await tandem.line(({ phase, sessionId }) => phase === 'bridged' && sessionId === id);
  return id;
}

/** What the session, and its line in the log, say. */
async function hasLost(id: string): Promise<void> {
  expect(await tandem.ended(id)).toMatchObject({ reason: 'media-lost' });
  const ended = tandem.lines.find(({ event, sessionId }) => event === 'session.ended' && sessionId === id);
  expect(ended).toMatchObject({ reason: 'media-lost' });
}

it('no RTP comes any more: media-lost', async () => {
  await hasLost(await talking(1));
});

it('the phone no longer knows the call: media-lost', async () => {
  const id = await talking(0);
  await refreshSession();
  phone.respond(await phone.request('INVITE'), 481);
  await hasLost(id);
});

it('its connection is gone: media-lost', async () => {
  const id = await talking(0, { tcp: true });
  phone.close();
  await platformLog.line(({ event }) => event === 'phone-offline');
  await refreshSession();
  await hasLost(id);
});
