import type { Packet } from '../../src/media/audio';
import type { Clock } from '../../src/media/clock';
import { startMedia } from '../../src/media';
import type { Media, MediaLeg, MediaLegListener } from '../../src/media/media';
import { openFarEnd, portIn, sdpOf, type FarEndPort } from './support/far-end';
import { silentLog } from '../helpers/silent-log';

/** A clock that never ticks. */
const noClock: Clock = { everyPacket: () => () => undefined, close: () => undefined };
const noopListener = { dtmf: () => undefined, silent: () => undefined };

let media: Media;
const phones: FarEndPort[] = [];

beforeEach(() => {
  media = startMedia({
    host: '127.0.0.1',
    advertise: () => '127.0.0.1',
    silenceSeconds: 0,
    clock: noClock,
    log: silentLog,
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

interface CallOptions {
  formats?: string;
  more?: string[];
  listener?: MediaLegListener;
  /** Address in the SDP instead of the real one. */
  sdpPort?: number;
}

async function call({ listener = noopListener, sdpPort, ...sdp }: CallOptions = {}): Promise<End> {
  const [phone, leg] = await Promise.all([openFarEnd(), media.open(listener)]);
  phones.push(phone);
  return { phone, leg, port: portIn(leg.answer(sdpOf(sdpPort ?? phone.port, sdp))) };
}

function bridge(a: End, b: End): void {
  a.leg.party.pipeTo(b.leg.party.write);
  b.leg.party.pipeTo(a.leg.party.write);
}

it('relays packets in both directions', async () => {
  const [a, b] = await Promise.all([call(), call()]);
  bridge(a, b);
  a.phone.send(a.port, { payload: Buffer.from('from a') });
  expect((await b.phone.next()).payload.toString()).toBe('from a');
  b.phone.send(b.port, { payload: Buffer.from('from b') });
  expect((await a.phone.next()).payload.toString()).toBe('from b');
});

it('sends with one SSRC per leg, whatever the source', async () => {
  const [a, b, c] = await Promise.all([call(), call(), call()]);
  bridge(a, b);
  a.phone.send(a.port, { sequence: 10, timestamp: 1_000, ssrc: 1 });
  const first = await b.phone.next();
  bridge(c, b);
  c.phone.send(c.port, { sequence: 900, timestamp: 70_000, ssrc: 2 });
  const second = await b.phone.next();
  expect(second.ssrc).toBe(first.ssrc);
  expect((second.sequence - first.sequence) & 0xffff).toBe(1);
  expect(second.marker).toBe(true);
});

it('transcodes between legs of different codecs', async () => {
  const [a, b] = await Promise.all([call({ formats: '0' }), call({ formats: '8' })]);
  bridge(a, b);
  a.phone.send(a.port, { payload: Buffer.of(0xff, 0x80, 0x00) });
  expect(await b.phone.next()).toMatchObject({ payloadType: 8, payload: Buffer.of(0xd5, 0xaa, 0x2a) });
  b.phone.send(b.port, { payloadType: 8, payload: Buffer.of(0xaa, 0x2a) });
  expect(await a.phone.next()).toMatchObject({ payloadType: 0, payload: Buffer.of(0x80, 0x00) });
});

it('relays keys, and reports each once', async () => {
  const pressed: string[] = [];
  const a = await call({ listener: { ...noopListener, dtmf: (digit) => pressed.push(digit) } });
  const b = await call({ formats: '0 96', more: ['a=rtpmap:96 telephone-event/8000'] });
  bridge(a, b);
  for (let i = 0; i < 3; i += 1)
    a.phone.send(a.port, { payloadType: 101, sequence: i, timestamp: 1_000, payload: Buffer.of(5, 0x8a, 3, 0x20) });
  for (let i = 0; i < 3; i += 1)
    expect(await b.phone.next()).toMatchObject({ payloadType: 96, payload: Buffer.of(5, 0x8a, 3, 0x20) });
  expect(pressed).toEqual(['5']);
});

it('drops datagrams that are not packets of the call', async () => {
  const [a, b] = await Promise.all([call({ formats: '0' }), call()]);
  bridge(a, b);
  const stranger = await openFarEnd();
  phones.push(stranger);
  a.phone.send(a.port, { payload: Buffer.from('first') });
  expect((await b.phone.next()).payload.toString()).toBe('first');
  a.phone.send(a.port, Buffer.from('000100002112a442000000000000000000000001', 'hex')); // STUN
  a.phone.send(a.port, Buffer.from('80c80006000000030000000000000000000000000000000000000000', 'hex')); // RTCP
  a.phone.send(a.port, Buffer.from('hello'));
  a.phone.send(a.port, Buffer.alloc(0));
  a.phone.send(a.port, { payloadType: 18 });
  a.phone.send(a.port, { payloadType: 8 });
  a.phone.send(a.port, { payload: Buffer.alloc(0) });
  stranger.send(a.port, { payload: Buffer.from('stranger') });
  await arrived(stranger);
  a.phone.send(a.port, { payload: Buffer.from('last') });
  expect((await b.phone.next()).payload.toString()).toBe('last');
});

it('sends to the source of the far end’s packets, whatever its SDP says', async () => {
  const [a, b] = await Promise.all([call({ sdpPort: 9 }), call()]);
  bridge(a, b);
  a.phone.send(a.port, { payload: Buffer.from('here I am') });
  await b.phone.next();
  b.phone.send(b.port, { payload: Buffer.from('hello') });
  expect((await a.phone.next()).payload.toString()).toBe('hello');
});

it.each(['sendonly', 'inactive'])(
  'sends nothing to a far end that is %s, and goes on when it resumes',
  async (direction) => {
    const [a, b] = await Promise.all([call(), call()]);
    bridge(a, b);
    b.leg.answer(sdpOf(b.phone.port, { direction }));
    expect(b.leg.held).toBe(true);
    let dropped = 0;
    const hear = b.leg.party.write;
    a.leg.party.pipeTo((packet) => {
      hear(packet);
      dropped += 1;
      if (dropped !== 2) return;
      expect(portIn(b.leg.answer(sdpOf(b.phone.port)))).toBe(b.port);
      expect(b.leg.held).toBe(false);
    });
    for (const payload of ['one', 'two', 'three']) a.phone.send(a.port, { payload: Buffer.from(payload) });
    expect((await b.phone.next()).payload.toString()).toBe('three');
  },
);

it('passes packets of both directions to a tap', async () => {
  const [a, b] = await Promise.all([call(), call({ formats: '8' })]);
  bridge(a, b);
  const taped: string[] = [];
  b.leg.party.tap({
    onReceived: ({ payload }) => taped.push(`said ${Buffer.from(payload).toString()}`),
    onSent: ({ codec, payload }) => taped.push(`heard ${codec} ${Buffer.from(payload).toString()}`),
  });
  a.phone.send(a.port, { payload: Buffer.from('hello') });
  await b.phone.next();
  b.phone.send(b.port, { payloadType: 8, payload: Buffer.from('hi') });
  await a.phone.next();
  b.leg.party.tap(undefined);
  a.phone.send(a.port, { payload: Buffer.from('later') });
  await b.phone.next();
  expect(taped).toEqual(['heard PCMU hello', 'said hi']);
});

it('sends an offer, and uses the answer', async () => {
  const [phone, leg, a] = await Promise.all([openFarEnd(), media.open(noopListener), call()]);
  phones.push(phone);
  const port = portIn(leg.offer());
  a.leg.party.pipeTo(leg.party.write);
  leg.takeAnswer(sdpOf(phone.port, { formats: '8 101' }));
  a.phone.send(a.port, {});
  expect(await phone.next()).toMatchObject({ payloadType: 8 });
  leg.party.pipeTo(a.leg.party.write);
  phone.send(port, { payloadType: 8, payload: Buffer.of(0xd5) });
  expect((await a.phone.next()).payload).toEqual(Buffer.of(0xfe));
});

it('does not change the call if a new offer is rejected', async () => {
  const [a, b] = await Promise.all([call(), call()]);
  bridge(a, b);
  expect(() => b.leg.answer(sdpOf(b.phone.port, { formats: '9', direction: 'inactive' }))).toThrow(
    expect.objectContaining({ status: 488 }),
  );
  expect(b.leg.held).toBe(false);
  a.phone.send(a.port, { payload: Buffer.from('still here') });
  expect((await b.phone.next()).payload.toString()).toBe('still here');
});

it('closes idempotently while packets are written to it, and frees its port', async () => {
  const [a, b] = await Promise.all([call(), call()]);
  bridge(a, b);
  expect(media.size).toBe(2);
  b.leg.close();
  b.leg.close();
  expect(media.size).toBe(1);
  b.leg.sendDtmf('1');
  const taken = new Promise<void>((resolve) =>
    a.leg.party.pipeTo((packet) => {
      b.leg.party.write(packet);
      resolve();
    }),
  );
  a.phone.send(a.port, {});
  await taken;
  await media.close();
  await media.close();
  expect(media.size).toBe(0);
  await expect(media.open(noopListener)).rejects.toMatchObject({ code: 'rtp-port-unavailable' });
});

it('closes a port that is being opened during close', async () => {
  const opening = media.open(noopListener);
  await media.close();
  await expect(opening).rejects.toMatchObject({ code: 'rtp-port-unavailable' });
  expect(media.size).toBe(0);
});

/** Resolves when a later packet has arrived, and so all earlier packets of `from`. */
async function arrived(from: FarEndPort): Promise<void> {
  const gate = await call();
  const passed = new Promise<void>((resolve) => gate.leg.party.pipeTo(() => resolve()));
  from.send(gate.port, { payload: Buffer.from('gate') });
  await passed;
}

it('two far ends whose SDP names each other’s ports here cause no loop', async () => {
  const received: unknown[] = [];
  const [one, other, phone] = await Promise.all([media.open(noopListener), media.open(noopListener), openFarEnd()]);
  phones.push(phone);
  const [onePort, otherPort] = [one, other].map((leg) => portIn(leg.offer()));
  one.takeAnswer(sdpOf(otherPort!));
  other.takeAnswer(sdpOf(onePort!));
  for (const leg of [one, other]) {
    leg.party.pipeTo((packet) => {
      received.push(packet);
      leg.party.write(packet);
    });
  }
  // A leg sends nothing before its own far end has sent a packet.
  const packet: Packet = {
    ...{ kind: 'audio', codec: 'PCMU', payload: Buffer.alloc(160), stream: {} },
    ...{ sequence: 1, timestamp: 0, marker: true },
  };
  one.party.write(packet);
  phone.send(otherPort!, {});
  await phone.next(); // the echo of its own packet
  expect(received).toHaveLength(1);
});
