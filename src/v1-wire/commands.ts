/** Bodies of the v1 commands, and the wire formats of their fields. */
import { z } from 'zod';

/**
 * Booleans arrive as `true` and as `"true"` (the tutorial sends `"enabled": "true"` and reads back `true`), from C# and
 * Python as `"True"`, from PHP's queries as `"1"`, from its databases as `1`.
 */
export const wireBoolean = z.union([
  z.boolean(),
  z.literal([0, 1]).transform(Boolean),
  z.stringbool({ truthy: ['true', '1'], falsy: ['false', '0'], case: 'insensitive' }),
]);

/** Numbers arrive as `30` and as `"30"`. */
export const wireInteger = z.union([
  z.int(),
  z
    .string()
    .regex(/^-?\d{1,9}$/, 'Invalid input: expected an integer')
    .transform(Number),
]);

export const CALL_STATES = ['started', 'rejected', 'active', 'completed', 'transferring'] as const;
export type CallState = (typeof CALL_STATES)[number];

/**
 * Values of the optional field `cause` beside `state: 'rejected'`, an extension of v1. Other platforms ignore it.
 */
export const REJECT_CAUSES = [
  'USER_BUSY',
  'NO_ANSWER',
  'UNALLOCATED_NUMBER',
  'CALL_REJECTED',
  'NORMAL_TEMPORARY_FAILURE',
] as const;
export type RejectCause = (typeof REJECT_CAUSES)[number];

export type BridgeState = 'created' | 'active' | 'hold' | 'completed' | 'error';

/** The longest `sentence` of an audio command, in characters. */
export const MAX_SENTENCE_LENGTH = 1000;
/** The longest `callTimeout`, in seconds. */
export const MAX_CALL_TIMEOUT_SECONDS = 300;

export interface Voice {
  name: string;
  gender: 'female' | 'male';
  locale: string;
}

/** Voices of the audio command. Names are case-insensitive. The first voice of a locale and gender is the default. */
export const VOICES: readonly Voice[] = [
  { name: 'Susan', gender: 'female', locale: 'en_US' },
  { name: 'Kate', gender: 'female', locale: 'en_US' },
  { name: 'Julie', gender: 'female', locale: 'en_US' },
  { name: 'Dave', gender: 'male', locale: 'en_US' },
  { name: 'Paul', gender: 'male', locale: 'en_US' },
  { name: 'Bridget', gender: 'female', locale: 'en_UK' },
  { name: 'Esperanza', gender: 'female', locale: 'es' },
  { name: 'Violeta', gender: 'female', locale: 'es' },
  { name: 'Jorge', gender: 'male', locale: 'es' },
  { name: 'Jolie', gender: 'female', locale: 'fr' },
  { name: 'Bernard', gender: 'male', locale: 'fr' },
  { name: 'Katrin', gender: 'female', locale: 'de' },
  { name: 'Stefan', gender: 'male', locale: 'de' },
  { name: 'Paola', gender: 'female', locale: 'it' },
  { name: 'Luca', gender: 'male', locale: 'it' },
];

/** Maps each locale that v1 documents to the locale of `VOICES` that speaks it. */
export const LOCALES: ReadonlyMap<string, string> = new Map([
  ['en_US', 'en_US'],
  ['en_UK', 'en_UK'],
  ['es', 'es'],
  ['es_MX', 'es'],
  ['fr', 'fr'],
  ['fr_FR', 'fr'],
  ['de', 'de'],
  ['de_DE', 'de'],
  ['it', 'it'],
  ['it_IT', 'it'],
]);
const BY_LOWER_CASE = new Map([...LOCALES].map(([name, locale]) => [name.toLowerCase(), locale]));

/** Returns the locale of `VOICES` for a documented one, in any case, with `_` or `-`; undefined if it is unknown. */
export function voiceLocale(name: string): string | undefined {
  return BY_LOWER_CASE.get(name.toLowerCase().replace('-', '_'));
}

/** Body of `POST /calls`, as Tandem sends it. `callTimeout` is in seconds. */
export interface CreateCallBody {
  from: string;
  to: string;
  callbackUrl: string;
  callbackHttpMethod?: 'GET' | 'POST';
  callTimeout?: number;
  tag?: string;
  /** Extension of v1: hides `from` from the callee. */
  privacy?: 'id';
}

/** Body of `POST /calls/{id}/audio`, as Tandem sends it. */
export interface SpeakBody {
  sentence: string;
  voice?: string | undefined;
  gender?: string | undefined;
  locale?: string | undefined;
  tag?: string | undefined;
}
