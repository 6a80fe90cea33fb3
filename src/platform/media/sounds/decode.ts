/** Audio files, told apart by what is in them: names and media types are often wrong. */
import { collect } from './collect';
import { SoundError } from './errors';
import { isMp3, openMp3 } from './mp3';
import { decodeWav, isWav } from './wav';

/**
 * Samples as they are played, of a WAV or an MP3 file.
 * @throws (rejects) SoundError file-not-audio, file-too-large
 */
export async function decode(file: Uint8Array): Promise<Int16Array> {
  const sound = await decodeAny(file);
  if (sound.length === 0) throw new SoundError('file-not-audio', 'There is no sound in the file');
  return sound;
}

async function decodeAny(file: Uint8Array): Promise<Int16Array> {
  if (isWav(file)) return collect(decodeWav(file));
  if (!isMp3(file)) throw new SoundError('file-not-audio', 'The file is neither WAV nor MP3');
  const mp3 = await openMp3(file);
  try {
    return collect(mp3.pieces());
  } finally {
    mp3.free();
  }
}
