/** Speech: sentences as samples, made in a thread of their own. */
import { join } from 'node:path';
import type { Logger } from '../../../logger';
import { createSoundCache } from '../sounds/sound-cache';
import { createThread } from '../sounds/thread';
import { cleanSentence } from './sentence';
import { spokenVoice } from './voices';
import type { SpeechJob } from './worker';

export interface SpeechOptions {
  log: Logger;
  /** Of sentences that need not be made again. */
  speechCacheBytes?: number | undefined;
  /** How long a sentence may take to be made; ms. */
  speechMs?: number | undefined;
}

export interface Speech {
  /**
   * @param voice name of one of `VOICES`; undefined: the first
   * @throws (rejects) SoundError speech-failed
   */
  say(sentence: string, voice?: string): Promise<Int16Array>;
  warmUp(): Promise<void>;
  close(): Promise<void>;
}

/** 35 minutes of speech. */
const CACHE_BYTES = 32_000_000;
/** A thousand characters without a space are spelt: four minutes of speech, in 5 s of work. */
const SPEECH_MS = 30_000;

export function createSpeech({ log, speechCacheBytes, speechMs }: SpeechOptions): Speech {
  const cache = createSoundCache<{ samples: Int16Array }>(speechCacheBytes ?? CACHE_BYTES);
  const fellBack = new Set<string>();
  const thread = createThread<SpeechJob>({
    module: join(__dirname, 'worker'),
    timeoutMs: speechMs ?? SPEECH_MS,
    failure: 'speech-failed',
    log,
  });

  const say = async (text: string, name?: string): Promise<Int16Array> => {
    const sentence = cleanSentence(text);
    const { voice, flite, pico } = spokenVoice(name);
    if (pico && !fellBack.has(voice.name)) {
      fellBack.add(voice.name);
      log.warn(
        { voice: voice.name, locale: voice.locale, instead: flite.name },
        'The voice is not installed; another speaks for it',
      );
    }
    const key = JSON.stringify([flite, sentence]);
    const known = cache.get(key);
    if (known) return known.samples;
    const samples = await thread.run({ sentence, flite });
    cache.set(key, { samples });
    return samples;
  };
  return {
    say,
    async warmUp() {
      await thread.run({ sentence: 'Hello.', flite: spokenVoice(undefined).flite });
    },
    async close() {
      cache.clear();
      await thread.close();
    },
  };
}
