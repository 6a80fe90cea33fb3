/** All ports of `RTP_PORTS` are in use: responses to phones and applications, and the return of the ports. */
import { ENDPOINT, world, type World } from '../support/harness';
import { withRegisteredPhone } from '../support/registered-phone';
import type { Softphone } from '../support/softphone';
import { freeRange } from './free-range';

const PSTN = '+15552223333';

let w: World;
let phone: Softphone;
withRegisteredPhone(
  (made, registered) => ([w, phone] = [made, registered]),
  async (sip) => world({ sip: { ...sip, rtpPorts: await freeRange(1) } }, { autoAnswer: true }),
);

/** Makes a call that takes the only port. */
async function callIn() {
  const call = await phone.dial(PSTN);
  const ok = call.first.status === 200 ? call.first : await call.response();
  expect(ok.status).toBe(200);
  const dialog = call.ack(ok);
  await w.app.next('answer');
  return { hangUp: async () => expect((await dialog.request('BYE')).status).toBe(200) };
}

it('a dialling phone gets 503 with Retry-After (RFC 3261 21.5.4), and no event is sent', async () => {
  const first = await callIn();
  const events = w.app.received.length;
  const second = await phone.dial(PSTN);
  expect(second.first.status).toBe(503);
  expect(Number(second.first.headers['retry-after'])).toBeGreaterThan(0);
  second.ack(second.first);
  expect(w.app.received).toHaveLength(events);
  expect((await w.v1.get('/calls')).body).toHaveLength(1);

  await first.hangUp();
  await w.app.next('hangup');
  await (await callIn()).hangUp();
});

it('a called phone does not ring (NORMAL_TEMPORARY_FAILURE) until the port is free', async () => {
  const first = await callIn();
  const refused = await w.dial(ENDPOINT);
  expect(await w.app.next('hangup')).toMatchObject({ callId: refused, cause: 'NORMAL_TEMPORARY_FAILURE' });
  expect((await w.v1.get(`/calls/${refused}`)).body).toMatchObject({ state: 'completed' });
  expect(phone.received.filter(({ status, method }) => status === 0 && method === 'INVITE')).toEqual([]);

  await first.hangUp();
  await w.app.next('hangup');
  const callId = await w.dial(ENDPOINT);
  await phone.answer(await phone.request('INVITE'));
  expect(await w.app.next('answer')).toMatchObject({ callId });
});

it('a caller that gives up, a rejected caller and a busy phone return their port', async () => {
  await w.v1.post(`/applications/${w.applicationId}`, { autoAnswer: false });
  for (const way of ['cancel', 'reject', 'cancel'] as const) {
    const call = await phone.dial(PSTN);
    const { callId } = await w.app.next('incomingcall');
    if (way === 'cancel') call.cancel();
    else await w.v1.post(`/calls/${callId}`, { state: 'rejected' });
    const refused = await call.response();
    expect(refused.status).toBe(way === 'cancel' ? 487 : 603);
    call.ack(refused);
  }
  for (let again = 0; again < 2; again++) {
    await w.dial(ENDPOINT);
    phone.respond(await phone.request('INVITE'), 486);
    await phone.request('ACK');
    await w.app.next('hangup', ({ cause }) => cause === 'USER_BUSY');
  }
});
