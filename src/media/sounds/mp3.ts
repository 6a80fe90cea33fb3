/** Decodes MPEG audio (layers I to III). */
import { MPEGDecoder } from 'mpg123-decoder';
import type { Piece } from './collect';
import { SoundError } from './errors';
import { findFrames } from './mp3-frames';
import { ordinaryFrames } from './mp3-free-format';

/** Much less than a second, because each piece has one sample rate, and concatenated files may change it. */
const BYTES_A_PIECE = 2_048;

/**
 * @returns the file from its first frame on; undefined if it is not MPEG audio
 * @throws SoundError if the MPEG format is not supported
 */
export function findMp3(file: Uint8Array): Uint8Array | undefined {
  const found = findFrames(file);
  if (!found) return undefined;
  if (found.freeLength === undefined) return file.subarray(found.at);
  const frames = ordinaryFrames(file, found);
  if (frames) return frames;
  throw new SoundError('file-not-audio', 'This free-format MP3 file is not supported: use a standard bit rate');
}

export interface Mp3 {
  /** Decodes to mono. Yields nothing if the file contains no audio. */
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
