import fc from 'fast-check';
import { looksLikeRtp, sequenceDistance, timestampDistance } from '../../src/media/rtp';
import { parseRtp, printRtp } from './support/rtp-packet';

const bytes = (hex: string): Buffer => Buffer.from(hex.replace(/\s/g, ''), 'hex');

it('reads and writes a packet', () => {
  const wire = bytes('80 88 ff fe 89 ab cd ef 01 23 45 67 d5 55');
  const packet = {
    payloadType: 8,
    marker: true,
    sequence: 0xfffe,
    timestamp: 0x89abcdef,
    ssrc: 0x01234567,
    payload: bytes('d5 55'),
  };
  expect(parseRtp(wire)).toEqual(packet);
  expect(printRtp(packet)).toEqual(wire);
});

it('removes CSRCs, extension and padding from the payload', () => {
  const header = '00 00 01 00 00 00 02 00 00 00 03';
  expect(parseRtp(bytes(`82 ${header} aaaaaaaa bbbbbbbb 0102`))!.payload).toEqual(bytes('0102'));
  expect(parseRtp(bytes(`90 ${header} bede 0001 10ff0000 0102`))!.payload).toEqual(bytes('0102'));
  expect(parseRtp(bytes(`a0 ${header} 0102 00 00 03`))!.payload).toEqual(bytes('0102'));
  expect(parseRtp(bytes(`b1 ${header} aaaaaaaa bede 0001 10ff0000 0102 0002`))!.payload).toEqual(bytes('0102'));
});

it.each([
  ['nothing', ''],
  ['too short', '80 00 00 01 00 00 00 02 00 00 00'],
  ['version 1', '40 00 00 01 00 00 00 02 00 00 00 03'],
  ['a STUN binding request', '0001 0000 2112a442 000000000000000000000001'],
  ['an RTCP sender report', '80c8 0006 00000003 0000000000000000 00000000 00000000 00000000'],
  ['CSRCs beyond the end', '8f 00 00 01 00 00 00 02 00 00 00 03 00000000'],
  ['an extension beyond the end', '90 00 00 01 00 00 00 02 00 00 00 03 bede 0002 00000000'],
  ['an extension that is cut off', '90 00 00 01 00 00 00 02 00 00 00 03 bede'],
  ['padding beyond the start', 'a0 00 00 01 00 00 00 02 00 00 00 03 0009'],
  ['padding of nothing', 'a0 00 00 01 00 00 00 02 00 00 00 03 0000'],
])('is not RTP: %s', (_, hex) => {
  expect(parseRtp(bytes(hex))).toBeUndefined();
});

it('rejects packets that are longer than a frame', () => {
  const long = Buffer.alloc(1_501);
  long[0] = 0x80;
  expect(looksLikeRtp(long)).toBe(false);
  expect(looksLikeRtp(long.subarray(0, 1_500))).toBe(true);
});

it('handles the wrap-around', () => {
  expect(sequenceDistance(2, 0xfffe)).toBe(4);
  expect(sequenceDistance(0xfffe, 2)).toBe(-4);
  expect(timestampDistance(16, 0xffff_fff0)).toBe(32);
  expect(timestampDistance(0xffff_fff0, 16)).toBe(-32);
});

it('never throws, and never reads beyond the packet', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(255), (random, first) => {
      const buffer = Buffer.from(random);
      if (buffer.length > 0) buffer[0] = first;
      const parsed = parseRtp(buffer);
      return !parsed || parsed.payload.length <= buffer.length - 12;
    }),
    { numRuns: 2_000 },
  );
});
