/** The platform with a real phone: SIP and RTP over UDP on one side, v1 over HTTP on the other. */
import { isSpeech, softphone, type Softphone } from './support/softphone';
import { ENDPOINT, NUMBER, world, type World } from './support/harness';

const SIP = { host: '127.0.0.1', port: 0 };

let w: World;
let phone: Softphone;
const phones: Softphone[] = [];

async function setUp(application: object = {}, sip: object = {}): Promise<void> {
  w = await world({ sip: { ...SIP, ...sip } }, application);
  phone = await newPhone();
}

async function newPhone(more: Partial<Parameters<typeof softphone>[0]> = {}): Promise<Softphone> {
  const made = await softphone({ server: w.platform.sip!.phones, ...more });
  phones.push(made);
  return made;
}

afterEach(async () => {
  await w.close();
  for (const each of phones.splice(0)) each.close();
});

describe('registration', () => {
  it('with the password of the endpoint; listed in /sandbox/registrations until it is removed', async () => {
    await setUp();
    expect((await phone.register()).status).toBe(200);
    const { body } = await w.sandbox.get('/registrations');
    expect(body).toEqual([
      expect.objectContaining({
        sipUri: ENDPOINT,
        endpointId: w.endpointId,
        transport: 'UDP',
        address: phone.here,
        contact: `sip:jsmith_mobile@${phone.here}`,
        age: expect.any(Number),
      }),
    ]);
    expect((await phone.register({ expires: 0 })).status).toBe(200);
    expect((await w.sandbox.get('/registrations')).body).toEqual([]);
  });

  it('with a token; a wrong password and an unknown user get the same refusal', async () => {
    await setUp();
    const { body } = await w.v1.post(`/domains/${w.domainId}/endpoints/${w.endpointId}/tokens`, { expires: 60 });
    expect((await phone.register({ secret: body.token })).status).toBe(200);
    const wrong = await phone.register({ secret: 'wrong1' });
    const unregistered = await newPhone({ user: 'nobody' });
    const unknown = await unregistered.register();
    expect(wrong.status).toBe(unknown.status);
    expect([401, 403]).toContain(wrong.status);
    expect(wrong.start).toBe(unknown.start);
  });

  it('of a disabled endpoint is refused', async () => {
    await setUp();
    await phone.register();
    await w.v1.post(`/domains/${w.domainId}/endpoints/${w.endpointId}`, { enabled: false });
    expect((await phone.register()).status).toBe(403);
    expect((await w.sandbox.get('/registrations')).body).toEqual([]);
  });
});

describe('a phone dials', () => {
  it('100 and 180 at once, and nothing more until the application answers; then sound both ways, and BYE', async () => {
    await setUp();
    await phone.register();
    const call = await phone.dial('+15552223333', { headers: ['X-Account: 42'] });
    expect(call.first.status).toBe(180);
    const { callId, ...event } = await w.app.next('incomingcall');
    expect(event).toMatchObject({ from: ENDPOINT, to: '+15552223333', callState: 'active' });
    expect(
      phone.received.filter(({ method, status }) => method === 'INVITE' && status > 180 && status !== 401),
    ).toEqual([]);
    expect((await w.v1.get(`/calls/${callId}`)).body).toMatchObject({
      state: 'started',
      sipHeaders: { 'X-Account': '42' },
    });

    await w.v1.post(`/calls/${callId}`, { state: 'active' });
    const ok = await call.response();
    expect(ok.status).toBe(200);
    expect(w.app.types()).not.toContain('answer'); // not before the ACK
    const dialog = call.ack(ok);
    await w.app.next('answer', (answer) => answer['callId'] === callId);

    await w.v1.post(`/calls/${callId}/audio`, { sentence: 'Hello' });
    await w.app.next('speak', ({ status }) => status === 'started');
    const packet = await phone.heard(isSpeech);
    expect(packet.readUInt8(1) & 0x7f).toBe(0);
    await w.app.next('speak', ({ status }) => status === 'done');

    expect((await dialog.request('BYE')).status).toBe(200);
    expect(await w.app.next('hangup')).toMatchObject({ callId, cause: 'NORMAL_CLEARING' });
  });

  it('rejected by the application: 603', async () => {
    await setUp();
    const call = await phone.dial('+15552223333');
    const { callId } = await w.app.next('incomingcall');
    await w.v1.post(`/calls/${callId}`, { state: 'rejected' });
    const refused = await call.response();
    expect(refused.status).toBe(603);
    call.ack(refused);
  });

  it('and gives up: CANCEL, 487, ORIGINATOR_CANCEL', async () => {
    await setUp();
    const call = await phone.dial('+15552223333');
    await w.app.next('incomingcall');
    call.cancel();
    const refused = await call.response();
    expect(refused.status).toBe(487);
    call.ack(refused);
    expect(await w.app.next('hangup')).toMatchObject({ cause: 'ORIGINATOR_CANCEL' });
  });

  it('without an application: 403, and /errors has the reason', async () => {
    await setUp();
    await w.v1.post(`/domains/${w.domainId}/endpoints/${w.endpointId}`, { applicationId: '' });
    const call = await phone.dial('+15552223333');
    expect(call.first.status).toBe(403);
    call.ack(call.first);
    expect((await w.v1.get('/errors')).body[0]).toMatchObject({ code: 'no-application-for-endpoint' });
  });

  it('with the wrong password: no call, no event', async () => {
    await setUp();
    const unregistered = await newPhone({ password: 'wrong1' });
    const call = await unregistered.dial('+15552223333');
    expect([401, 403]).toContain(call.first.status);
    call.ack(call.first);
    expect(w.app.received).toEqual([]);
  });

  it('without a Contact there can be no dialog: 400, and no line is left behind', async () => {
    await setUp({}, { maxLines: 1 });
    for (let i = 0; i < 2; i++) {
      const call = await phone.dial('+15552223333', { headers: ['Contactless: yes'] });
      expect(call.first.status).toBe(400);
      call.ack(call.first);
    }
  });

  it('autoAnswer answers', async () => {
    await setUp({ autoAnswer: true });
    const call = await phone.dial('+15552223333');
    const ok = call.first.status === 200 ? call.first : await call.response();
    expect(ok.status).toBe(200);
    call.ack(ok);
    await w.app.next('answer');
  });

  it('488 without a common codec, 415 without SDP, 420 for required extensions', async () => {
    await setUp();
    const codec = await phone.dial('+15552223333', { body: phone.sdp('sendrecv', '3 97') });
    expect(codec.first.status).toBe(488);
    codec.ack(codec.first);
    const prack = await phone.dial('+15552223333', { headers: ['Require: 100rel'] });
    expect(prack.first.status).toBe(420);
    expect(prack.first.headers['unsupported']).toBe('100rel');
    prack.ack(prack.first);
    const text = await phone.dial('+15552223333', { type: 'text/plain' });
    expect([text.first.status, text.first.headers['accept']]).toEqual([415, 'application/sdp, multipart/mixed']);
    text.ack(text.first);
    const packed = await phone.dial('+15552223333', { headers: ['Content-Encoding: gzip'] });
    expect([packed.first.status, packed.first.headers['accept-encoding']]).toEqual([415, 'identity']);
    packed.ack(packed.first);
    const wordy = await phone.dial('+15552223333', { headers: ['Accept: text/plain'] });
    expect(wordy.first.status).toBe(406);
    wordy.ack(wordy.first);
    expect(w.app.received).toEqual([]);
  });

  it('SDP that is a part of the body is answered as if it were the body (RFC 5621)', async () => {
    await setUp({ autoAnswer: true });
    const body = `--b\r\n\r\nHello\r\n--b\r\nContent-Type: application/sdp\r\n\r\n${phone.sdp()}\r\n--b--\r\n`;
    const call = await phone.dial('+15552223333', { type: 'multipart/mixed;boundary=b', body });
    const ok = call.first.status === 200 ? call.first : await call.response();
    expect([ok.status, ok.headers['content-type']]).toEqual([200, 'application/sdp']);
    expect(ok.body).toContain('m=audio');
    const dialog = call.ack(ok);
    const packed = await dialog.request('INVITE', { headers: ['Content-Encoding: gzip'], body: phone.sdp() });
    expect([packed.status, packed.headers['accept-encoding']]).toEqual([415, 'identity']);
    const held = body.replace('sendrecv', 'sendonly');
    const answer = await dialog.request('UPDATE', { type: 'multipart/mixed;boundary=b', body: held });
    expect(answer.body).toContain('a=recvonly');
    expect((await dialog.request('INVITE', { headers: ['Accept: text/plain'], body: phone.sdp() })).status).toBe(406);
  });

  it.each([
    ['+15552223333', '+15552223333'],
    ['jsmith_mobile', ENDPOINT],
    ['sip:+15552223333@127.0.0.1', '+15552223333'],
    ['sip:bob@example.org', 'sip:bob@example.org'],
    ['tel:+15552223333', '+15552223333'],
  ])('%s arrives as %s', async (dialled, expected) => {
    await setUp();
    const call = await phone.dial(dialled);
    expect((await w.app.next('incomingcall'))['to']).toBe(expected);
    call.cancel();
    call.ack(await call.response());
  });
});

describe('a phone is called', () => {
  it('rings, answers, presses keys, hangs up', async () => {
    await setUp();
    await phone.register();
    const callId = await w.dial(ENDPOINT, { tag: 'abc', sipHeaders: { 'X-Ticket': '7' } });
    const invite = await phone.request('INVITE');
    expect(invite.start).toBe(`INVITE sip:jsmith_mobile@${phone.here} SIP/2.0`);
    expect(invite.headers['from']).toContain('<sip:+1555444333@xyz-corp-testing.bwapp.bwsip.io>');
    expect(invite.headers['x-ticket']).toBe('7');
    const dialog = await phone.answer(invite);
    expect(await w.app.next('answer')).toMatchObject({ callId, tag: 'abc' });

    const key = (duration: number, end = false) => Buffer.from([5, end ? 0x8a : 0x0a, duration >> 8, duration & 0xff]);
    phone.sendRtp(key(160), { type: 101, sequence: 1, timestamp: 1000, marker: true });
    phone.sendRtp(key(320, true), { type: 101, sequence: 2, timestamp: 1000 });
    phone.sendRtp(key(320, true), { type: 101, sequence: 3, timestamp: 1000 });
    expect(await w.app.next('dtmf')).toMatchObject({ callId, dtmfDigit: '5' });
    const info = await dialog.request('INFO', { headers: ['Content-Type: application/dtmf-relay'], body: '' });
    expect(info.status).toBe(200);

    expect((await dialog.request('BYE')).status).toBe(200);
    expect(await w.app.next('hangup')).toMatchObject({ callId, cause: 'NORMAL_CLEARING', tag: 'abc' });
  });

  it('is hung up by the application', async () => {
    await setUp();
    await phone.register();
    const callId = await w.dial(ENDPOINT);
    await phone.answer(await phone.request('INVITE'));
    await w.app.next('answer');
    await w.v1.post(`/calls/${callId}`, { state: 'completed' });
    phone.respond(await phone.request('BYE'), 200);
    expect(await w.app.next('hangup')).toMatchObject({ cause: 'NORMAL_CLEARING' });
  });

  it.each([
    [486, 'USER_BUSY'],
    [603, 'CALL_REJECTED'],
    [480, 'NO_ANSWER'],
    [404, 'UNALLOCATED_NUMBER'],
    [500, 'NORMAL_TEMPORARY_FAILURE'],
  ])('and says %i: %s', async (status, cause) => {
    await setUp();
    await phone.register();
    await w.dial(ENDPOINT);
    phone.respond(await phone.request('INVITE'), status);
    await phone.request('ACK');
    expect(await w.app.next('hangup')).toMatchObject({ cause });
  });

  it('and does not answer: timeout, CANCEL, hangup NO_ANSWER', async () => {
    await setUp();
    await phone.register();
    await w.dial(ENDPOINT, { callTimeout: 1 });
    const invite = await phone.request('INVITE');
    phone.respond(invite, 180);
    phone.respond(await phone.request('CANCEL'), 200);
    phone.respond(invite, 487);
    await phone.request('ACK');
    await w.app.next('timeout');
    expect(await w.app.next('hangup')).toMatchObject({ cause: 'NO_ANSWER' });
  });

  it('replaces a simulated phone while it is registered', async () => {
    await setUp();
    await w.sandbox.post('/phones', { sipUri: ENDPOINT });
    await phone.register();
    await w.dial(ENDPOINT);
    const invite = await phone.request('INVITE');
    phone.respond(invite, 486);
    await phone.request('ACK');
    await w.app.next('hangup');
    await phone.register({ expires: 0 });
    await w.dial(ENDPOINT);
    await w.app.next('answer');
  });

  it('two phones of one endpoint: both ring, the first that answers gets the call, the other is cancelled', async () => {
    await setUp();
    const other = await newPhone();
    await phone.register();
    await other.register();
    await w.dial(ENDPOINT);
    const [one, two] = [await phone.request('INVITE'), await other.request('INVITE')];
    expect(one.headers['call-id']).not.toBe(two.headers['call-id']);
    other.respond(two, 180);
    await phone.answer(one);
    await w.app.next('answer');
    other.respond(await other.request('CANCEL'), 200);
    other.respond(two, 487);
    await other.request('ACK');
  });

  it('two phones answer at once: one gets the call, the other a BYE', async () => {
    await setUp();
    const other = await newPhone();
    await phone.register();
    await other.register();
    await w.dial(ENDPOINT);
    const [one, two] = [await phone.request('INVITE'), await other.request('INVITE')];
    phone.respond(one, 200, { body: phone.sdp() });
    other.respond(two, 200, { body: other.sdp() });
    await Promise.all([phone.request('ACK'), other.request('ACK')]);
    const loser = await Promise.race([
      phone.request('BYE').then((bye) => [phone, bye] as const),
      other.request('BYE').then((bye) => [other, bye] as const),
    ]);
    loser[0].respond(loser[1], 200);
    await w.app.next('answer');
    expect(w.app.types().filter((type) => type === 'answer')).toHaveLength(1);
  });

  it('no phone registered: NORMAL_TEMPORARY_FAILURE; other URIs are not dialled', async () => {
    await setUp();
    await w.dial(ENDPOINT);
    expect(await w.app.next('hangup')).toMatchObject({ cause: 'NORMAL_TEMPORARY_FAILURE' });
    await w.dial(`sip:bob@${phone.here}`);
    expect(await w.app.next('hangup')).toMatchObject({ cause: 'UNALLOCATED_NUMBER' });
  });

  it('another URI is dialled if a setting allows it', async () => {
    await setUp({}, { dialUris: true });
    await w.dial(`sip:bob@${phone.here}`);
    const invite = await phone.request('INVITE');
    expect(invite.start).toContain('sip:bob@');
    await phone.answer(invite);
    await w.app.next('answer');
  });
});

describe('two phones in a bridge', () => {
  it('hear each other, hold and resume, and are disconnected again', async () => {
    await setUp();
    const second = await w.v1.post(`/domains/${w.domainId}/endpoints`, {
      name: 'bob',
      applicationId: w.applicationId,
      credentials: { password: 'abc123' },
    });
    expect(second.status).toBe(201);
    const bob = await newPhone({ user: 'bob' });
    await phone.register();
    await bob.register();
    const callIds = [await w.dial(ENDPOINT), await w.dial('sip:bob@xyz-corp-testing.bwapp.bwsip.io')];
    const dialog = await phone.answer(await phone.request('INVITE'));
    await bob.answer(await bob.request('INVITE'));
    await w.app.next('answer');
    await w.app.next('answer');
    const { id: bridgeId } = await w.v1.post('/bridges', { callIds });
    expect((await w.v1.get(`/bridges/${bridgeId}`)).body.state).toBe('active');

    const say = (from: Softphone, what: number, sequence: number) =>
      from.sendRtp(Buffer.alloc(160, what), { sequence, timestamp: sequence * 160, marker: sequence === 1 });
    const hears = (who: Softphone, what: number) => who.heard((bytes) => bytes.length === 172 && bytes[100] === what);
    say(phone, 0x11, 1);
    say(bob, 0x22, 1);
    await hears(bob, 0x11);
    await hears(phone, 0x22);

    const held = await dialog.request('INVITE', { body: phone.sdp('sendonly') });
    expect(held.status).toBe(200);
    expect(held.body).toContain('a=recvonly');
    const resumed = await dialog.request('INVITE', { body: phone.sdp() });
    expect(resumed.body).toContain('a=sendrecv');
    say(bob, 0x23, 2);
    await hears(phone, 0x23);
  });
});

describe('other requests', () => {
  it.each([
    ['OPTIONS', 200],
    ['SUBSCRIBE', 405],
    ['BYE', 481],
    ['INFO', 481],
    ['UPDATE', 481],
    ['JUMP', 501],
  ])('%s outside of a dialog: %i', async (method, status) => {
    await setUp();
    const { first } = await phone.ask(method, 'sip:xyz-corp-testing.bwapp.bwsip.io');
    expect(first.status).toBe(status);
  });

  it('an unknown dialog: 481', async () => {
    await setUp();
    const { first } = await phone.ask('BYE', 'sip:tandem@127.0.0.1', { to: '<sip:x@y>;tag=nobody' });
    expect(first.status).toBe(481);
  });

  it('closing the platform hangs up', async () => {
    await setUp();
    await phone.register();
    await w.dial(ENDPOINT);
    await phone.answer(await phone.request('INVITE'));
    await w.app.next('answer');
    await w.platform.close();
    await phone.request('BYE');
    w = { ...w, close: () => w.app.close() };
  });

  it('calls above the limit, and calls for which there is no RTP port, are refused with 503', async () => {
    await setUp({}, { maxLines: 0 });
    const call = await phone.dial('+15552223333');
    expect(call.first.status).toBe(503);
    expect(call.first.headers['retry-after']).toBeDefined();
    call.ack(call.first);
  });
});

it('a call to the account’s own number from a phone', async () => {
  await setUp();
  const call = await phone.dial(NUMBER);
  expect(await w.app.next('incomingcall')).toMatchObject({ to: NUMBER });
  call.cancel();
  call.ack(await call.response());
});
