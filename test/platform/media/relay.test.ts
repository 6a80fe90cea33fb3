import pino from 'pino';
import type { Clock } from '../../../src/platform/media/clock';
import { startMedia } from '../../../src/platform/media';
import type { Media, MediaLeg } from '../../../src/platform/media/media';
import { openFarEnd, portIn, sdpOf, type FarEndPort } from './support/far-end';

/** Nothing goes out by itself. */
const noClock: Clock = { everyPacket: () => () => undefined, close: () => undefined };
const nobody = { dtmf: () => undefined, silent: () => undefined };

let media: Media;
const phones: FarEndPort[] = [];

beforeEach(() => {
  media = startMedia({
    host: '127.0.0.1',
    advertise: () => '127.0.0.1',
    silenceSeconds: 0,
    clock: noClock,
    log: pino({ level: 'silent' }),
  });
});
afterEach(async () => {
  for (const phone of phones.splice(0)) phone.close();
  await media.close();
});

interface End {
  phone: FarEndPort;
  leg: MediaLeg;
  port: number;
}

async function call(options: Parameters<typeof sdpOf>[1] = {}): Promise<End> {
  const [phone, leg] = await Promise.all([openFarEnd(), media.open(nobody)]);
  phones.push(phone);
  return { phone, leg, port: portIn(leg.answer(sdpOf(phone.port, options))) };
}

function bridge(a: End, b: End): void {
  a.leg.party.sayTo(b.leg.party.hear);
  b.leg.party.sayTo(a.leg.party.hear);
}

it('carries what each side says to the other', async () => {
  const [a, b] = await Promise.all([call(), call()]);
  bridge(a, b);
  a.phone.send(a.port, { payload: Buffer.from('from a') });
  expect((await b.phone.next()).payload.toString()).toBe('from a');
  b.phone.send(b.port, { payload: Buffer.from('from b') });
  expect((await a.phone.next()).payload.toString()).toBe('from b');
});
