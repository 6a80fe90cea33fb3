/** The recordings of all calls: started and stopped by the state of the call, kept for a while. */
import { messageOf } from '../../support/errors';
import type { Logger } from '../../support/logger';
import { newId } from '../../support/ids';
import { wireTime } from '../../v1-wire/times';
import type { Call } from '../calls/call';
import { NotFoundError } from '../errors';
import { createRecorder, type Recorder, type RecorderResult } from '../../media/recorder';
import { createRetention, type RetentionLimits } from '../retention';
import type { ErrorLog } from '../resources/error-log';
import type { Uris } from '../uris';
import type { MediaDraft, MediaStore } from './media-store';

/** The default of `recordingMaxDuration`, s. */
const MAX_SECONDS = 3_600;

export interface Recording {
  readonly id: string;
  readonly callId: string;
  /** Name of the media file, which exists once the state is `complete`. */
  readonly mediaName: string;
  readonly startTime: Date;
  endTime?: Date;
  state: 'recording' | 'complete' | 'error';
}

export interface Recordings {
  /** Records the call while it is active and its settings enable it. Sends `recording` events. */
  follow(call: Call): void;
  /** @throws NotFoundError */
  get(id: string): Recording;
  /** Oldest first. */
  ofCall(callId: string): Recording[];
  /** Newest first. */
  list(): Recording[];
  /** Stops all recordings, without events. */
  close(): Promise<void>;
}

export interface RecordingsDeps {
  media: MediaStore;
  uris: Uris;
  retention: RetentionLimits;
  /** Gets recordings that failed because of the disk. */
  errors: ErrorLog;
  /** Called if a recording was cut short or lost, for a metric. */
  failed?: (() => void) | undefined;
  log: Logger;
}

export function createRecordings({ media, uris, retention, errors, failed, log }: RecordingsDeps): Recordings {
  const all = new Map<string, { recording: Recording; draft: MediaDraft }>();
  const running = new Map<Recorder, Promise<void>>();
  const deleting = new Set<Promise<unknown>>();
  let closed = false;

  /** Deletes a draft. Logs errors. */
  const discard = (draft: MediaDraft): Promise<unknown> => {
    const deleted: Promise<unknown> = draft
      .discard()
      .catch((error: unknown) => log.warn({ event: 'recording-not-deleted', err: error }, 'cannot delete a recording'))
      .finally(() => deleting.delete(deleted));
    deleting.add(deleted);
    return deleted;
  };
  const forget = createRetention<string>(retention, (id) => {
    const draft = all.get(id)?.draft;
    all.delete(id);
    if (draft) discard(draft).catch(() => undefined);
  });

  const noteFailure = (
    { id, callId }: Recording,
    code: 'recording-cut-short' | 'recording-failed',
    error: unknown,
  ): void => {
    failed?.();
    log.error({ event: code, callId, recordingId: id, err: error }, 'a disk error ended a recording');
    const reason = messageOf(error);
    const what = code === 'recording-failed' ? 'could not be written' : 'was cut short';
    errors.record({
      category: 'unavailable',
      code,
      message: `The recording ${id} of the call ${callId} ${what}: ${reason}`,
      details: [
        { name: 'callId', value: callId },
        { name: 'recordingId', value: id },
        { name: 'reason', value: reason },
      ],
    });
  };

  const settle = async (call: Call, recording: Recording, draft: MediaDraft, result: RecorderResult): Promise<void> => {
    if (result.state === 'complete') {
      draft.complete(result.bytes);
      if (result.cutShortBy !== undefined) noteFailure(recording, 'recording-cut-short', result.cutShortBy);
    } else {
      noteFailure(recording, 'recording-failed', result.error);
      await discard(draft);
    }
    recording.state = result.state;
    recording.endTime = result.endTime;
    forget.add(recording.id);
    if (closed) return;
    log.info(
      { event: 'recording-ended', callId: call.id, recordingId: recording.id, state: recording.state },
      'recording ended',
    );
    call.announce('recording', {
      recordingId: recording.id,
      recordingUri: uris.absolute(`recordings/${recording.id}`),
      state: recording.state,
      status: recording.state,
      startTime: wireTime(recording.startTime),
      endTime: wireTime(recording.endTime),
    });
  };

  /** @param number number of the recording within its call */
  const start = (call: Call, number: number): Recorder => {
    const mediaName = `${call.id}-${number}.wav`;
    const draft = media.draft(mediaName, 'audio/wav');
    const maxSeconds = call.settings.recordingMaxDuration ?? MAX_SECONDS;
    const { party, timers, internalErrors } = call;
    const recorder = createRecorder({ open: () => draft.open(), party, maxSeconds, timers, internalErrors });
    const { startTime } = recorder;
    const recording: Recording = { id: newId('recording'), callId: call.id, mediaName, startTime, state: 'recording' };
    all.set(recording.id, { recording, draft });
    log.info(
      { event: 'recording-started', callId: call.id, recordingId: recording.id, maxSeconds },
      'recording started',
    );
    const over = recorder.ended
      .then((result) => settle(call, recording, draft, result))
      .catch((error: unknown) => call.internalErrors.report(error, { where: 'recording' }))
      .finally(() => running.delete(recorder));
    running.set(recorder, over);
    return recorder;
  };

  return {
    follow(call) {
      let count = 0;
      let current: Recorder | undefined;
      const begin = (): void => {
        if (current || !call.up || closed) return;
        const recorder = start(call, ++count);
        current = recorder;
        // The recorder may also stop by itself.
        const over = (): void => {
          if (current === recorder) current = undefined;
        };
        recorder.ended.then(over, over);
      };
      const end = (): void => {
        current?.stop();
        current = undefined;
      };
      call.watch({
        answered() {
          if (call.settings.recordingEnabled) begin();
        },
        recordingChanged(enabled) {
          if (enabled === false) return end();
          const { recordingMaxDuration } = call.settings;
          if (recordingMaxDuration !== undefined) current?.setMaxSeconds(recordingMaxDuration);
          if (enabled) begin();
        },
        ended: end,
      });
    },
    get(id) {
      const found = all.get(id);
      if (!found) throw new NotFoundError('recording', id);
      return found.recording;
    },
    ofCall: (callId) => [...all.values()].map(({ recording }) => recording).filter((one) => one.callId === callId),
    list: () => [...all.values()].map(({ recording }) => recording).reverse(),
    async close() {
      closed = true;
      for (const recorder of running.keys()) recorder.stop();
      await Promise.all(running.values());
      await Promise.all(deleting);
    },
  };
}
