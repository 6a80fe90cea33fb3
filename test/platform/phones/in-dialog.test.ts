/** Requests of a phone within a call: re-INVITE and UPDATE with early and late offers, and invalid requests. */
import { ENDPOINT, type World } from '../support/harness';
import { withRegisteredPhone } from '../support/registered-phone';
import type { Softphone } from '../support/softphone';

type Dialog = Awaited<ReturnType<Softphone['answer']>>;

let w: World;
let phone: Softphone;
let dialog: Dialog;
let callId: string;
withRegisteredPhone((world, registered) => ([w, phone] = [world, registered]));
beforeEach(async () => {
  callId = await w.dial(ENDPOINT);
  dialog = await phone.answer(await phone.request('INVITE'));
  await w.app.next('answer');
});

/** Speaks to the phone. @returns the packets that it got by the end of the sentence */
async function speak(): Promise<number> {
  phone.packets.length = 0;
  await w.v1.post(`/calls/${callId}/audio`, { sentence: 'Hello' });
  await w.app.next('speak', ({ status }) => status === 'done');
  return phone.packets.filter((packet) => new Set(packet.subarray(12)).size > 4).length;
}

it('re-INVITE without SDP: the offer comes in the 200, and the answer in the ACK decides (RFC 3264, late offer)', async () => {
  expect(await speak()).toBeGreaterThan(10);
  const held = await dialog.request('INVITE', { answer: phone.sdp('sendonly') });
  expect(held.status).toBe(200);
  expect(held.headers['content-type']).toBe('application/sdp');
  expect(held.body).toMatch(/m=audio \d+ RTP\/AVP 0 8 101/);
  expect(await speak()).toBe(0);
  expect((await dialog.request('INVITE', { answer: phone.sdp() })).status).toBe(200);
  expect(await speak()).toBeGreaterThan(10);
});

it('re-INVITE without SDP whose ACK has no answer changes nothing', async () => {
  expect((await dialog.request('INVITE')).status).toBe(200);
  expect(await speak()).toBeGreaterThan(10);
});

it('UPDATE (RFC 3311) holds and resumes; without SDP it only refreshes the session', async () => {
  const held = await dialog.request('UPDATE', { body: phone.sdp('sendonly') });
  expect([held.status, /a=(\w+)\r\n$/.exec(held.body)?.[1]]).toEqual([200, 'recvonly']);
  expect(await speak()).toBe(0);
  expect((await dialog.request('UPDATE', { body: phone.sdp() })).status).toBe(200);
  expect(await speak()).toBeGreaterThan(10);
  const there = await dialog.request('UPDATE', {
    headers: ['Session-Expires: 1800;refresher=uac', 'Supported: timer'],
  });
  expect(there.status).toBe(200);
  expect(there.headers['session-expires']).toBe('1800;refresher=uac');
  expect(there.body).toBe('');
});

it('another codec by re-INVITE: speech uses it', async () => {
  const changed = await dialog.request('INVITE', { body: phone.sdp('sendrecv', '8 101') });
  expect(changed.status).toBe(200);
  expect(changed.body).toMatch(/m=audio \d+ RTP\/AVP 8 101/);
  expect(await speak()).toBeGreaterThan(10);
  expect(phone.packets.every((packet) => (packet.readUInt8(1) & 0x7f) === 8)).toBe(true);
});

it('an unacceptable offer is 488, a too short session 422, a required extension 420, and the call continues', async () => {
  expect((await dialog.request('INVITE', { body: phone.sdp('sendrecv', '3 97') })).status).toBe(488);
  const short = await dialog.request('UPDATE', { headers: ['Session-Expires: 30', 'Supported: timer'] });
  expect([short.status, short.headers['min-se']]).toEqual([422, '90']);
  const required = await dialog.request('INVITE', { headers: ['Require: 100rel'], body: phone.sdp() });
  expect([required.status, required.headers['unsupported']]).toEqual([420, '100rel']);
  expect(await speak()).toBeGreaterThan(10);
});

it.each([
  ['OPTIONS', 200, []],
  ['REFER', 603, ['Refer-To: <sip:bob@example.org>']],
  ['PRACK', 405, ['RAck: 1 1 INVITE']],
  ['SUBSCRIBE', 405, ['Event: dialog']],
  ['MESSAGE', 405, []],
])('%s is answered %i, and the call continues', async (method, status, headers) => {
  const answer = await dialog.request(method, { headers });
  expect(answer.status).toBe(status);
  if (status !== 603) expect(answer.headers['allow']).toContain('UPDATE');
  expect((await w.v1.get(`/calls/${callId}`)).body.state).toBe('active');
});

it.each([
  ['application/dtmf-relay', 'Signal=5\r\nDuration=160\r\n', '200 OK', '5'],
  ['application/dtmf-relay', 'Signal=10\r\nDuration=160\r\n', '200 OK', '*'],
  ['application/dtmf-relay', 'signal= "5" \nduration=160', '200 OK', '5'],
  ['Application / DTMF-Relay;x=y', 'Signal: #;Duration=160', '200 OK', '#'],
  ['application/dtmf', '#', '200 OK', '#'],
  ['application/dtmf', 'Signal=7\r\nDuration=250\r\n', '200 OK', '7'],
  [
    'application/vnd.nortelnetworks.digits',
    'p=Digit-Collection\r\ny=Digits\r\n\r\nd=Digits=5\r\n',
    '400 Unknown DTMF Key',
    undefined,
  ],
  ['application/vnd.nortelnetworks.digits', 'p=Digit-Collection\r\ny=Digits\r\nd=5\r\n', '200 OK', '5'],
  ['application/dtmf-relay', 'Signal=x\r\nDuration=1\r\n', '400 Unknown DTMF Key', undefined],
  ['application/dtmf', 'x', '400 Unknown DTMF Key', undefined],
  ['text/plain', '5', '415 Unsupported Media Type', undefined],
])('INFO with %s %j: %s, key %s', async (type, body, status, digit) => {
  const response = await dialog.request('INFO', { type, body });
  expect(response.start).toBe(`SIP/2.0 ${status}`);
  expect(response.headers['accept']?.split(', ')[1]).toBe(response.status === 415 ? 'application/dtmf' : undefined);
  if (digit !== undefined) expect(await w.app.next('dtmf')).toMatchObject({ callId, dtmfDigit: digit });
  else expect(w.app.types()).not.toContain('dtmf');
});

it('REFER outside of a call is 405', async () => {
  const { first } = await phone.ask('REFER', ENDPOINT, { headers: ['Refer-To: <sip:bob@example.org>'] });
  expect(first.status).toBe(405);
});
