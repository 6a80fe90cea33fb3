/** What can be played, as samples: sentences and files. The front door of `sounds/` and `speech/`. */
import type { Playback } from './playback';
import { createSpeech, type SpeechOptions } from './speech';
import { createFiles, type FilesOptions } from './sounds/files';
import { createSharedLoads } from './sounds/shared-loads';

export { SoundError, type SoundErrorCode } from './sounds/errors';
export type { FindOwnMedia, OwnFile } from './sounds/files';

export interface SoundsOptions extends FilesOptions, SpeechOptions {}

export interface Sounds {
  /**
   * 8 kHz, one channel, at the volume at which it is recorded. The same array for the same sound where it is still
   * known: not to be written to.
   * @param signal it is not wanted any more
   * @throws (rejects) SoundError
   */
  load(playback: Pick<Playback, 'kind' | 'content' | 'voice'>, signal?: AbortSignal): Promise<Int16Array>;
  /** Ends the threads; what is being loaded is rejected. */
  close(): Promise<void>;
}

/** Nothing is started or loaded before the first sound is. */
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
