/** Responses to a rejected calling phone, and the end of a call whose phone is lost. */
import type { PlatformOptions } from '../../../src/platform';
import { recordingLog } from '../../helpers/builders';
import { fakeTimeouts, refreshSession, REFRESHED_BY_PLATFORM } from '../../helpers/session-timers';
import { ENDPOINT, NUMBER, world, type World } from '../support/harness';
import { softphone, type Softphone } from '../support/softphone';

const SIP = { host: '127.0.0.1', port: 0 };
const TARGET = '+15552223333';

let w: World;
let phone: Softphone;

async function setUp(sip: object = {}, options: Partial<PlatformOptions> = {}): Promise<void> {
  w = await world({ sip: { ...SIP, ...sip }, ...options });
  phone = await softphone({ server: w.platform.sip!.phones });
}

afterEach(async () => {
  jest.useRealTimers();
  await w.close();
  phone.close();
});

describe('state rejected', () => {
  beforeEach(() => setUp());

  it.each([
    ['USER_BUSY', 486, 'Busy Here'],
    ['NO_ANSWER', 480, 'Temporarily Unavailable'],
    ['NORMAL_TEMPORARY_FAILURE', 480, 'Temporarily Unavailable'],
    ['UNALLOCATED_NUMBER', 404, 'Not Found'],
    ['CALL_REJECTED', 603, 'Decline'],
    [undefined, 603, 'Decline'],
  ])('with the cause %s is a %i to the phone, and the cause of the hangup', async (cause, status, reason) => {
    const call = await phone.dial(TARGET);
    const { callId } = await w.app.next('incomingcall');
    expect((await w.v1.post(`/calls/${callId}`, { state: 'rejected', cause })).status).toBe(200);
    const refused = await call.response();
    expect(refused.start).toBe(`SIP/2.0 ${status} ${reason}`);
    call.ack(refused);
    expect(await w.app.next('hangup')).toMatchObject({ callId, cause: cause ?? 'CALL_REJECTED' });
    expect((await w.v1.get(`/calls/${callId}`)).body.state).toBe('rejected');
  });

  it.each([
    [{ state: 'rejected', cause: 'BUSY' }, 'cause'],
    [{ state: 'rejected', cause: 'constructor' }, 'cause'],
    [{ state: 'rejected', cause: 'NORMAL_CLEARING' }, 'cause'],
    [{ state: 'rejected', cause: 486 }, 'cause'],
    [{ state: 'completed', cause: 'USER_BUSY' }, 'cause'],
    [{ cause: 'USER_BUSY' }, 'cause'],
  ])('%j is a validation error, and the call keeps ringing', async (body, field) => {
    const call = await phone.dial(TARGET);
    const { callId } = await w.app.next('incomingcall');
    const refused = await w.v1.post(`/calls/${callId}`, body);
    expect(refused.status).toBe(400);
    expect(refused.body).toMatchObject({ code: 'validation-error', message: expect.stringContaining(`${field}: `) });
    expect((await w.v1.get(`/calls/${callId}`)).body.state).toBe('started');
    call.cancel();
    call.ack(await call.response());
  });

  it('of a simulated caller and of a number of the account forwards the cause', async () => {
    const id = await w.incoming('+12223334444', NUMBER);
    await w.app.next('incomingcall');
    await w.v1.post(`/calls/${id}`, { state: 'rejected', cause: 'USER_BUSY' });
    expect(await w.app.next('hangup')).toMatchObject({ callId: id, cause: 'USER_BUSY' });
    expect((await w.sandbox.get(`/calls/${id}`)).body).toMatchObject({ state: 'ended', cause: 'USER_BUSY' });

    const out = await w.dial(NUMBER);
    const { callId } = await w.app.next('incomingcall');
    await w.v1.post(`/calls/${callId}`, { state: 'rejected', cause: 'USER_BUSY' });
    expect(await w.app.next('hangup', (event) => event['callId'] === out)).toMatchObject({ cause: 'USER_BUSY' });
  });
});

it('a ringing call gets 503 with Retry-After when the platform closes', async () => {
  await setUp();
  const call = await phone.dial(TARGET);
  await w.app.next('incomingcall');
  await w.platform.close();
  const refused = await call.response();
  expect(refused.status).toBe(503);
  expect(refused.headers['retry-after']).toBeDefined();
  w = { ...w, close: () => w.app.close() };
});

describe('the hangup of a call whose phone is lost', () => {
  it('has causeDetail media-lost when no RTP came for silenceSeconds', async () => {
    await setUp({ silenceSeconds: 1 });
    await phone.register();
    const callId = await w.dial(ENDPOINT);
    await phone.answer(await phone.request('INVITE'));
    expect(await w.app.next('hangup')).toMatchObject({
      callId,
      cause: 'NORMAL_TEMPORARY_FAILURE',
      causeDetail: 'media-lost',
    });
    phone.respond(await phone.request('BYE'), 200);
  });

  it('has causeDetail phone-lost when the phone does not know the call', async () => {
    await setUp();
    await phone.register();
    fakeTimeouts();
    const callId = await w.dial(ENDPOINT);
    await phone.answer(await phone.request('INVITE'), { headers: REFRESHED_BY_PLATFORM });
    await refreshSession();
    phone.respond(await phone.request('INVITE'), 481);
    expect(await w.app.next('hangup')).toMatchObject({
      callId,
      cause: 'NORMAL_TEMPORARY_FAILURE',
      causeDetail: 'phone-lost',
    });
  });

  it('has causeDetail phone-lost when the connection of the phone has closed', async () => {
    const { log, line } = recordingLog();
    await setUp({}, { log });
    const tcp = await softphone({ server: w.platform.sip!.phones, tcp: true });
    await tcp.register();
    fakeTimeouts();
    const callId = await w.dial(ENDPOINT);
    await tcp.answer(await tcp.request('INVITE'), { headers: REFRESHED_BY_PLATFORM });
    await w.app.next('answer');
    tcp.close();
    await line(({ event }) => event === 'phone-offline');
    await refreshSession();
    expect(await w.app.next('hangup')).toMatchObject({
      callId,
      cause: 'NORMAL_TEMPORARY_FAILURE',
      causeDetail: 'phone-lost',
    });
  });

  it('has none when the phone hangs up', async () => {
    await setUp();
    await phone.register();
    await w.dial(ENDPOINT);
    const dialog = await phone.answer(await phone.request('INVITE'));
    await w.app.next('answer');
    await dialog.request('BYE');
    const hangup = await w.app.next('hangup');
    expect(hangup).toMatchObject({ cause: 'NORMAL_CLEARING' });
    expect(hangup).not.toHaveProperty('causeDetail');
  });
});
