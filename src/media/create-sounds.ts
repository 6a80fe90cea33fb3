/** Loads sentences and files as samples. Public interface of `sounds/` and `speech/`. */
import type { Playback } from './playback';
import { createSpeech, type SpeechOptions } from './speech';
import { createFiles, type FilesOptions } from './sounds/files';
import { createSharedLoads } from './sounds/shared-loads';

export { SoundError, type SoundErrorCode } from './sounds/errors';
export type { FindOwnMedia, OwnFile } from './sounds/files';

export interface SoundsOptions extends FilesOptions, SpeechOptions {}

export interface Sounds {
  /**
   * Loads a sound: 8 kHz, mono, at its original volume. The array is immutable, because a cached one may be shared.
   * @param signal aborts when the sound is no longer needed
   * @throws (rejects) SoundError
   */
  load(playback: Pick<Playback, 'kind' | 'content' | 'voice'>, signal?: AbortSignal): Promise<Int16Array>;
  /** Ends the threads and rejects pending loads. */
  close(): Promise<void>;
}

/** Threads and engines start with the first sound. */
export function createSounds(options: SoundsOptions): Sounds {
  const speech = createSpeech(options);
  const files = createFiles(options);
  const loads = createSharedLoads();

  return {
    load({ kind, content, voice }, signal) {
      const key = JSON.stringify([kind, content, voice]);
      const make = (gaveUp: AbortSignal): Promise<Int16Array> =>
        kind === 'speak' ? speech.say(content, voice, gaveUp) : files.load(content, gaveUp);
      return loads.load(key, make, signal);
    },
    async close() {
      loads.close();
      await Promise.all([speech.close(), files.close()]);
    },
  };
}
