/** Callbacks that throw, in one of two calls: that call ends on both sides and is counted, and the other goes on. */
import { Call } from '../../../src/platform/calls/call';
import { ENDPOINT, NUMBER, type World } from '../support/harness';
import { withRegisteredPhone } from '../support/registered-phone';
import type { Softphone } from '../support/softphone';

type Dialog = Awaited<ReturnType<Softphone['answer']>>;

interface Up {
  callId: string;
  dialog: Dialog;
}

let w: World;
let phone: Softphone;
let broken: Up;
let other: Up;
afterEach(() => jest.restoreAllMocks());
withRegisteredPhone((world, registered) => ([w, phone] = [world, registered]));
beforeEach(async () => {
  // The phone speaks to the call that was answered last.
  other = await dial();
  broken = await dial();
});

async function dial(): Promise<Up> {
  const dialled = await phone.dial(NUMBER);
  const { callId = '' } = await w.app.next('incomingcall');
  await w.v1.post(`/calls/${callId}`, { state: 'active' });
  const dialog = dialled.ack(await dialled.response());
  await w.app.next('answer');
  return { callId, dialog };
}

/** From now on the method throws, in the broken call only. */
function breakMethod(name: 'dtmf' | 'playStarted' | 'unwatch'): void {
  const prototype = Call.prototype as unknown as Record<typeof name, (this: Call, ...args: unknown[]) => void>;
  const { [name]: method } = prototype;
  jest.spyOn(Call.prototype, name as 'dtmf').mockImplementation(function (this: Call, ...args: unknown[]) {
    if (this.id === broken.callId) throw new Error(`${name} is broken`);
    method.apply(this, args);
  });
}

/** The phone has a BYE, the application a `hangup`; the other call still passes keys on. */
async function endedAlone(): Promise<void> {
  phone.respond(await phone.request('BYE'), 200);
  expect(await w.app.next('hangup')).toMatchObject({ callId: broken.callId, cause: 'NORMAL_TEMPORARY_FAILURE' });
  expect(w.platform.internalErrors.total).toBe(1);
  expect((await w.v1.get(`/calls/${broken.callId}`)).body.state).toBe('completed');
  await other.dialog.request('INFO', { type: 'application/dtmf', body: '7' });
  expect(await w.app.next('dtmf', ({ dtmfDigit }) => dtmfDigit === '7')).toMatchObject({ callId: other.callId });
  expect(phone.received.filter(({ method, status }) => method === 'BYE' && status === 0)).toHaveLength(1);
  expect((await w.v1.get(`/calls/${other.callId}`)).body.state).toBe('active');
}

it('a SIP request (INFO)', async () => {
  breakMethod('dtmf');
  await broken.dialog.request('INFO', { type: 'application/dtmf', body: '5' });
  await endedAlone();
});

it('an RTP packet (a telephone event)', async () => {
  breakMethod('dtmf');
  for (let sequence = 1; sequence <= 3; sequence += 1)
    phone.sendRtp(Buffer.of(5, 10, 0, 160 * sequence), {
      type: 101,
      sequence,
      timestamp: 8_000,
      marker: sequence === 1,
    });
  await endedAlone();
});

it('a tick of the clock (the first packet of a sentence)', async () => {
  breakMethod('playStarted');
  await w.v1.post(`/calls/${broken.callId}/audio`, { sentence: 'Hello' });
  await endedAlone();
});

it('a timer (the end of a gather)', async () => {
  breakMethod('unwatch');
  await w.v1.post(`/calls/${broken.callId}/gather`, { interDigitTimeout: '1', maxDigits: '5' });
  await endedAlone();
});

it('a SIP response (the 200 of a call that is dialled): the phone gets BYE', async () => {
  jest.spyOn(Call.prototype, 'answered').mockImplementationOnce(() => {
    throw new Error('answered is broken');
  });
  const callId = await w.dial(ENDPOINT);
  await phone.answer(await phone.request('INVITE'));
  broken = { ...broken, callId };
  await endedAlone();
});

it('a listener of the end of a call: its hangup event is sent all the same', async () => {
  breakMethod('unwatch');
  await w.v1.post(`/calls/${broken.callId}/gather`, { interDigitTimeout: '20', maxDigits: '5' });
  await w.v1.post(`/calls/${broken.callId}`, { state: 'completed' });
  expect(await w.app.next('hangup')).toMatchObject({ callId: broken.callId, cause: 'NORMAL_CLEARING' });
  expect(w.platform.internalErrors.total).toBe(1);
});
