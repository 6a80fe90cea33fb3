/** Decodes audio files. The format is detected from the content, because names and media types are often wrong. */
import { collect } from './collect';
import { SoundError } from './errors';
import { findMp3, openMp3 } from './mp3';
import { otherFormat } from './other-formats';
import { decodeWav, findWav, mpegIn } from './wav';

/**
 * Decodes a WAV or MP3 file to 8 kHz mono.
 * @throws (rejects) SoundError file-not-audio, file-too-large
 */
export async function decode(file: Uint8Array): Promise<Int16Array> {
  const sound = await decodeAny(file);
  if (sound.length === 0) throw notAudio('The file contains no audio');
  return sound;
}

async function decodeAny(file: Uint8Array): Promise<Int16Array> {
  if (file.length === 0) throw notAudio('The file is empty');
  const wav = findWav(file);
  const mpeg = wav && mpegIn(wav);
  if (mpeg) return decodeMpeg(mpeg);
  if (wav) return collect(decodeWav(wav));
  const other = otherFormat(file);
  if (other !== undefined) throw notAudio(`The file is ${other}, not WAV or MP3`);
  return decodeMpeg(file);
}

async function decodeMpeg(file: Uint8Array): Promise<Int16Array> {
  const frames = findMp3(file);
  if (!frames) throw notAudio('The file is neither WAV nor MP3');
  const mp3 = await openMp3(frames);
  try {
    return collect(mp3.pieces());
  } finally {
    mp3.free();
  }
}

function notAudio(message: string): SoundError {
  return new SoundError('file-not-audio', message);
}
