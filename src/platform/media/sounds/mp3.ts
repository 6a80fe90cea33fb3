/** MPEG audio (layers I to III). */
import { MPEGDecoder } from 'mpg123-decoder';
import type { Piece } from './collect';

/** A part of a second: each piece has one rate, which changes where files of different ones were joined. */
const BYTES_A_PIECE = 2_048;

/** Whether it begins with an ID3 tag or with the header of a frame. */
export function isMp3(file: Uint8Array): boolean {
  const [a = 0, b = 0, c = 0] = file;
  if (a === 0x49 && b === 0x44 && c === 0x33) return true;
  const version = (b >> 3) & 3;
  const layer = (b >> 1) & 3;
  return a === 0xff && b >> 5 === 7 && version !== 1 && layer !== 0 && c >> 4 !== 15 && ((c >> 2) & 3) !== 3;
}

export interface Mp3 {
  /** All channels as one; nothing where there is no sound in it. */
  pieces(): Iterable<Piece>;
  free(): void;
}

export async function openMp3(file: Uint8Array): Promise<Mp3> {
  const decoder = new MPEGDecoder();
  await decoder.ready;
  return {
    *pieces() {
      for (let at = 0; at < file.length; at += BYTES_A_PIECE) {
        const { channelData, samplesDecoded, sampleRate } = decoder.decode(file.subarray(at, at + BYTES_A_PIECE));
        if (samplesDecoded > 0) yield { rate: sampleRate, samples: mean(channelData, samplesDecoded) };
      }
    },
    free: () => decoder.free(),
  };
}

function mean(channels: Float32Array[], length: number): Float32Array {
  const samples = new Float32Array(length);
  for (const channel of channels)
    for (let i = 0; i < length; i += 1) samples[i]! += (channel[i] ?? 0) / channels.length;
  return samples;
}
