/** Writes a WAV file during a recording: 8 kHz, 16-bit PCM, mono. */
import type { FileHandle } from 'node:fs/promises';
import { TandemError } from '../support/errors';
import type { Guarded } from '../support/internal-errors';
import { SAMPLE_RATE } from './audio';

const HEADER_BYTES = 44;
const BYTES_PER_SAMPLE = 2;
/** Size of the write queue: four minutes of audio. */
const MAX_PENDING_BYTES = 4 * 1024 * 1024;

/** The disk is slower than the recording. */
export class DiskTooSlowError extends TandemError {
  readonly code = 'disk-too-slow';
}

export interface WavFile {
  /** Writes samples. Gaps between writes are silent. @param position index of the first sample */
  write(position: number, samples: Int16Array): void;
  /**
   * Completes and closes the file. If the disk has failed, the file contains what was written before.
   * @param samples length of the recording
   * @throws (rejects) the error of the disk if nothing was written
   */
  finish(samples: number): Promise<FinishedFile>;
}

export interface FinishedFile {
  bytes: number;
  /** The error because of which the file ends early. */
  cutShortBy?: unknown;
}

/**
 * @param open creates the file
 * @param failed called once when the disk has failed and nothing more will be written
 */
export function createWavFile(open: () => Promise<FileHandle>, failed: Guarded<[]>): WavFile {
  let file: FileHandle | undefined;
  let pendingBytes = 0;
  let failure: { error: unknown } | undefined;
  let kept = 0; // samples written to the disk

  const fail = (error: unknown): void => {
    if (failure) return;
    failure = { error };
    queueMicrotask(failed); // never from within a write
  };
  // Writes are sequential. None follows after a failure.
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
  // The header says that the file is empty until it is complete.
  then((opened) => writeAll(opened, header(0), 0));

  return {
    write(position, samples) {
      if (failure) return;
      const bytes = Buffer.alloc(samples.length * BYTES_PER_SAMPLE);
      for (let i = 0; i < samples.length; i++) bytes.writeInt16LE(samples[i] ?? 0, i * BYTES_PER_SAMPLE);
      pendingBytes += bytes.length;
      if (pendingBytes > MAX_PENDING_BYTES) fail(new DiskTooSlowError('The disk is slower than the recording'));
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
      // Truncating the file and rewriting its header need no disk space.
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

/** A write may be partial, for example on a full disk. Then the next attempt throws the reason. */
async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length;)
    written += (await file.write(bytes, written, bytes.length - written, position + written)).bytesWritten;
}

/** The RIFF header with the `fmt ` chunk and the header of the `data` chunk; little endian. */
function header(samples: number): Buffer {
  const dataBytes = samples * BYTES_PER_SAMPLE;
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(HEADER_BYTES - 8 + dataBytes, 4);
  bytes.write('WAVEfmt ', 8, 'latin1');
  bytes.writeUInt32LE(16, 16); // size of the fmt chunk
  bytes.writeUInt16LE(1, 20); // PCM
  bytes.writeUInt16LE(1, 22); // channels
  bytes.writeUInt32LE(SAMPLE_RATE, 24);
  bytes.writeUInt32LE(SAMPLE_RATE * BYTES_PER_SAMPLE, 28);
  bytes.writeUInt16LE(BYTES_PER_SAMPLE, 32); // bytes per frame
  bytes.writeUInt16LE(8 * BYTES_PER_SAMPLE, 34);
  bytes.write('data', 36, 'latin1');
  bytes.writeUInt32LE(dataBytes, 40);
  return bytes;
}
