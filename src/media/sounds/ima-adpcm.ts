/**
 * Decodes IMA ADPCM in WAV files (format 0x11). A block begins with a sample and a step index for each channel. The
 * following samples have four bits, in groups of eight samples per channel, low nibble first.
 */

/** Step sizes of the IMA standard. Each is about 10 % larger than the one before. */
// prettier-ignore
const STEPS = [
  7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66, 73, 80, 88, 97, 107, 118,
  130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449, 494, 544, 598, 658, 724, 796, 876, 963, 1060,
  1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272, 2499, 2749, 3024, 3327, 3660, 4026, 4428, 4871, 5358, 5894, 6484, 7132,
  7845, 8630, 9493, 10442, 11487, 12635, 13899, 15289, 16818, 18500, 20350, 22385, 24623, 27086, 29794, 32767,
];
const INDEX_CHANGES = [-1, -1, -1, -1, 2, 4, 6, 8];

/** Number of samples per channel in a block. @param block bytes */
export function imaFrames(block: number, channels: number): number {
  return 1 + ((block / channels - 4) / 4) * 8;
}

/** Adds the mean of the channels of the block at `start` to `into`, -1 to 1. */
export function decodeImaBlock(
  data: DataView,
  start: number,
  block: number,
  channels: number,
  into: Float32Array,
): void {
  const weight = 1 / (32_768 * channels);
  for (let channel = 0; channel < channels; channel += 1) {
    const header = start + 4 * channel;
    let sample = data.getInt16(header, true);
    let index = Math.min(STEPS.length - 1, data.getUint8(header + 2));
    let frame = 0;
    into[frame++]! += sample * weight;
    for (let word = header + 4 * channels; word < start + block; word += 4 * channels) {
      for (let nibble = 0; nibble < 8; nibble += 1) {
        const code = (data.getUint8(word + (nibble >> 1)) >> (4 * (nibble & 1))) & 15;
        const step = STEPS[index]!;
        const change = (step >> 3) + (code & 1 ? step >> 2 : 0) + (code & 2 ? step >> 1 : 0) + (code & 4 ? step : 0);
        sample = Math.max(-32_768, Math.min(32_767, code & 8 ? sample - change : sample + change));
        index = Math.max(0, Math.min(STEPS.length - 1, index + INDEX_CHANGES[code & 7]!));
        into[frame++]! += sample * weight;
      }
    }
  }
}
