/** Callbacks throw in one of two calls. That call ends on both sides and is counted, and the other continues. */
import { Socket } from 'node:dgram';
import { Call } from '../../../src/platform/calls/call';
import * as timeline from '../../../src/media/recorder-timeline';
import * as sessionTimer from '../../../src/sip/session/session-timer';
import type { Timers } from '../../../src/support/timers';
import { ENDPOINT, NUMBER, type World } from '../support/harness';
import { withRegisteredPhone } from '../support/registered-phone';
import { isSpeech, softphone, type Softphone } from '../support/softphone';

// Exports of a module cannot be replaced, but those of a copy can.
jest.mock('../../../src/media/recorder-timeline', () => ({
  __esModule: true,
  ...jest.requireActual<object>('../../../src/media/recorder-timeline'),
}));
jest.mock('../../../src/sip/session/session-timer', () => ({
  __esModule: true,
  ...jest.requireActual<object>('../../../src/sip/session/session-timer'),
}));

type Dialog = Awaited<ReturnType<Softphone['answer']>>;

interface Up {
  callId: string;
  dialog: Dialog;
}

let w: World;
let phone: Softphone;
let broken: Up;
let other: Up;
let partner: Softphone | undefined;
afterEach(() => {
  jest.restoreAllMocks();
  partner?.close();
});
withRegisteredPhone((world, registered) => ([w, phone] = [world, registered]));
beforeEach(async () => {
  // The softphone sends sound to the call that was answered last.
  other = await dial();
  broken = await dial();
});

async function dial(from = phone): Promise<Up> {
  const dialled = await from.dial(NUMBER);
  const { callId = '' } = await w.app.next('incomingcall');
  await w.v1.post(`/calls/${callId}`, { state: 'active' });
  const dialog = dialled.ack(await dialled.response());
  await w.app.next('answer');
  return { callId, dialog };
}

/** Makes the method throw, in the broken call only. */
function breakMethod(name: 'dtmf' | 'playStarted' | 'unwatch'): void {
  const prototype = Call.prototype as unknown as Record<typeof name, (this: Call, ...args: unknown[]) => void>;
  const { [name]: method } = prototype;
  jest.spyOn(Call.prototype, name as 'dtmf').mockImplementation(function (this: Call, ...args: unknown[]) {
    if (this.id === broken.callId) throw new Error(`${name} is broken`);
    method.apply(this, args);
  });
}

/** Expects a BYE for the phone and a `hangup` for the application, and that the other call still passes keys. */
async function endedAlone(): Promise<void> {
  phone.respond(await phone.request('BYE'), 200);
  await hungUp(broken.callId);
  await goesOn();
  expect(phone.received.filter(({ method, status }) => method === 'BYE' && status === 0)).toHaveLength(1);
}

async function hungUp(callId: string): Promise<void> {
  const hangup = await w.app.next('hangup', (event) => event['callId'] === callId);
  expect(hangup).toMatchObject({ cause: 'NORMAL_TEMPORARY_FAILURE' });
  expect((await w.v1.get(`/calls/${callId}`)).body.state).toBe('completed');
}

/** Checks the other call, and thus the platform. */
async function goesOn(): Promise<void> {
  expect(w.platform.internalErrors.total).toBe(1);
  await other.dialog.request('INFO', { type: 'application/dtmf', body: '7' });
  expect(await w.app.next('dtmf', ({ dtmfDigit }) => dtmfDigit === '7')).toMatchObject({ callId: other.callId });
  expect((await w.v1.get(`/calls/${other.callId}`)).body.state).toBe('active');
}

const SPEECH = Buffer.from(Array.from({ length: 160 }, (_, i) => i));

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

it('a listener of the end of a call: the hangup event is still sent', async () => {
  breakMethod('unwatch');
  await w.v1.post(`/calls/${broken.callId}/gather`, { interDigitTimeout: '20', maxDigits: '5' });
  await w.v1.post(`/calls/${broken.callId}`, { state: 'completed' });
  expect(await w.app.next('hangup')).toMatchObject({ callId: broken.callId, cause: 'NORMAL_CLEARING' });
  expect(w.platform.internalErrors.total).toBe(1);
});

it('sound of the partner in a bridge: the call of the phone ends, but not that of the partner', async () => {
  partner = await softphone({ server: w.platform.sip!.phones });
  const speaker = await dial(partner);
  await w.v1.post('/bridges', { callIds: [broken.callId, speaker.callId], bridgeAudio: true });
  const port = Number(/m=audio (\d+)/.exec(phone.sdp())?.[1]);
  const { send } = Socket.prototype as unknown as { send: (this: Socket, ...args: unknown[]) => void };
  (jest.spyOn(Socket.prototype, 'send') as jest.SpyInstance).mockImplementation(function (
    this: Socket,
    ...args: unknown[]
  ) {
    const [packet, , , to] = args;
    if (to === port && isSpeech(packet as Buffer)) throw new Error('send is broken');
    send.apply(this, args);
  });
  partner.sendRtp(SPEECH);
  await endedAlone();
  expect((await w.v1.get(`/calls/${speaker.callId}`)).body.state).toBe('active');
});

it('a recorder: its recording ends as an error', async () => {
  const boom = (): never => {
    throw new Error('the timeline is broken');
  };
  jest.spyOn(timeline, 'createTimeline').mockReturnValueOnce({ add: boom, finish: boom });
  await w.v1.post(`/calls/${broken.callId}`, { recordingEnabled: true });
  phone.sendRtp(SPEECH);
  await endedAlone();
  expect(await w.app.next('recording')).toMatchObject({ callId: broken.callId, state: 'error' });
});

it('a session timer', async () => {
  const { createSessionTimer } = sessionTimer;
  const boom = (): never => {
    throw new Error('the refresh is broken');
  };
  let expire = (): void => undefined;
  jest.spyOn(sessionTimer, 'createSessionTimer').mockImplementationOnce((timers) => {
    const after: Timers['after'] = (_ms, run) => {
      expire = () => void timers.after(0, run);
      return () => undefined;
    };
    return createSessionTimer({ ...timers, after }, { refresh: boom, expire: boom });
  });
  broken = await dial();
  expire();
  await endedAlone();
});

it('a loopback line: both of its calls end', async () => {
  const outgoing = await w.dial(NUMBER);
  const { callId: incoming = '' } = await w.app.next('incomingcall');
  await w.v1.post(`/calls/${incoming}`, { state: 'active' });
  await w.app.next('answer', ({ callId }) => callId === outgoing);
  broken = { ...broken, callId: incoming };
  breakMethod('dtmf');
  await w.v1.post(`/calls/${outgoing}/dtmf`, { dtmfOut: '1' });
  await hungUp(incoming);
  await hungUp(outgoing);
  await goesOn();
  const farEnds = await w.sandbox.get('/calls');
  expect(farEnds.body.map(({ state }: { state: string }) => state)).toEqual(['ended', 'ended']);
});

it('a simulated line: its far end hangs up', async () => {
  jest.spyOn(Call.prototype, 'answered').mockImplementationOnce(() => {
    throw new Error('answered is broken');
  });
  const callId = await w.dial('+15552223333');
  await hungUp(callId);
  await goesOn();
  expect((await w.sandbox.get(`/calls?callId=${callId}`)).body).toMatchObject([{ state: 'ended' }]);
});
