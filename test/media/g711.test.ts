import { decodeG711, encodeG711, PCMA_TO_PCMU, PCMU_TO_PCMA, SILENCE, transcodingTable } from '../../src/media/g711';

const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);

// G.711 tables 1 and 2, scaled from 13 and 14 bits to 16.
it.each([
  ['PCMU', 0xff, 0],
  ['PCMU', 0xfe, 2 * 4],
  ['PCMU', 0xf0, 30 * 4],
  ['PCMU', 0xe0, 93 * 4],
  ['PCMU', 0x8f, 4_191 * 4],
  ['PCMU', 0x80, 8_031 * 4],
  ['PCMU', 0x00, -8_031 * 4],
  ['PCMA', 0xd5, 1 * 8],
  ['PCMA', 0x55, -1 * 8],
  ['PCMA', 0xaa, 4_032 * 8],
  ['PCMA', 0x2a, -4_032 * 8],
  ['PCMA', 0x80, 688 * 8],
] as const)('%s %i is %i', (codec, byte, sample) => {
  expect(decodeG711(codec, Uint8Array.of(byte))[0]).toBe(sample);
  expect(encodeG711(codec, Int16Array.of(sample))[0]).toBe(byte);
});

it('restores every byte except the negative zero of µ-law', () => {
  expect(encodeG711('PCMA', decodeG711('PCMA', bytes))).toEqual(bytes);
  const back = encodeG711('PCMU', decodeG711('PCMU', bytes));
  expect(back[0x7f]).toBe(0xff);
  back[0x7f] = 0x7f;
  expect(back).toEqual(bytes);
});

it('clips values that are too large', () => {
  expect([...encodeG711('PCMU', Int16Array.of(32_767, -32_768))]).toEqual([0x80, 0x00]);
  expect([...encodeG711('PCMA', Int16Array.of(32_767, -32_768))]).toEqual([0xaa, 0x2a]);
});

it('transcodes with an error of at most one step', () => {
  for (const [table, from, to] of [
    [PCMU_TO_PCMA, 'PCMU', 'PCMA'],
    [PCMA_TO_PCMU, 'PCMA', 'PCMU'],
  ] as const) {
    expect(table).toHaveLength(256);
    const said = decodeG711(from, bytes);
    const heard = decodeG711(to, table);
    said.forEach((sample, i) => {
      expect(Math.abs(heard[i]! - sample)).toBeLessThanOrEqual(Math.max(8, Math.abs(sample) / 16));
    });
  }
});

it('transcodes silence to silence', () => {
  expect(PCMU_TO_PCMA[SILENCE.PCMU]).toBe(SILENCE.PCMA);
  expect(Math.abs(decodeG711('PCMU', PCMA_TO_PCMU.subarray(SILENCE.PCMA, SILENCE.PCMA + 1))[0]!)).toBe(8);
  expect(transcodingTable('PCMU', 'PCMU')).toBeUndefined();
  expect(transcodingTable('PCMU', 'PCMA')).toBe(PCMU_TO_PCMA);
  expect(transcodingTable('PCMA', 'PCMU')).toBe(PCMA_TO_PCMU);
});
