/** Header of an MPEG audio frame (ISO 11172-3 2.4.1.3 and 13818-3). */
export interface FrameHeader {
  mpeg1: boolean;
  layer: 1 | 2 | 3;
  /** Whether a 16-bit CRC follows the header. */
  crc: boolean;
  /** Samples per second. */
  rate: number;
  mono: boolean;
  /** Bytes of the frame; undefined for free format. */
  length: number | undefined;
  /** Bytes of padding, included in `length`. */
  padding: number;
}

/** Bit rates by index, kbit/s: MPEG 1 layers I to III, MPEG 2 layer I, MPEG 2 layers II and III. */
const BITRATES = [
  [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
] as const;
export const HIGHEST_BITRATE_INDEX = 14;
const RATES = [44_100, 48_000, 32_000];

/** Parses a header. @param bitrateIndex replaces the index in the header @returns undefined if it is not a header */
export function frameHeader(file: Uint8Array, at: number, bitrateIndex?: number): FrameHeader | undefined {
  const [a = 0, b = 0, c = 0, d = 0] = file.subarray(at, at + 4);
  const version = (b >> 3) & 3;
  const layerBits = (b >> 1) & 3;
  const rate = RATES[(c >> 2) & 3];
  const index = bitrateIndex ?? c >> 4;
  if (at + 4 > file.length || a !== 0xff || b >> 5 !== 7) return undefined;
  if (version === 1 || layerBits === 0 || rate === undefined || index > HIGHEST_BITRATE_INDEX) return undefined;
  if ((d & 3) === 2) return undefined; // a reserved emphasis
  const layer = layerBits === 3 ? 1 : layerBits === 2 ? 2 : 3;
  const mpeg1 = version === 3;
  const trueRate = mpeg1 ? rate : version === 2 ? rate / 2 : rate / 4;
  const slot = layer === 1 ? 4 : 1;
  const padding = ((c >> 1) & 1) * slot;
  const kbits = BITRATES[mpeg1 ? layer - 1 : layer === 1 ? 3 : 4]![index]!;
  const samples = layer === 1 ? 384 : layer === 3 && !mpeg1 ? 576 : 1_152;
  const slots = Math.floor((samples / 8 / slot) * ((kbits * 1_000) / trueRate));
  return {
    mpeg1,
    layer,
    crc: (b & 1) === 0,
    rate: trueRate,
    mono: d >> 6 === 3,
    length: index === 0 ? undefined : slots * slot + padding,
    padding,
  };
}
