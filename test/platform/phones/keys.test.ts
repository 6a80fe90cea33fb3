/** Keys by RTP, in the numbering of real phones, become one event each. */
import { printTelephoneEvent } from '../../../src/media/telephone-event';
import { ENDPOINT, type World } from '../support/harness';
import { withRegisteredPhone } from '../support/registered-phone';
import type { Softphone } from '../support/softphone';

let w: World;
let phone: Softphone;
let sequence = 0;
withRegisteredPhone((world, registered) => ([w, phone] = [world, registered]));
beforeEach(async () => {
  await w.dial(ENDPOINT);
  await phone.answer(await phone.request('INVITE'));
  await w.app.next('answer');
});

function send(event: number, packets: number, timestamps: (end: number) => number): void {
  const put = (n: number, end: boolean, timestamp: number): void =>
    phone.sendRtp(Buffer.from(printTelephoneEvent({ event, end, volume: 10, duration: 160 * n })), {
      type: 101,
      sequence: (sequence += 1),
      timestamp,
      marker: n === 1,
    });
  for (let n = 1; n <= packets; n += 1) put(n, false, timestamps(0));
  for (let n = 0; n < 3; n += 1) put(packets, true, timestamps(n));
}

it.each<[string, (key: number, end: number) => number]>([
  ['a timestamp of its own', (key) => 1_000 + 1_600 * key],
  ['one timestamp for all keys', () => 1_000],
  ['end packets with new timestamps', (key, end) => 1_000 + 3_200 * key + 160 * end],
])('with %s', async (_, timestamp) => {
  const keys = [10, 0, 1, 1, 11];
  keys.forEach((key, index) => send(key, 5, (end) => timestamp(index, end)));
  const told: (string | undefined)[] = [];
  for (const _key of keys) told.push((await w.app.next('dtmf'))['dtmfDigit']);
  expect(told.join('')).toBe('*011#');
  send(12, 5, () => 90_000);
  expect(await w.app.next('dtmf')).toMatchObject({ dtmfDigit: 'A' }); // nothing else came between
});
