/** One phone reaches its limit of calls: its response, the entry in /errors, and no effect on others. */
import { ENDPOINT, world, type World } from '../support/harness';
import { softphone, type Softphone } from '../support/softphone';
import { freeRange } from './free-range';

const PSTN = '+15552223333';

let w: World;
let phone: Softphone;
beforeEach(async () => {
  // Ports for its outgoing calls, and for one incoming call.
  const sip = { host: '127.0.0.1', port: 0, rtpPorts: await freeRange(3), callsPerEndpoint: 2 };
  w = await world({ sip });
  phone = await softphone({ server: w.platform.sip!.phones });
  await phone.register();
});
afterEach(async () => {
  await w.close();
  phone.close();
});

it('the next call gets 486 with the reason, takes no port, has an entry in /errors, and causes no event', async () => {
  const ringing = [await phone.dial(PSTN), await phone.dial(PSTN)];
  await w.app.next('incomingcall');
  await w.app.next('incomingcall');
  for (let again = 0; again < 3; again++) {
    const refused = await phone.dial(PSTN);
    expect(refused.first.start).toBe('SIP/2.0 486 Too Many Calls');
    expect(refused.first.headers['warning']).toMatch(
      /^399 xyz-corp-testing\.bwapp\.bwsip\.io ".* limit of 2 concurrent calls"$/,
    );
    refused.ack(refused.first);
  }
  const { body: errors } = await w.v1.get('/errors');
  expect(errors).toHaveLength(3);
  expect(errors[0]).toMatchObject({ category: 'limit', code: 'endpoint-call-limit' });
  expect(errors[0].details).toContainEqual({ name: 'from', value: ENDPOINT });
  expect((await w.v1.get('/calls')).body).toHaveLength(2);

  // Incoming calls do not count.
  await w.dial(ENDPOINT);
  phone.respond(await phone.request('INVITE'), 486);

  // A cancelled call frees its place.
  ringing[0]!.cancel();
  ringing[0]!.ack(await ringing[0]!.response());
  await w.app.next('hangup', ({ cause }) => cause === 'ORIGINATOR_CANCEL');
  expect((await phone.dial(PSTN)).first.status).toBe(180);
});

it('a refused call frees its place', async () => {
  for (let again = 0; again < 3; again++) {
    const unreadable = await phone.dial(PSTN, { body: phone.sdp('sendrecv', '3 97') });
    expect(unreadable.first.status).toBe(488);
    unreadable.ack(unreadable.first);
    const contactless = await phone.dial(PSTN, { headers: ['Contactless: yes'] });
    expect(contactless.first.status).toBe(400);
    contactless.ack(contactless.first);
  }
  expect((await phone.dial(PSTN)).first.status).toBe(180);
});
