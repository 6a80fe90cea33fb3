import type { Packet } from '../../src/media/audio';
import { createLatch } from '../../src/media/latch';
import { printRtp, type RtpPacket } from './support/rtp-packet';
import { createRtpReceiver, type RtpReceiver } from '../../src/media/rtp-receiver';

const source = { address: '192.0.2.1', port: 4_000, family: 'IPv4' as const, size: 172 };

let receiver: RtpReceiver;
beforeEach(() => {
  receiver = createRtpReceiver(createLatch());
  receiver.configure(
    new Map([
      [0, 'PCMU'],
      [118, 'PCMA'],
      [96, 'telephone-event'],
    ]),
  );
});

function take(more: Partial<RtpPacket> = {}, from = source): Packet | undefined {
  const taken = receiver.take(printRtp({ ...packet, ...more }), from);
  return taken === 'alive' ? undefined : taken;
}

const packet = { payloadType: 0, marker: false, sequence: 1, timestamp: 160, ssrc: 7, payload: Buffer.of(0xff) };

it('accepts packets of negotiated payload types', () => {
  expect(take({ marker: true, sequence: 0xffff, timestamp: 0xffff_ff00 })).toMatchObject({
    kind: 'audio',
    codec: 'PCMU',
    payload: Buffer.of(0xff),
    sequence: 0xffff,
    timestamp: 0xffff_ff00,
    marker: true,
  });
  expect(take({ payloadType: 118 })).toMatchObject({ kind: 'audio', codec: 'PCMA', marker: false });
  expect(take({ payloadType: 96 })).toMatchObject({ kind: 'telephone-event' });
});

it('maps a source to one stream until it restarts', () => {
  const first = take({ sequence: 65_000 })!.stream;
  expect(take({ sequence: 1_000 })!.stream).toBe(first); // a small gap
  expect(take({ sequence: 990 })!.stream).toBe(first);
  const second = take({ sequence: 991, ssrc: 8 })!.stream;
  expect(second).not.toBe(first);
  expect(take({ sequence: 20_000, ssrc: 8 })!.stream).not.toBe(second);
});

it('recognises a source that uses different SSRCs for keys and audio', () => {
  const [sound, keys] = [take({ sequence: 7 })!.stream, take({ payloadType: 96, sequence: 900, ssrc: 8 })!.stream];
  expect(take({ sequence: 8 })!.stream).toBe(sound);
  expect(take({ payloadType: 96, sequence: 901, ssrc: 8 })!.stream).toBe(keys);
  expect(take({ sequence: 9, ssrc: 9 })!.stream).not.toBe(sound);
  expect(take({ sequence: 10 })!.stream).not.toBe(sound); // two, not three
});

it('drops and counts the rest', () => {
  take();
  expect(take({ payloadType: 8 })).toBeUndefined();
  expect(take({ payload: Buffer.alloc(0) })).toBeUndefined();
  expect(take({}, { ...source, port: 0 })).toBeUndefined();
  expect(take({}, { ...source, port: 4_002 })).toBeUndefined();
  expect(receiver.counts).toEqual({ received: 1, lost: 0, dropped: 3, ignored: 1 });
});

it('treats comfort noise, unknown types and empty payloads as keep-alives, from the far end only', () => {
  const signs = [{ payloadType: 13 }, { payloadType: 126 }, { payload: Buffer.alloc(0) }];
  const of = (from: typeof source) => signs.map((more) => receiver.take(printRtp({ ...packet, ...more }), from));
  expect(of(source)).toEqual([undefined, undefined, undefined]); // the far end is still unknown
  take();
  expect(of(source)).toEqual(['alive', 'alive', 'alive']);
  expect(of({ ...source, port: 4_002 })).toEqual([undefined, undefined, undefined]);
  expect(receiver.take(Buffer.from('80', 'hex'), source)).toBeUndefined();
});

it('accepts nothing before negotiation', () => {
  receiver = createRtpReceiver(createLatch());
  expect(take()).toBeUndefined();
});

it('counts lost packets by gaps, also at the wrap-around. Late packets and restarts do not count', () => {
  const lostAfter = (sequence: number, ssrc = 7): number => {
    take({ sequence, ssrc });
    return receiver.counts.lost;
  };
  expect([65_533, 65_535, 1].map((sequence) => lostAfter(sequence))).toEqual([0, 1, 2]);
  expect(lostAfter(0)).toBe(1);
  expect(lostAfter(1)).toBe(1); // a duplicate
  expect(lostAfter(20_000)).toBe(1);
  expect(lostAfter(20_001)).toBe(1);
  expect(lostAfter(5, 8)).toBe(1);
  expect(lostAfter(8, 8)).toBe(3);
});
