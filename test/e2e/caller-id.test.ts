/** CALLER_ID=caller: which number each far end sees, with SIP at the phone, Tandem and its platform behind it. */
import { ACCOUNT, runTandem, type RunningTandem } from '../helpers/tandem';
import { client } from '../platform/support/harness';
import { softphone, type Softphone } from '../platform/support/softphone';

const DOMAIN = 'xyz-corp-testing.bwapp.bwsip.io';
const NUMBER = '+1555444333';
const CALLER = '+12223334444';
const PSTN = '+15552223333';

let tandem: RunningTandem;
let phone: Softphone;

async function start(callerId: string): Promise<void> {
  const lines = { LINES: `${NUMBER}=sip:jsmith_mobile@${DOMAIN}`, SIP_PASSWORD: 'secret1' };
  tandem = await runTandem({ ...lines, CALLER_ID: callerId }, { sip: { host: '127.0.0.1', port: 0 } });
  phone = await softphone({ server: tandem.platform.sip!.phones, password: 'secret1' });
  await phone.register();
}
afterEach(async () => {
  await tandem.close();
  phone.close();
});

it.each([
  ['caller', CALLER],
  ['line', NUMBER],
])('CALLER_ID=%s: a phone sees %s for a call from outside', async (callerId, shown) => {
  await start(callerId);
  const id = await tandem.sandbox.dial({ from: CALLER, to: NUMBER });
  const invite = await phone.request('INVITE');
  expect(invite.headers['from']).toMatch(`<sip:${shown}@${DOMAIN}>;tag=`);
  const dialog = await phone.answer(invite);
  await tandem.line(({ phase, sessionId }) => phase === 'bridged' && sessionId === id);
  expect((await dialog.request('BYE')).status).toBe(200);
  expect(await tandem.ended(id)).toMatchObject({ reason: 'completed' });
});

it("CALLER_ID=caller: the PSTN sees the number of the phone's line", async () => {
  await start('caller');
  const call = await phone.dial(PSTN);
  const answered = call.first.status === 200 ? call.first : await phone.next((m) => call.mine(m) && m.status === 200);
  const dialog = call.ack(answered);
  const sandbox = client(tandem.platform.url, '/sandbox', `${ACCOUNT.token}:${ACCOUNT.secret}`);
  const { body } = await sandbox.get('/calls');
  expect(body).toMatchObject([{ kind: 'pstn', party: PSTN, from: NUMBER, to: PSTN }]);
  expect((await dialog.request('BYE')).status).toBe(200);
});
