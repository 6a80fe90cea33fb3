/** What a calling phone hears when the callee cannot be reached: SIP at the phone, Tandem and its platform behind it. */
import { runTandem, type RunningTandem } from '../helpers/tandem';
import { softphone, type Softphone } from '../platform/support/softphone';

const DOMAIN = 'xyz-corp-testing.bwapp.bwsip.io';
const BOB = `sip:bob@${DOMAIN}`;

let tandem: RunningTandem;
const phones: Softphone[] = [];

async function phoneOf(user: string): Promise<Softphone> {
  const phone = await softphone({ server: tandem.platform.sip!.phones, user, password: 'secret1' });
  phones.push(phone);
  await phone.register();
  return phone;
}

beforeEach(async () => {
  const lines = `+1555444333=sip:jsmith_mobile@${DOMAIN},+1555444334=${BOB},+1555444335=sip:carol@${DOMAIN}`;
  tandem = await runTandem(
    { LINES: lines, SIP_PASSWORD: 'secret1', CALL_TIMEOUT_SECONDS: '1' },
    { sip: { host: '127.0.0.1', port: 0 } },
  );
});
afterEach(async () => {
  await tandem.close();
  for (const phone of phones.splice(0)) phone.close();
});

async function hears(dialled: string): Promise<string> {
  const phone = await phoneOf('jsmith_mobile');
  const call = await phone.dial(dialled);
  const refused = call.first.status >= 200 ? call.first : await phone.next((m) => call.mine(m) && m.status >= 200);
  call.ack(refused);
  return refused.start;
}

it.each([
  ['+15550000001', 'SIP/2.0 486 Busy Here'],
  ['+15550000002', 'SIP/2.0 480 Temporarily Unavailable'],
  ['+15550000003', 'SIP/2.0 603 Decline'],
  ['+15550000004', 'SIP/2.0 404 Not Found'],
  [`sip:nobody@${DOMAIN}`, 'SIP/2.0 404 Not Found'],
  [`sip:carol@${DOMAIN}`, 'SIP/2.0 480 Temporarily Unavailable'], // not registered
])('a phone that dials %s hears %s', async (dialled, status) => {
  expect(await hears(dialled)).toBe(status);
});

it.each([
  [486, 'SIP/2.0 486 Busy Here'],
  [600, 'SIP/2.0 486 Busy Here'],
  [480, 'SIP/2.0 480 Temporarily Unavailable'],
  [603, 'SIP/2.0 603 Decline'],
  [404, 'SIP/2.0 404 Not Found'],
])('a phone that dials another one that answers %i hears %s', async (status, heard) => {
  const bob = await phoneOf('bob');
  const [told] = await Promise.all([hears('bob'), bob.request('INVITE').then((invite) => bob.respond(invite, status))]);
  expect(told).toBe(heard);
});
