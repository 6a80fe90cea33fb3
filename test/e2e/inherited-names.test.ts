/** Endpoints of LINES with names and passwords that every plain object has: each phone has its own password, rings and dials. */
import { runTandem, type RunningTandem } from '../helpers/tandem';
import { softphone, type Softphone } from '../platform/support/softphone';

const DOMAIN = 'xyz-corp-testing.bwapp.bwsip.io';
const USERS = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
const LINES = USERS.map((user, index) => `+1555444333${index}=sip:${user}@${DOMAIN}=${user}`).join(',');

let tandem: RunningTandem;
const phones: Softphone[] = [];
beforeEach(async () => {
  tandem = await runTandem({ LINES }, { sip: { host: '127.0.0.1', port: 0 } });
});
afterEach(async () => {
  await tandem.close();
  for (const phone of phones.splice(0)) phone.close();
});

async function phoneOf(user: string): Promise<Softphone> {
  const phone = await softphone({ server: tandem.platform.sip!.phones, user, password: user });
  phones.push(phone);
  return phone;
}

it.each(USERS)('%s registers with its password, and with no other', async (user) => {
  const phone = await phoneOf(user);
  for (const secret of USERS.filter((each) => each !== user))
    expect((await phone.register({ secret })).status).toBeGreaterThanOrEqual(400);
  expect((await phone.register()).status).toBe(200);
});

it.each(USERS.map((user, index) => [user, USERS[(index + 1) % USERS.length] ?? '']))(
  '%s calls %s',
  async (from, to) => {
    const [caller, callee] = [await phoneOf(from), await phoneOf(to)];
    await Promise.all([caller.register(), callee.register()]);
    const call = await caller.dial(to);
    const invite = await callee.request('INVITE');
    callee.respond(invite, 486);
    const refused = call.first.status >= 200 ? call.first : await caller.next((m) => call.mine(m) && m.status >= 200);
    call.ack(refused);
    expect(refused.status).toBe(486);
  },
);
