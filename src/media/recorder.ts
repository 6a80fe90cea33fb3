/** Records a far end: what it says and what it hears, mixed, as they came. */
import type { FileHandle } from 'node:fs/promises';
import type { InternalErrors } from '../support/internal-errors';
import type { Timers, Cancel } from '../support/timers';
import { guardedSink, SAMPLE_RATE, type Party } from './audio';
import { createWavFile, type FinishedFile } from './recorder-file';
import { createTimeline } from './recorder-timeline';

export interface RecorderOptions {
  /** Opens the file, new and empty. */
  open: () => Promise<FileHandle>;
  /** undefined: there is no sound on the line; the file is silent, and as long as the recording was. */
  party: Party | undefined;
  /** The recording ends itself after so long; s. */
  maxSeconds: number;
  timers: Timers;
  /** Those of the call. */
  internalErrors: InternalErrors;
  /** ms, monotonic. */
  now?: () => number;
}

export type RecorderResult = { startTime: Date; endTime: Date } & (
  | {
      state: 'complete';
      /** Of the file. */
      bytes: number;
      /** The disk failed: the file has what was written until then. */
      cutShortBy?: unknown;
    }
  | { state: 'error'; error: unknown }
);

export interface Recorder {
  readonly startTime: Date;
  /** Counted from its start; what is over already ends now. */
  setMaxSeconds(seconds: number): void;
  /** Harmless when repeated. */
  stop(): void;
  /** What became of it, when the file is complete: stopped, at its maximum, or because of the disk. Never rejects. */
  readonly ended: Promise<RecorderResult>;
}

/**
 * Begins at once. The file is a WAV file of 8 kHz, 16 bit PCM, mono, on the true timeline: where nobody sent anything
 * there is silence, and it is as long as the recording was.
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
      // The far end's clock may be ahead of ours: then it is a little longer.
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
  party?.tap({ said: take, heard: take });
  return { startTime, setMaxSeconds, stop, ended };
}
