/**
 * The synthesizer voices of the API's voices.
 *
 * | voice | locale | without Pico's languages | with Pico's languages |
 * | --- | --- | --- | --- |
 * | Susan | en_US | slt | slt |
 * | Kate | en_US | slt, higher and faster | same |
 * | Julie | en_US | slt, lower and slower | same |
 * | Dave | en_US | rms | rms |
 * | Paul | en_US | awb (Scottish accent) | same |
 * | Bridget | en_UK | slt, slightly lower | en-GB |
 * | women of es, fr, de, it | | slt, in American English | the language's own voice |
 * | men of es, fr, de, it | | rms, in American English | the language's own voice, lower |
 *
 * Flite (CMU) has slt (female), rms, awb and kal (male). Pico has one female voice per language. A voice never falls
 * back to silence, so that the called person hears something.
 */
import { VOICES, type Voice } from '../../v1-wire/commands';

export interface FliteVoice {
  name: 'slt' | 'rms' | 'awb' | 'kal';
  /** Mean pitch; Hz. Default: the voice's own (slt 170, rms 110, awb 130). */
  pitch?: number | undefined;
  /** Factor of the duration. Default: 1. */
  stretch?: number | undefined;
}

export interface PicoVoice {
  /** Language code in the file names, `de-DE_ta.bin` and `de-DE_gl0_sg.bin`. */
  language: string;
  /** Percentage of the voice's own pitch. */
  pitch: number;
}

export interface SpokenVoice {
  flite: FliteVoice;
  /** Used instead of flite if the language is installed. */
  pico?: PicoVoice | undefined;
}

const ENGLISH: ReadonlyMap<string, FliteVoice> = new Map<string, FliteVoice>([
  ['Susan', { name: 'slt' }],
  ['Kate', { name: 'slt', pitch: 205, stretch: 0.95 }],
  ['Julie', { name: 'slt', pitch: 145, stretch: 1.05 }],
  ['Dave', { name: 'rms' }],
  ['Paul', { name: 'awb' }],
  ['Bridget', { name: 'slt', pitch: 158 }],
]);

const PICO_LANGUAGES: ReadonlyMap<string, string> = new Map([
  ['en_UK', 'en-GB'],
  ['es', 'es-ES'],
  ['fr', 'fr-FR'],
  ['de', 'de-DE'],
  ['it', 'it-IT'],
]);

const MALE_PITCH_PERCENT = 65;

/** @param name name of one of `VOICES`; any other name means the first */
export function spokenVoice(name: string | undefined): SpokenVoice & { voice: Voice } {
  const voice = VOICES.find((known) => known.name === name) ?? VOICES[0]!;
  const flite = ENGLISH.get(voice.name) ?? { name: voice.gender === 'female' ? 'slt' : 'rms' };
  const language = PICO_LANGUAGES.get(voice.locale);
  if (language === undefined) return { voice, flite };
  return { voice, flite, pico: { language, pitch: voice.gender === 'female' ? 100 : MALE_PITCH_PERCENT } };
}
