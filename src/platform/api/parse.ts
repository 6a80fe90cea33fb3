/** Parses bodies and queries with zod, and defines the fields that many of them share. */
import { z } from 'zod';
import { wireInteger } from '../../v1-wire/commands';
import { isE164 } from '../../addresses/e164';
import { normaliseSipUri } from '../../addresses/sip-uri';
import { CallbackUrlInvalidError, ValidationError } from '../errors';

/** Marks a refinement whose error is `callback-url-invalid` instead of `validation-error`. */
const CALLBACK_URL = { callbackUrl: true };

/** @throws ValidationError, CallbackUrlInvalidError with the invalid fields */
export function parse<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const given = withoutNulls(input ?? {});
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const again = schema.safeParse(withoutEmpty(given, pathsOf(result.error)));
  if (again.success) return again.data;
  const details = result.error.issues.slice(0, 20).map(({ path, message }) => ({
    name: path.join('.'),
    value: message,
  }));
  const [issue] = result.error.issues;
  const field = issue?.path.join('.') ?? '';
  const message = `${field === '' ? 'The request' : field}: ${issue?.message ?? 'invalid'}`;
  const isCallbackUrl = issue?.code === 'custom' && issue.params === CALLBACK_URL;
  throw new (isCallbackUrl ? CallbackUrlInvalidError : ValidationError)(message, details);
}

/** Parses a query, in which an empty parameter counts as missing. */
export function parseQuery<Schema extends z.ZodType>(schema: Schema, query: object): z.output<Schema> {
  return parse(schema, Object.fromEntries(Object.entries(query).filter(([, value]) => value !== '')));
}

/** Removes `null`, which counts as missing, also in objects. An empty array is an empty object of PHP. */
function withoutNulls(input: unknown): unknown {
  if (Array.isArray(input) && input.length === 0) return {};
  if (!isObject(input)) return input;
  const given = Object.entries(input).filter(([, value]) => value !== null);
  return Object.fromEntries(given.map(([name, value]) => [name, isObject(value) ? withoutNulls(value) : value]));
}

type Path = readonly PropertyKey[];

/** Returns the paths of values of the wrong type. A text that is too short has the right type. */
const pathsOf = (error: z.ZodError): Path[] =>
  error.issues.filter(({ code }) => code !== 'too_small').map(({ path }) => path);

/**
 * Removes empty texts (and empty arrays of PHP) that are not valid values, so that they count as missing.
 * @param faulty paths of invalid values
 */
function withoutEmpty(input: unknown, faulty: readonly Path[]): unknown {
  if (!isObject(input)) return input;
  return Object.fromEntries(
    Object.entries(input).flatMap(([name, value]): [string, unknown][] => {
      const below = faulty.filter(([first]) => first === name).map((path) => path.slice(1));
      const isEmpty = value === '' || (Array.isArray(value) && value.length === 0);
      return isEmpty && below.length > 0 ? [] : [[name, withoutEmpty(value, below)]];
    }),
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const asText = (value: unknown): unknown =>
  typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;

/** Accepts numbers for text, as some clients send digits as numbers. */
export const textOf = <Schema extends z.ZodType>(schema: Schema) => z.preprocess(asText, schema);

export const text = (max: number, min = 0) => textOf(z.string().min(min).max(max));

/** An empty text counts as missing. */
export const optionalText = (max: number) =>
  text(max)
    .transform((value) => value || undefined)
    .optional();

/** Accepts one of these words, in any case. */
export const word = <Word extends string>(...words: [Word, ...Word[]]) =>
  z
    .string()
    .transform((value) => value.toLowerCase())
    .pipe(z.enum(words));

/** Accepts a number or SIP URI in a query, where an unescaped `+` arrives as a space. */
export const queriedParty = text(512).transform((value) => value.replace(/^ (?=\d)/, '+'));

export const tag = text(1024);

export const e164 = z
  .string()
  .refine(isE164, 'Invalid input: expected an E.164 number, + and 7 to 15 digits (in a query, + is written %2B)');

/** Accepts a number or a SIP URI, unchanged. */
export const party = text(512)
  .transform((value) => value.trim())
  .refine(
    (value) => isE164(value) || normaliseSipUri(value) !== undefined,
    'Invalid input: expected an E.164 number or a SIP URI',
  );

function isHttpUrl(value: string): boolean {
  return /^https?:\/\//i.test(value) && URL.canParse(value);
}

export const httpUrl = z.string().trim().max(2048).refine(isHttpUrl, 'Invalid input: expected an http or https URL');

/** An empty URL counts as missing. */
export const callbackUrl = z
  .string()
  .max(2048)
  .transform((value) => value.trim())
  .refine((value) => value === '' || isHttpUrl(value), {
    error: 'Invalid input: expected an http or https URL',
    params: CALLBACK_URL,
  })
  .transform((value) => value || undefined);

export const callbackHttpMethod = z
  .string()
  .transform((method) => method.toUpperCase())
  .pipe(z.enum(['GET', 'POST']));

/** Maximum of `callbackTimeout`, ms. */
export const MAX_CALLBACK_TIMEOUT = 10_000;
export const callbackTimeout = wireInteger.pipe(z.int().min(1).max(MAX_CALLBACK_TIMEOUT));

/** Accepts an integer, as a number or as text. */
export const integer = (min: number, max: number) => wireInteger.pipe(z.int().min(min).max(max));
