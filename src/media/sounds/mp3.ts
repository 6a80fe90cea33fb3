/** MPEG audio (layers I to III). */
import { MPEGDecoder } from 'mpg123-decoder';
import type { Piece } from './collect';
import { SoundError } from './errors';
import { findFrames } from './mp3-frames';
import { ordinaryFrames } from './mp3-free-format';

/** A part of a second: each piece has one rate, which changes where files of different ones were joined. */
const BYTES_A_PIECE = 2_048;

/**
 * The sound of a file, from its first frame on; undefined: it is no MPEG audio.
 * @throws SoundError where it is of a kind that cannot be played
 */
export function findMp3(file: Uint8Array): Uint8Array | undefined {
  const found = findFrames(file);
  if (!found) return undefined;
  if (found.freeLength === undefined) return file.subarray(found.at);
  const frames = ordinaryFrames(file, found);
  if (frames) return frames;
  throw new SoundError(
    'file-not-audio',
    'The MP3 file is of a free format that cannot be played: use a fixed bit rate',
  );
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
