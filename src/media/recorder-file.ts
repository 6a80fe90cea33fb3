/** A WAV file that is written while it is being recorded: 8 kHz, 16 bit PCM, mono. */
import type { FileHandle } from 'node:fs/promises';
import { TandemError } from '../support/errors';
import type { Guarded } from '../support/internal-errors';
import { SAMPLE_RATE } from './audio';

const HEADER_BYTES = 44;
const BYTES_PER_SAMPLE = 2;
/** What may wait for the disk: four minutes of sound. */
const MAX_PENDING_BYTES = 4 * 1024 * 1024;

/** The disk does not keep up with the sound. */
export class DiskTooSlowError extends TandemError {
  readonly code = 'disk-too-slow';
}

export interface WavFile {
  /** @param position in samples; what no write has covered is silent */
  write(position: number, samples: Int16Array): void;
  /**
   * Makes it a complete file of so many samples, and closes it. Where the disk has failed, it is complete with what was written
   * until then.
   * @throws (rejects) what has failed, where no sound was written at all
   */
  finish(samples: number): Promise<FinishedFile>;
}

export interface FinishedFile {
  bytes: number;
  /** It ends early: this has failed. */
  cutShortBy?: unknown;
}

/**
 * @param open opens the file, new and empty
 * @param failed is told at once, and once, that nothing more will be written
 */
export function createWavFile(open: () => Promise<FileHandle>, failed: Guarded<[]>): WavFile {
  let file: FileHandle | undefined;
  let pendingBytes = 0;
  let failure: { error: unknown } | undefined;
  let kept = 0; // samples that are on the disk

  const fail = (error: unknown): void => {
    if (failure) return;
    failure = { error };
    queueMicrotask(failed); // never from within a write
  };
  // One write after the other; the first that fails is the last.
  let last = Promise.resolve();
  const then = (run: (file: FileHandle) => Promise<unknown>): void => {
    last = last
      .then(async () => {
        if (failure) return;
        file ??= await open();
        await run(file);
      })
      .catch(fail);
  };
  // Until it is complete it says that it is empty.
  then((opened) => writeAll(opened, header(0), 0));

  return {
    write(position, samples) {
      if (failure) return;
      const bytes = Buffer.alloc(samples.length * BYTES_PER_SAMPLE);
      for (let i = 0; i < samples.length; i++) bytes.writeInt16LE(samples[i] ?? 0, i * BYTES_PER_SAMPLE);
      pendingBytes += bytes.length;
      if (pendingBytes > MAX_PENDING_BYTES) fail(new DiskTooSlowError('The disk does not keep up with the recording'));
      then(async (opened) => {
        await writeAll(opened, bytes, HEADER_BYTES + position * BYTES_PER_SAMPLE);
        pendingBytes -= bytes.length;
        kept = Math.max(kept, position + samples.length);
      });
    },
    async finish(samples) {
      then((opened) => complete(opened, samples)); // with silence at the end
      await last;
      const cutShort = failure;
      // Shorter than it is, and a header over another: that takes no room.
      if (file && cutShort && kept > 0) {
        const isSaved = await complete(file, Math.min(kept, samples)).then(
          () => true,
          () => false,
        );
        if (isSaved) failure = undefined;
      }
      await file?.close().catch(fail);
      if (failure) throw failure.error;
      if (!cutShort) return { bytes: lengthOf(samples) };
      return { bytes: lengthOf(Math.min(kept, samples)), cutShortBy: cutShort.error };
    },
  };
}

const lengthOf = (samples: number): number => HEADER_BYTES + samples * BYTES_PER_SAMPLE;

async function complete(file: FileHandle, samples: number): Promise<void> {
  await file.truncate(lengthOf(samples));
  await writeAll(file, header(samples), 0);
}

/** A disk that is nearly full takes a part, and says why at the next attempt. */
async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length;)
    written += (await file.write(bytes, written, bytes.length - written, position + written)).bytesWritten;
}

/** RIFF, `fmt ` and `data` chunk heads, little endian. */
function header(samples: number): Buffer {
  const dataBytes = samples * BYTES_PER_SAMPLE;
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(HEADER_BYTES - 8 + dataBytes, 4);
  bytes.write('WAVEfmt ', 8, 'latin1');
  bytes.writeUInt32LE(16, 16); // of the fmt chunk
  bytes.writeUInt16LE(1, 20); // PCM
  bytes.writeUInt16LE(1, 22); // channels
  bytes.writeUInt32LE(SAMPLE_RATE, 24);
  bytes.writeUInt32LE(SAMPLE_RATE * BYTES_PER_SAMPLE, 28);
  bytes.writeUInt16LE(BYTES_PER_SAMPLE, 32); // of a sample of all channels
  bytes.writeUInt16LE(8 * BYTES_PER_SAMPLE, 34);
  bytes.write('data', 36, 'latin1');
  bytes.writeUInt32LE(dataBytes, 40);
  return bytes;
}
