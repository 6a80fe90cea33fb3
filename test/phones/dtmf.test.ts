/** Keys pressed on a phone are `dtmf` events of its call; digits sent by the API are heard by the phone. */
import { isUp } from './support/listening';
import { onStage, type Stage } from './support/stage';
import { PSTN } from './support/tandem';
import { eventually } from './support/waiting';

let stage: Stage;
onStage((set) => (stage = set));

const KEYS = '1234567890*#';

it.each([
  ['udp', 'rtpevent'],
  ['tcp', 'rtpevent'],
  ['udp', 'info'],
] as const)('over %s, as %s: each key is one event, in order', async (transport, dtmf) => {
  const phone = await stage.phone({ transport, dtmf });
  const id = await callOut(phone);
  await phone.dtmf(KEYS);
  const digits = await eventually('the keys', async () => {
    const found = (await stage.events(id)).filter(({ name }) => name === 'dtmf').map(({ data }) => String(data));
    return found.length >= KEYS.length && found.join('');
  });
  expect(digits).toBe(KEYS);
  await phone.hangup();
});

it('digits of the API arrive at the phone', async () => {
  const phone = await stage.phone();
  const id = await callOut(phone);
  const path = `/v1/users/${stage.tandem.userId}/calls/${id}/dtmf`;
  expect((await stage.tandem.platform('POST', path, { dtmfOut: '42#' })).status).toBe(200);
  for (const digit of '42#') expect((await phone.events.next('CALL_DTMF_START')).param).toBe(digit);
  await phone.hangup();
});

/** @returns the id of the phone's own call */
async function callOut(phone: Awaited<ReturnType<Stage['phone']>>): Promise<string> {
  await phone.dial(PSTN);
  await isUp(phone);
  const call = (await stage.calls()).find(({ direction }) => direction === 'in');
  if (!call) throw new Error('the platform has no call that came in');
  return call.id;
}
