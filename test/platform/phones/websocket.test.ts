/** A phone over WebSocket (RFC 7118) with sound over UDP: it registers, calls and is called until its connection closes. */
import { ENDPOINT, world, type World } from '../support/harness';
import { isSpeech, softphone, type Softphone } from '../support/softphone';

const PSTN = '+15552223333';

let w: World;
let phone: Softphone;
beforeEach(async () => {
  w = await world({ sip: { host: '127.0.0.1', port: 0 } });
  const webSocket = `${w.platform.url.replace('http:', 'ws:')}/sip`;
  phone = await softphone({ server: w.platform.sip!.phones, webSocket });
});
afterEach(async () => {
  await w.close();
  phone.close();
});

it('registers with an unresolvable contact, and is listed as WS', async () => {
  const ok = await phone.register();
  expect(ok.status).toBe(200);
  expect(ok.headers['contact']).toContain(phone.here);
  const { body } = await w.sandbox.get('/registrations');
  expect(body).toEqual([
    expect.objectContaining({
      sipUri: ENDPOINT,
      transport: 'WS',
      contact: `sip:jsmith_mobile@${phone.here};transport=ws`,
      age: expect.any(Number),
    }),
  ]);
});

it('dials, is answered, hears and presses a key, and hangs up', async () => {
  const call = await phone.dial(PSTN);
  expect(call.first.status).toBe(180);
  const { callId } = await w.app.next('incomingcall');
  await w.v1.post(`/calls/${callId}`, { state: 'active' });
  const ok = await call.response();
  expect(ok.status).toBe(200);
  expect(ok.headers['contact']).toContain('transport=ws');
  const dialog = call.ack(ok);
  await w.app.next('answer', (event) => event['callId'] === callId);
  await w.v1.post(`/calls/${callId}/audio`, { sentence: 'Hello' });
  await phone.heard(isSpeech);
  const info = await dialog.request('INFO', { type: 'application/dtmf-relay', body: 'Signal=7\r\nDuration=100\r\n' });
  expect(info.status).toBe(200);
  expect(await w.app.next('dtmf')).toMatchObject({ callId, dtmfDigit: '7' });
  expect((await dialog.request('BYE')).status).toBe(200);
  expect(await w.app.next('hangup')).toMatchObject({ callId, cause: 'NORMAL_CLEARING' });
});

it('gives up while it rings', async () => {
  const call = await phone.dial(PSTN);
  await w.app.next('incomingcall');
  call.cancel();
  const refused = await call.response();
  expect(refused.status).toBe(487);
  call.ack(refused);
  expect(await w.app.next('hangup')).toMatchObject({ cause: 'ORIGINATOR_CANCEL' });
});

it('is called over its connection, hears, and is hung up', async () => {
  await phone.register();
  const callId = await w.dial(ENDPOINT);
  const invite = await phone.request('INVITE');
  expect(invite.start).toBe(`INVITE sip:jsmith_mobile@${phone.here};transport=ws SIP/2.0`);
  expect(invite.headers['via']).toMatch(/^SIP\/2\.0\/WS /);
  await phone.answer(invite);
  await w.app.next('answer');
  await w.v1.post(`/calls/${callId}/audio`, { sentence: 'Hello' });
  await phone.heard(isSpeech);
  await w.v1.post(`/calls/${callId}`, { state: 'completed' });
  phone.respond(await phone.request('BYE'), 200);
  expect(await w.app.next('hangup')).toMatchObject({ callId, cause: 'NORMAL_CLEARING' });
});

it('rings together with a phone over UDP: the one that answers gets the call, the other is cancelled', async () => {
  const other = await softphone({ server: w.platform.sip!.phones });
  try {
    await phone.register();
    await other.register();
    await w.dial(ENDPOINT);
    const [here, there] = [await phone.request('INVITE'), await other.request('INVITE')];
    other.respond(there, 180);
    await phone.answer(here);
    await w.app.next('answer');
    other.respond(await other.request('CANCEL'), 200);
    other.respond(there, 487);
    await other.request('ACK');
  } finally {
    other.close();
  }
});

it('is offline when its connection closes, and cannot be called', async () => {
  await phone.register();
  phone.close();
  await isOffline();
  await w.dial(ENDPOINT);
  expect(await w.app.next('hangup')).toMatchObject({ cause: 'NORMAL_TEMPORARY_FAILURE' });
});

it('a browser, which requires DTLS-SRTP, gets 488', async () => {
  const sdp = [
    'v=0',
    'o=- 4611731400430051336 2 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=group:BUNDLE 0',
    'm=audio 9 UDP/TLS/RTP/SAVPF 111 0 8 110',
    'c=IN IP4 0.0.0.0',
    'a=ice-ufrag:4ZcD',
    'a=ice-pwd:2/1muCWoOi3uLifh0NuRHlZ4',
    `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`,
    'a=setup:actpass',
    'a=mid:0',
    'a=sendrecv',
    'a=rtcp-mux',
    'a=rtpmap:111 opus/48000/2',
    '',
  ];
  const call = await phone.dial(PSTN, { body: sdp.join('\r\n') });
  expect(call.first.status).toBe(488);
  call.ack(call.first);
  expect(w.app.received).toEqual([]);
});

it('cancels its call when its connection closes during the dial', async () => {
  await phone.dial(PSTN);
  const { callId } = await w.app.next('incomingcall');
  phone.close();
  expect(await w.app.next('hangup')).toMatchObject({ callId, cause: 'ORIGINATOR_CANCEL' });
});

it('stays in its call without a connection while there is sound, and can be hung up', async () => {
  await phone.register();
  const callId = await w.dial(ENDPOINT);
  await phone.answer(await phone.request('INVITE'));
  await w.app.next('answer');
  phone.close();
  await isOffline();
  expect((await w.v1.get(`/calls/${callId}`)).body.state).toBe('active');
  await w.v1.post(`/calls/${callId}`, { state: 'completed' });
  expect(await w.app.next('hangup')).toMatchObject({ callId, cause: 'NORMAL_CLEARING' });
});

it('gets the BYE of its call over the connection of a new registration', async () => {
  await phone.register();
  const callId = await w.dial(ENDPOINT);
  const invite = await phone.request('INVITE');
  await phone.answer(invite);
  await w.app.next('answer');
  phone.close();
  await isOffline();
  const webSocket = `${w.platform.url.replace('http:', 'ws:')}/sip`;
  phone = await softphone({ server: w.platform.sip!.phones, webSocket });
  await phone.register();
  await w.v1.post(`/calls/${callId}`, { state: 'completed' });
  const bye = await phone.request('BYE');
  expect(bye.headers['call-id']).toBe(invite.headers['call-id']);
});

it('stops ringing when its connection closes', async () => {
  await phone.register();
  const callId = await w.dial(ENDPOINT);
  phone.respond(await phone.request('INVITE'), 180);
  phone.close();
  expect(await w.app.next('hangup')).toMatchObject({ callId, cause: 'NORMAL_TEMPORARY_FAILURE' });
});

async function isOffline(): Promise<void> {
  while ((await w.sandbox.get('/registrations')).body.length > 0);
}
