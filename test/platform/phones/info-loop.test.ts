/** Keys by INFO from a phone that is bridged to a loopback call: the path of an INFO body through the platform. */
import { NUMBER, type World } from '../support/harness';
import { withRegisteredPhone } from '../support/registered-phone';
import type { Softphone } from '../support/softphone';

/** Property names of every plain object, whose look-up finds a function or an object. */
const INHERITED = ['constructor', '__proto__', 'toString', 'valueOf', 'hasOwnProperty'];

let w: World;
let phone: Softphone;
withRegisteredPhone((world, registered) => ([w, phone] = [world, registered]));

/** Bridges the phone to a call to the account's own number, which comes in as a third call. */
async function bridgedToLoop() {
  const dialled = await phone.dial(NUMBER);
  const { callId: caller = '' } = await w.app.next('incomingcall');
  await w.v1.post(`/calls/${caller}`, { state: 'active' });
  const dialog = dialled.ack(await dialled.response());
  await w.app.next('answer', ({ callId }) => callId === caller);
  const outgoing = await w.dial(NUMBER);
  const { callId: incoming = '' } = await w.app.next('incomingcall');
  await w.v1.post(`/calls/${incoming}`, { state: 'active' });
  await w.app.next('answer', ({ callId }) => callId === outgoing);
  await w.v1.post('/bridges', { callIds: [caller, outgoing], bridgeAudio: true });
  return { dialog, caller, incoming };
}

it('no body of INFO ends the platform or the call: an invalid key is 400, and keys still pass through the loopback', async () => {
  const { dialog, caller, incoming } = await bridgedToLoop();
  const bodies = [
    ...INHERITED.map((body) => ({ type: 'application/dtmf', body })),
    ...INHERITED.map((name) => ({ type: 'application/dtmf-relay', body: `Signal=${name}\r\nDuration=160\r\n` })),
  ];
  for (const info of bodies) expect((await dialog.request('INFO', info)).status).toBe(400);
  expect((await dialog.request('INFO', { type: 'application/dtmf', body: '11' })).status).toBe(200);
  expect(await w.app.next('dtmf', ({ callId }) => callId === incoming)).toMatchObject({ dtmfDigit: '#' });
  expect(
    w.app.received.filter(({ event }) => event['eventType'] === 'dtmf' && event['callId'] === caller),
  ).toHaveLength(1);
  expect((await w.v1.get(`/calls/${caller}`)).body.state).toBe('active');
});
