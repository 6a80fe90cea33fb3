/** Questions to headers that are lists of tokens, or one token with parameters. */
import { parseParamsValue } from './header-values';
import type { Headers } from './message';

/** Whether the list has the token, in any case: `hasToken(headers, 'supported', 'timer')`. */
export function hasToken(headers: Headers, name: string, token: string): boolean {
  const wanted = token.toLowerCase();
  return headers.all(name).some((value) => value.trim().toLowerCase() === wanted);
}

/** What a `Require` asks for that is not known; an empty header asks for nothing. */
export function unknownTags(headers: Headers, known: ReadonlySet<string>): string[] {
  return headers.all('require').filter((tag) => tag !== '' && !known.has(tag.toLowerCase()));
}

/** In lower case, without parameters; empty where there is none. */
export function mediaTypeOf(headers: Headers): string {
  return mediaType(headers.get('content-type') ?? '');
}

/** The type of a `Content-Type` or a range of an `Accept`, as above. There may be blanks around its slash (RFC 3261 25.1). */
export function mediaType(value: string): string {
  return (
    parseParamsValue(value)
      ?.value.toLowerCase()
      .replace(/[ \t]*\/[ \t]*/, '/') ?? ''
  );
}
