/** zod at the boundary: bodies, queries and the fields that many of them share. */
import { z } from 'zod';
import { wireInteger } from '../../v1-wire/commands';
import { isE164 } from '../../addresses/e164';
import { normaliseSipUri } from '../../addresses/sip-uri';
import { CallbackUrlInvalidError, ValidationError } from '../errors';

/** A refinement that carries this answers `callback-url-invalid` in place of `validation-error`. */
const CALLBACK_URL = { callbackUrl: true };

/** @throws ValidationError, CallbackUrlInvalidError naming the fields at fault */
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

/** Of a query, in which an empty parameter means: not given. */
export function parseQuery<Schema extends z.ZodType>(schema: Schema, query: object): z.output<Schema> {
  return parse(schema, Object.fromEntries(Object.entries(query).filter(([, value]) => value !== '')));
}

/** `null` means: not given, also within an object. An empty array is an empty object of PHP. */
function withoutNulls(input: unknown): unknown {
  if (Array.isArray(input) && input.length === 0) return {};
  if (!isObject(input)) return input;
  const given = Object.entries(input).filter(([, value]) => value !== null);
  return Object.fromEntries(given.map(([name, value]) => [name, isObject(value) ? withoutNulls(value) : value]));
}

type Path = readonly PropertyKey[];

/** Where an empty value is not even one of the right kind: a text that is too short is one. */
const pathsOf = (error: z.ZodError): Path[] =>
  error.issues.filter(({ code }) => code !== 'too_small').map(({ path }) => path);

/**
 * An empty text (or array, of PHP) means: not given, where it cannot stand for itself.
 * @param faulty where something was that cannot stand there
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

/** Careless clients send texts of digits as numbers. */
export const textOf = <Schema extends z.ZodType>(schema: Schema) => z.preprocess(asText, schema);

export const text = (max: number, min = 0) => textOf(z.string().min(min).max(max));

/** An empty one is none. */
export const optionalText = (max: number) =>
  text(max)
    .transform((value) => value || undefined)
    .optional();

/** One of these words, in any case. */
export const word = <Word extends string>(...words: [Word, ...Word[]]) =>
  z
    .string()
    .transform((value) => value.toLowerCase())
    .pipe(z.enum(words));

/** A number or SIP URI in a query: a `+` that was not escaped arrives as a space. */
export const queriedParty = text(512).transform((value) => value.replace(/^ (?=\d)/, '+'));

export const tag = text(1024);

export const e164 = z
  .string()
  .refine(isE164, 'Invalid input: expected an E.164 number, + and 7 to 15 digits (in a query, + is written %2B)');

/** A number or a SIP URI, as written. */
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

/** An empty one is none. */
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

/** ms */
export const MAX_CALLBACK_TIMEOUT = 10_000;
export const callbackTimeout = wireInteger.pipe(z.int().min(1).max(MAX_CALLBACK_TIMEOUT));

/** Of a whole number, as text or not. */
export const integer = (min: number, max: number) => wireInteger.pipe(z.int().min(min).max(max));
