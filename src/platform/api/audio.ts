/** Parses the body of audio commands, prompts and whispers. */
import { z } from 'zod';
import { LOCALES, MAX_SENTENCE_LENGTH, voiceLocale, VOICES, wireBoolean, type Voice } from '../../v1-wire/commands';
import { sentenceFault } from '../../v1-wire/speakable';
import { ValidationError } from '../errors';
import type { Playback } from '../../media/playback';
import { httpUrl, integer, optionalText, parse, tag, text, word } from './parse';

export const audio = z.object({
  sentence: text(MAX_SENTENCE_LENGTH).optional(),
  fileUrl: z.union([z.literal(''), httpUrl]).optional(),
  gender: word('female', 'male').optional(),
  locale: optionalText(32),
  voice: optionalText(32),
  loopEnabled: wireBoolean.default(false),
  volume: integer(-4, 4).default(0),
  tag: tag.optional(),
});
export type Audio = z.output<typeof audio>;

/** Parses an audio command. @returns undefined if it stops the playback */
export function parseAudio(body: unknown): Playback | undefined {
  return playbackOf(parse(audio, body), '');
}

/** @param path prefix of the fields in error messages, like `prompt.` */
export function playbackOf(fields: Audio, path: string): Playback | undefined {
  const { sentence, fileUrl, loopEnabled: loop, volume, tag } = fields;
  if (sentence && fileUrl) throw new ValidationError(`${path}sentence: set either sentence or fileUrl, not both`);
  if (sentence === undefined && fileUrl === undefined)
    throw new ValidationError(`${path}sentence: sentence or fileUrl is required`);
  const voice = voiceOf(fields, path).name;
  const fault = sentence ? sentenceFault(sentence) : undefined;
  if (fault !== undefined) throw new ValidationError(`${path}sentence: ${fault}`);
  if (sentence) return { kind: 'speak', content: sentence, voice, loop, volume, tag };
  if (fileUrl) return { kind: 'playback', content: fileUrl, loop, volume, tag };
  return undefined;
}

function voiceOf({ voice, locale, gender }: Audio, path: string): Voice {
  const wanted = locale === undefined ? undefined : voiceLocale(locale);
  const ofLocale = locale === undefined ? VOICES : VOICES.filter((known) => known.locale === wanted);
  const [first] = ofLocale;
  if (!first)
    throw new ValidationError(
      `${path}locale: must be one of ${[...LOCALES.keys()].join(', ')} (got ${String(locale)})`,
    );
  if (voice === undefined) return ofLocale.find((known) => known.gender === (gender ?? 'female')) ?? first;
  const named = ofLocale.find((known) => known.name.toLowerCase() === voice.toLowerCase());
  if (!named)
    throw new ValidationError(
      `${path}voice: must be one of ${unique(ofLocale.map(({ name }) => name))} (got ${voice})`,
    );
  return named;
}

function unique(values: string[]): string {
  return [...new Set(values)].join(', ');
}
