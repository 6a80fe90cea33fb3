/** Types of setting values. An error message names the fault and the remedy, and never contains a secret. */
import { isSupportedCountry, type CountryCode } from 'libphonenumber-js/min';
import { z } from 'zod';

const LONGEST = 60;

/** Quotes a value for a message. Writes invisible characters as escapes. */
export function shown(value: unknown): string {
  const text = String(value);
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  const escape = (character: string) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  return JSON.stringify(cut).replace(/(?! )[\p{C}\p{Z}]/gu, escape);
}

/** Makes the error message of a value that does not match its description. */
const must =
  (be: string) =>
  ({ input }: { input?: unknown }): string =>
    `must be ${be} (got ${shown(input)})`;

export const integer = (min: number, max: number, standard: number) => {
  const error = must(`an integer between ${min} and ${max}`);
  return z
    .string()
    .regex(/^\d{1,9}$/, { error, abort: true })
    .refine((text) => Number(text) >= min && Number(text) <= max, { error })
    .transform(Number)
    .default(standard);
};

export const flag = z
  .enum(['on', 'off'], { error: must('on or off') })
  .transform((text) => text === 'on')
  .optional();

export const oneOf = <const Name extends string>(names: readonly Name[]) =>
  z.enum(names, { error: must(`one of ${names.join(', ')}`) });

export const country = z
  .string()
  .refine((text) => isSupportedCountry(text.toUpperCase()), { error: must('a two-letter country code like US or DE') })
  .transform((text) => text.toUpperCase() as CountryCode);

export const portRange = z.string().transform((text, ctx): { from: number; to: number } | undefined => {
  if (text === '0') return undefined;
  const [, from = 0, to = 0] = (/^(\d{1,5})-(\d{1,5})$/.exec(text) ?? []).map(Number);
  if (from < 1024 || to > 65_535 || to - from < 3)
    ctx.addIssue(
      must('a range of at least 4 ports between 1024 and 65535 like 10000-10999, or 0 for any port')({ input: text }),
    );
  return { from, to };
});

/**
 * An origin: scheme, host and port. Other URL parts are errors, as Tandem would ignore them.
 * @param credentials names of the settings for the user name and password
 */
export const origin = (credentials: string) =>
  z.string().transform((text, ctx): string => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (!url || !/^https?:$/.test(url.protocol)) {
      // The invalid text may still contain a password.
      const got = text.includes('@') ? '' : ` (got ${shown(text)})`;
      ctx.addIssue(`must be an http or https URL like https://example.com${got}`);
      return '';
    }
    if (url.username !== '' || url.password !== '')
      ctx.addIssue(`has a user name or a password; set ${credentials}, and give ${url.origin}`);
    const path = url.pathname.replace(/^\/+$/, '');
    const extra = [
      ...(path === '' ? [] : [`the path ${shown(path)}`]),
      ...(text.includes('?') ? ['a query'] : []),
      ...(text.includes('#') ? ['a fragment'] : []),
    ];
    if (extra.length > 0) ctx.addIssue(`has ${extra.join(' and ')}; give the origin alone: ${url.origin}`);
    return url.origin;
  });

/** A comma-separated list of origins in the form that browsers send. */
export const origins = z.string().transform((text, ctx): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .flatMap((part) => {
      const url = URL.canParse(part) ? new URL(part) : undefined;
      if (url && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`) return [url.origin];
      const got = part.includes('@') ? 'a URL with a user name' : shown(part);
      ctx.addIssue(`has ${got}; write each origin like https://app.example.com, without a path`);
      return [];
    }),
);

/** The URL contains a password, so no message repeats it. */
export const redisUrl = z.string().superRefine((text, ctx) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^rediss?:$/.test(url.protocol) || url.hostname === '')
    ctx.addIssue(
      'must be a redis:// or rediss:// URL like redis://:password@127.0.0.1:6379/0, with % : / @ of the password as %25 %3A %2F %40',
    );
  else if (text.includes('?') || text.includes('#'))
    ctx.addIssue(
      'has a "?" or "#", which Tandem would ignore; remove what follows it, or write them as %3F and %23 in the password',
    );
});

/** Refuses a user name, as Tandem would ignore it: a signature authenticates call records. */
export const recordsUrl = z.string().superRefine((text, ctx) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const got = text.includes('@') ? '' : ` (got ${shown(text)})`;
  if (!url || !/^https?:$/.test(url.protocol))
    ctx.addIssue(`must be an http or https URL like https://example.com/call-records${got}`);
  else if (url.username !== '' || url.password !== '')
    ctx.addIssue('has a user name or a password; remove them: records are signed with CALL_RECORDS_SECRET');
});
