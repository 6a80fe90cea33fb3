/** Speech synthesis in a worker thread. */
import { join } from 'node:path';
import { createInternalErrors, type InternalErrors } from '../../support/internal-errors';
import type { Logger } from '../../support/logger';
import { SAMPLE_RATE } from '../audio';
import { createCollector } from '../sounds/collect';
import { createSoundCache } from '../sounds/sound-cache';
import { createThread } from '../sounds/thread';
import { installedLanguages, type LanguageFiles } from './languages';
import { cleanSentence, partsOf } from './sentence';
import { spokenVoice } from './voices';
import type { Speaker, SpeechJob } from './worker';

/**
 * Silence before a sentence. After answering, a phone needs a moment to turn on its speaker, and a person to lift it to
 * the ear. Without the silence, the first word would be lost.
 */
const LEAD_IN_SAMPLES = 0.3 * SAMPLE_RATE;

export interface SpeechOptions {
  log: Logger;
  internalErrors?: InternalErrors | undefined;
  /** Folder of Pico's language files, for voices of other languages. If undefined, these voices fall back to flite. */
  languagesDir?: string | undefined;
  /** Size of the cache of spoken sentences. */
  speechCacheBytes?: number | undefined;
}

export interface Speech {
  /**
   * @param voice name of one of `VOICES`. Default: the first
   * @param signal aborts when the sound is no longer needed
   * @throws (rejects) SoundError speech-failed
   */
  say(sentence: string, voice?: string, signal?: AbortSignal): Promise<Int16Array>;
  close(): Promise<void>;
}

/** 35 minutes of speech. */
const CACHE_BYTES = 32_000_000;
/** Maximum time to speak a part of a sentence. 200 digits without a space are a minute of speech and take 1 s. */
const PART_MS = 30_000;

export function createSpeech({ log, internalErrors, languagesDir, speechCacheBytes }: SpeechOptions): Speech {
  const cache = createSoundCache<{ samples: Int16Array }>(speechCacheBytes ?? CACHE_BYTES);
  const fellBack = new Set<string>();
  const thread = createThread<SpeechJob>({
    module: join(__dirname, 'worker'),
    timeoutMs: PART_MS,
    failure: 'speech-failed',
    internalErrors: internalErrors ?? createInternalErrors(log),
    log,
  });

  let languages: Promise<Map<string, LanguageFiles>> | undefined;
  const installed = async (language: string): Promise<LanguageFiles | undefined> => {
    if (languagesDir === undefined) return undefined;
    return (await (languages ??= installedLanguages(languagesDir, log))).get(language);
  };

  const speakerOf = async (name: string | undefined): Promise<Speaker> => {
    const { voice, flite, pico } = spokenVoice(name);
    const language = pico && (await installed(pico.language));
    if (pico && language) return { engine: 'pico', language, pitch: pico.pitch };
    if (pico && !fellBack.has(voice.name)) {
      fellBack.add(voice.name);
      const { locale } = voice;
      log.warn(
        { event: 'voice-missing', voice: voice.name, locale, instead: flite.name },
        'The voice is not installed. Using another one',
      );
    }
    return { engine: 'flite', voice: flite };
  };

  const say = async (text: string, name?: string, signal?: AbortSignal): Promise<Int16Array> => {
    const sentence = cleanSentence(text);
    const speaker = await speakerOf(name);
    const key = JSON.stringify([speaker, sentence]);
    const known = cache.get(key);
    if (known) return known.samples;
    const sounds = createCollector();
    sounds.add(new Int16Array(LEAD_IN_SAMPLES));
    // One part at a time, so that other jobs can run in between.
    for (const part of partsOf(sentence)) sounds.add(await thread.run({ sentence: part, speaker }, [], signal));
    const samples = sounds.sound();
    cache.set(key, { samples });
    return samples;
  };
  return {
    say,
    async close() {
      cache.clear();
      await thread.close();
    },
  };
}
