/** Queries for headers that are lists of tokens, or one token with parameters. */
import { parseParamsValue } from './header-values';
import type { Headers } from './message';

/** Whether a list contains a token, case-insensitively: `hasToken(headers, 'supported', 'timer')`. */
export function hasToken(headers: Headers, name: string, token: string): boolean {
  const wanted = token.toLowerCase();
  return headers.all(name).some((value) => value.trim().toLowerCase() === wanted);
}

/** The option tags in `Require` that are not in `known`. */
export function unknownTags(headers: Headers, known: ReadonlySet<string>): string[] {
  return headers.all('require').filter((tag) => tag !== '' && !known.has(tag.toLowerCase()));
}

/** The media type of the body in lower case, without parameters; empty if the header is missing. */
export function mediaTypeOf(headers: Headers): string {
  return mediaType(headers.get('content-type') ?? '');
}

/**
 * The media type or range in a `Content-Type` or `Accept` value. Spaces around the slash are allowed (RFC 3261 25.1).
 */
export function mediaType(value: string): string {
  return (
    parseParamsValue(value)
      ?.value.toLowerCase()
      .replace(/[ \t]*\/[ \t]*/, '/') ?? ''
  );
}
