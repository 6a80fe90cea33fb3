/** A phone with an unreachable address in Via, Contact and SDP. The source address of its packets counts. */
import { ENDPOINT, world, type World } from '../support/harness';
import { isSpeech, softphone, type Softphone } from '../support/softphone';

const PSTN = '+15552223333';
/** An address without a listener. Packets to it do not leave this machine. */
const INSIDE = '127.9.9.9';

let w: World;
let phone: Softphone;
beforeEach(async () => {
  w = await world({ sip: { host: '127.0.0.1', port: 0 } });
  phone = await softphone({ server: w.platform.sip!.phones, announced: INSIDE });
});
afterEach(async () => {
  await w.close();
  phone.close();
});

const say = (): void => phone.sendRtp(Buffer.alloc(160, 0x55), { sequence: 1, timestamp: 160, marker: true });
const isSpokenTo = async (callId: string): Promise<void> => {
  await w.v1.post(`/calls/${callId}/audio`, { sentence: 'Hello' });
  await phone.heard(isSpeech);
};

it('registers: the response goes to its source (RFC 3581), with its own contact', async () => {
  const ok = await phone.register();
  expect(ok.headers['via']).toContain(`SIP/2.0/UDP ${phone.here};`);
  const port = /rport=(\d+)/.exec(ok.headers['via'] ?? '')?.[1];
  expect(ok.headers['via']).toContain('received=127.0.0.1');
  expect((await w.sandbox.get('/registrations')).body).toEqual([
    expect.objectContaining({ contact: `sip:jsmith_mobile@${phone.here}`, address: `127.0.0.1:${port}` }),
  ]);
});

it('dials, speaks, is heard from then on, and is hung up by BYE', async () => {
  const call = await phone.dial(PSTN);
  const { callId } = await w.app.next('incomingcall');
  await w.v1.post(`/calls/${callId}`, { state: 'active' });
  call.ack(await call.response());
  await w.app.next('answer', (event) => event['callId'] === callId);
  say();
  await isSpokenTo(callId ?? '');
  await w.v1.post(`/calls/${callId}`, { state: 'completed' });
  phone.respond(await phone.request('BYE'), 200);
  expect(await w.app.next('hangup')).toMatchObject({ callId, cause: 'NORMAL_CLEARING' });
});

it('is called at the source of its REGISTER, holds and resumes, and hangs up', async () => {
  await phone.register();
  const callId = await w.dial(ENDPOINT);
  const invite = await phone.request('INVITE');
  expect(invite.start).toContain(INSIDE);
  const dialog = await phone.answer(invite);
  await w.app.next('answer');
  say();
  await isSpokenTo(callId);
  for (const direction of ['sendonly', 'sendrecv'])
    expect((await dialog.request('INVITE', { body: phone.sdp(direction) })).status).toBe(200);
  phone.packets.length = 0;
  await isSpokenTo(callId);
  expect((await dialog.request('BYE')).status).toBe(200);
  expect(await w.app.next('hangup')).toMatchObject({ callId, cause: 'NORMAL_CLEARING' });
});

it('rings and is cancelled', async () => {
  await phone.register();
  const callId = await w.dial(ENDPOINT);
  const invite = await phone.request('INVITE');
  phone.respond(invite, 180);
  await w.v1.post(`/calls/${callId}`, { state: 'completed' });
  phone.respond(await phone.request('CANCEL'), 200);
  phone.respond(invite, 487);
  await phone.request('ACK');
});
