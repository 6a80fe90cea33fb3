/** Records a far end: packets from and to it are mixed in real time. */
import type { FileHandle } from 'node:fs/promises';
import type { InternalErrors } from '../support/internal-errors';
import type { Timers, Cancel } from '../support/timers';
import { guardedSink, SAMPLE_RATE, type Party } from './audio';
import { createWavFile, type FinishedFile } from './recorder-file';
import { createTimeline } from './recorder-timeline';

export interface RecorderOptions {
  /** Creates the file. */
  open: () => Promise<FileHandle>;
  /** Undefined if the line has no audio. Then the file contains silence of the recording's length. */
  party: Party | undefined;
  /** Maximum length of the recording; s. */
  maxSeconds: number;
  timers: Timers;
  /** Internal errors of the call. */
  internalErrors: InternalErrors;
  /** ms, monotonic. */
  now?: () => number;
}

export type RecorderResult = { startTime: Date; endTime: Date } & (
  | {
      state: 'complete';
      /** Size of the file. */
      bytes: number;
      /** The error of the disk because of which the file ends early. */
      cutShortBy?: unknown;
    }
  | { state: 'error'; error: unknown }
);

export interface Recorder {
  readonly startTime: Date;
  /** Changes the maximum length. If it has been reached already, the recording ends now. */
  setMaxSeconds(seconds: number): void;
  /** Ends the recording. Idempotent. */
  stop(): void;
  /**
   * Resolves when the file is complete: after `stop`, at the maximum length, or when the disk has failed. Never
   * rejects.
   */
  readonly ended: Promise<RecorderResult>;
}

/**
 * Starts recording at once. The file is WAV: 8 kHz, 16-bit PCM, mono, in real time. Times without packets are silent,
 * and the file is as long as the recording.
 */
export function createRecorder(options: RecorderOptions): Recorder {
  const { party, timers, now = () => performance.now() } = options;
  const startTime = new Date();
  const startedAt = now();
  let maxSamples = options.maxSeconds * SAMPLE_RATE;
  let cancelMaximum: Cancel = () => undefined;
  let running = true;
  let settle: (result: RecorderResult) => void = () => undefined;
  const ended = new Promise<RecorderResult>((resolve) => (settle = resolve));

  const elapsed = (): number => Math.round(((now() - startedAt) * SAMPLE_RATE) / 1000);
  const finish = async (): Promise<FinishedFile> => {
    let samples: number;
    try {
      // The far end's clock may be faster than ours. Then the file is slightly longer.
      samples = Math.min(Math.max(elapsed(), timeline.finish()), maxSamples);
    } catch (error) {
      await file.finish(0).catch(() => undefined); // closes it
      throw error;
    }
    return file.finish(samples);
  };
  const stop = (): void => {
    if (!running) return;
    running = false;
    cancelMaximum();
    party?.tap(undefined);
    const endTime = new Date();
    finish().then(
      (finished) => settle({ state: 'complete', startTime, endTime, ...finished }),
      (error: unknown) => settle({ state: 'error', startTime, endTime, error }),
    );
  };
  const setMaxSeconds = (seconds: number): void => {
    if (!running) return;
    cancelMaximum();
    maxSamples = seconds * SAMPLE_RATE;
    cancelMaximum = timers.after(Math.max(0, seconds * 1000 - (now() - startedAt)), stop);
  };

  const file = createWavFile(options.open, options.internalErrors.guard('recorder', stop));
  const timeline = createTimeline((position, samples) => file.write(position, samples));
  const take = guardedSink(options.internalErrors, 'recorder', (packet) => {
    if (packet.kind === 'audio') timeline.add(packet, elapsed());
  });
  setMaxSeconds(options.maxSeconds);
  party?.tap({ onReceived: take, onSent: take });
  return { startTime, setMaxSeconds, stop, ended };
}
