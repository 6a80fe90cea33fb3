/** What can be played, as samples: sentences and files. The front door of `sounds/` and `speech/`. */
import type { Playback } from '../../lines/line';
import { createSpeech, type SpeechOptions } from '../speech';
import { createFiles, type FilesOptions } from './files';

export { SoundError, type SoundErrorCode } from './errors';
export type { ReadOwnMedia } from './files';

export interface SoundsOptions extends FilesOptions, SpeechOptions {}

export interface Sounds {
  /**
   * 8 kHz, one channel, at the volume at which it is recorded. The same array for the same sound where it is still
   * known: not to be written to.
   * @throws (rejects) SoundError
   */
  load(playback: Pick<Playback, 'kind' | 'content' | 'voice'>): Promise<Int16Array>;
  /** Ends the threads; what is being loaded is rejected. */
  close(): Promise<void>;
}

/** Nothing is started or loaded before the first sound is. */
export function createSounds(options: SoundsOptions): Sounds {
  const speech = createSpeech(options);
  const files = createFiles(options);
  const loading = new Map<string, Promise<Int16Array>>();

  return {
    load({ kind, content, voice }) {
      const key = JSON.stringify([kind, content, voice]);
      const underWay = loading.get(key);
      if (underWay) return underWay;
      const load = kind === 'speak' ? speech.say(content, voice) : files.load(content);
      const settled = load.finally(() => loading.delete(key));
      loading.set(key, settled);
      return settled;
    },
    async close() {
      await Promise.all([speech.close(), files.close()]);
    },
  };
}
