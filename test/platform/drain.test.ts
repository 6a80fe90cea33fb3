/** Draining: no new calls, the others continue for a while, then the platform ends them. */
import { ENDPOINT, NUMBER, world, type World } from './support/harness';
import { softphone, type Softphone } from './support/softphone';

const CALLER = '+12223334444';
const PSTN = '+15552223333';
const NEVER = 3_600_000;

let w: World;
let phone: Softphone;
beforeEach(async () => {
  w = await world({ sip: { host: '127.0.0.1', port: 0 }, timing: { hangUpAfterMs: NEVER } });
  phone = await softphone({ server: w.platform.sip!.phones });
  await phone.register();
});
afterEach(async () => {
  await w.close();
  phone.close();
});

const hangups = async (count: number): Promise<Map<string, Record<string, string>>> => {
  const events = new Map<string, Record<string, string>>();
  for (let i = 0; i < count; i++) {
    const event = await w.app.next('hangup');
    events.set(event['callId'] ?? '', event);
  }
  return events;
};

async function upWithPhone(): Promise<string> {
  const callId = await w.dial(ENDPOINT);
  await phone.answer(await phone.request('INVITE'));
  await w.app.next('answer', (event) => event['callId'] === callId);
  return callId;
}

it('refuses new calls of the API, of the sandbox and of phones', async () => {
  await upWithPhone();
  const drained = w.platform.drain(NEVER);
  const made = await w.v1.post('/calls', { from: NUMBER, to: PSTN });
  expect([made.status, made.body.code, made.headers.get('retry-after')]).toEqual([503, 'call-unavailable', '5']);
  expect((await w.sandbox.post('/calls', { from: CALLER, to: NUMBER })).status).toBe(503);
  const { first } = await phone.dial(PSTN);
  expect([first.status, first.headers['retry-after']]).toEqual([503, '5']);
  const [call] = (await w.v1.get('/calls')).body;
  expect(call.state).toBe('active');
  await w.v1.post(`/calls/${call.id}`, { state: 'completed' });
  await drained;
});

it('allows bridges, transfers and hang-ups meanwhile, and resolves when the last call ends', async () => {
  const one = await upWithPhone();
  const two = await w.dial(PSTN);
  await w.app.next('answer', (event) => event['callId'] === two);
  const drained = w.platform.drain(NEVER);
  const { id: bridgeId } = await w.v1.post('/bridges', { callIds: [one, two] });
  expect((await w.v1.get(`/bridges/${bridgeId}`)).body.state).toBe('active');
  const transferred = await w.v1.post(`/calls/${two}`, { state: 'transferring', transferTo: PSTN });
  expect(transferred.status).toBe(201);
  await w.app.next('answer', (event) => event['callId'] === transferred.id);
  await w.v1.post(`/calls/${one}`, { state: 'completed' });
  await w.v1.post(`/calls/${two}`, { state: 'completed' });
  await drained;
  const ended = await hangups(3);
  for (const event of ended.values()) expect(event).toMatchObject({ cause: 'NORMAL_CLEARING' });
});

it('ends the remaining calls, with BYE to phones and the reason for applications', async () => {
  const up = await upWithPhone();
  const ringsOut = await w.dial('+15550000002');
  const second = await softphone({ server: w.platform.sip!.phones });
  const call = await second.dial(PSTN);
  const { callId: ringsIn = '' } = await w.app.next('incomingcall');
  await w.platform.drain(1);

  const ended = await hangups(3);
  expect([...ended.keys()].sort()).toEqual([up, ringsOut, ringsIn].sort());
  for (const event of ended.values())
    expect(event).toMatchObject({ cause: 'NORMAL_TEMPORARY_FAILURE', causeDetail: 'platform-stopped' });
  phone.respond(await phone.request('BYE'), 200);
  const refused = await second.next((m) => call.mine(m) && m.status >= 300);
  expect([refused.status, refused.headers['retry-after']]).toEqual([503, '5']);
  second.close();
});

it('waits for the delivery of the last event', async () => {
  await upWithPhone();
  let release: (status: number) => void = () => undefined;
  const answered = new Promise<number>((resolve) => (release = resolve));
  w.app.reply = ({ event }) => (event['eventType'] === 'hangup' ? answered : 200);
  let over = false;
  const drained = w.platform.drain(1).then(() => (over = true));
  await w.app.next('hangup');
  expect(over).toBe(false);
  release(200);
  await drained;
});
