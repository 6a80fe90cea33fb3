/** Keys pressed while a prompt is played: they cut it short, or do not count, as the application wants it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { part, soundSeconds } from './support/analysis';
import { isUp } from './support/listening';
import { startReceiver, type Receiver } from './support/receiver';
import { onStage, type Stage } from './support/stage';
import { JSMITH } from './support/tandem';
import { eventually } from './support/waiting';

/** About ten seconds of speech. */
const PROMPT = 'Please enter the four digits of your account number. You find it at the top of every letter. '.repeat(
  2,
);

let stage: Stage;
let app: Receiver;
let calls: string;
onStage((set) => {
  stage = set;
  calls = `/v1/users/${stage.tandem.userId}/calls`;
});
beforeEach(async () => {
  app = await startReceiver();
});
afterEach(() => app.close());

it.each(['rtpevent', 'info'] as const)('the first key, as %s, stops the prompt; all are in the event', async (dtmf) => {
  const { phone, id } = await callUp(dtmf);
  await gather(id, { maxDigits: 4, tag: 'account', prompt: { sentence: PROMPT, bargeable: true } });
  await app.next('speak', ({ status }) => status === 'started');
  await eventually('the prompt', async () => soundSeconds(await phone.heardLast()) > 1);
  await phone.dtmf('1');
  await app.next('speak', ({ status }) => status === 'done');
  await sleep(1_000); // what was under way has arrived
  const { seconds } = await phone.heardLast();
  await phone.dtmf('234');
  expect(await app.next('gather')).toMatchObject({
    callId: id,
    state: 'completed',
    reason: 'max-digits',
    digits: '1234',
    tag: 'account',
  });
  const heard = await phone.heardLast();
  expect(soundSeconds(heard)).toBeLessThan(6);
  expect(soundSeconds(part(heard, seconds + 0.3))).toBe(0);
  await phone.hangup();
});

it('a prompt that is not bargeable goes on; only keys after it count', async () => {
  const { phone, id } = await callUp('rtpevent');
  await gather(id, { maxDigits: 2, prompt: { sentence: 'Enter two digits after the end.', bargeable: false } });
  await app.next('speak', ({ status }) => status === 'started');
  await phone.dtmf('9');
  await app.next('speak', ({ status }) => status === 'done');
  await phone.dtmf('42');
  expect(await app.next('gather')).toMatchObject({ reason: 'max-digits', digits: '42' });
  expect(soundSeconds(await phone.heardLast())).toBeGreaterThan(1);
  await phone.hangup();
});

it('the terminating key ends it; hanging up ends it, with what was pressed', async () => {
  const { phone, id } = await callUp('rtpevent');
  await gather(id, { terminatingDigits: '#' });
  await phone.dtmf('56#');
  expect(await app.next('gather')).toMatchObject({ reason: 'terminating-digit', digits: '56' });
  await gather(id, {});
  await phone.dtmf('7');
  await app.next('dtmf', ({ dtmfDigit }) => dtmfDigit === '7');
  await phone.hangup();
  expect(await app.next('gather')).toMatchObject({ reason: 'hung-up', digits: '7' });
});

/** A phone that the application has called, without any flow of Tandem's. */
async function callUp(dtmf: 'rtpevent' | 'info') {
  const phone = await stage.phone({ dtmf });
  const { status, location } = await stage.tandem.platform('POST', calls, {
    from: JSMITH.number,
    to: JSMITH.uri,
    callbackUrl: app.url,
  });
  expect(status).toBe(201);
  await phone.events.next('CALL_INCOMING');
  await phone.accept();
  await isUp(phone);
  await app.next('answer');
  return { phone, id: location?.split('/').at(-1) ?? '' };
}

async function gather(id: string, body: object): Promise<void> {
  expect((await stage.tandem.platform('POST', `${calls}/${id}/gather`, body)).status).toBe(201);
}
