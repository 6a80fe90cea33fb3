/**
 * Elements of header values (RFC 3261 25.1): tokens, quoted strings, parameters, comma-separated lists. All functions
 * take time linear in the length of the text. Parsers return undefined for malformed text.
 */

/**
 * Parameters of a URI or a header: names in lower case, values unquoted. A parameter without `=` has the value
 * undefined.
 */
export type Params = Map<string, string | undefined>;

const TOKEN = /^[-.!%*_+`'~A-Za-z0-9]+$/;
/** Parameter values that need no quotes: tokens and hosts, including the colons and brackets of IPv6 addresses. */
const BARE_VALUE = /^[-.!%*_+`'~A-Za-z0-9:[\]]+$/;
/** Unquoted values that are accepted. Phones send slashes, at signs and empty values without quotes. */
const TOLERATED_VALUE = /^[^\s",;<>\\]*$/;

export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** Whether a character code is a space or a tab. Line ends do not occur: `parse` has unfolded the header. */
function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

export function skipSpaces(text: string, from: number): number {
  while (isSpace(text.charCodeAt(from))) from++;
  return from;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The index of the quote that closes the string opened at `from`; -1 if there is none. */
export function closingQuote(text: string, from: number): number {
  for (let i = from + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === BACKSLASH) i++;
    else if (code === QUOTE) return i;
  }
  return -1;
}

/** The content of a quoted string, unescaped. */
export function unquoted(quotedString: string): string {
  const inside = quotedString.slice(1, -1);
  return inside.includes('\\') ? inside.replace(/\\([^])/g, '$1') : inside;
}

/** Formats text as a quoted string. */
export function quote(text: string): string {
  return `"${text.replace(/[\r\n]+/g, ' ').replace(/["\\]/g, '\\$&')}"`;
}

/**
 * Parses `;name=value;name` from `from` to the end of the text. Empty and malformed parameters are skipped, so that a
 * stray `;` does not invalidate the others (RFC 3261 8.2.2). The first parameter of a name counts.
 * @returns undefined if the text contains anything else
 */
export function parseParams(text: string, from = 0): Params | undefined {
  const params: Params = new Map();
  let at = skipSpaces(text, from);
  while (at < text.length) {
    if (text[at] !== ';') return undefined;
    const { name, value, end } = readParam(text, at + 1, ';');
    if (name !== undefined && !params.has(name)) params.set(name, value);
    at = end;
  }
  return params;
}

export interface Param {
  /** Lower case; undefined if the parameter is malformed. */
  name?: string | undefined;
  /** Unquoted; undefined if there is no `=`. */
  value?: string | undefined;
  /** Index of the next separator, or the length of the text. */
  end: number;
}

/** Reads one `name`, `name=value` or `name="value"`, up to the separator or the end of the text. */
export function readParam(text: string, from: number, separator: ';' | ','): Param {
  let end = text.indexOf(separator, from);
  if (end < 0) end = text.length;
  const equals = text.indexOf('=', from);
  if (equals < 0 || equals >= end) return { name: nameOf(text.slice(from, end)), end };
  const name = nameOf(text.slice(from, equals));
  const start = skipSpaces(text, equals + 1);
  if (text.charCodeAt(start) === QUOTE) {
    const close = closingQuote(text, start);
    if (close < 0) return { end: text.length };
    end = text.indexOf(separator, close);
    if (end < 0) end = text.length;
    // Text between the closing quote and the separator: the value is ambiguous.
    if (skipSpaces(text, close + 1) < end) return { end };
    return { name, value: unquoted(text.slice(start, close + 1)), end };
  }
  const value = text.slice(start, end).trim();
  return TOLERATED_VALUE.test(value) ? { name, value, end } : { end };
}

function nameOf(text: string): string | undefined {
  const name = text.trim();
  return isToken(name) ? name.toLowerCase() : undefined;
}

/** Prints `;name=value;name`. Values are quoted only if necessary. */
export function printParams(params: Iterable<readonly [string, string | undefined]>): string {
  let text = '';
  for (const [name, value] of params)
    text += value === undefined ? `;${name}` : `;${name}=${BARE_VALUE.test(value) ? value : quote(value)}`;
  return text;
}

/**
 * The trimmed elements of a comma-separated list (RFC 3261 7.3.1), without empty ones. Commas in quotes and in angle
 * brackets do not separate elements.
 */
export function splitList(value: string): string[] {
  if (!value.includes(',')) return value === '' ? [] : [value];
  const elements: string[] = [];
  const take = (from: number, to: number): void => {
    const element = value.slice(from, to).trim();
    if (element !== '') elements.push(element);
  };
  let start = 0;
  let inUri = false;
  for (let i = 0; i < value.length; i++) {
    const char = value[i];
    if (char === '"' && !inUri) {
      const close = closingQuote(value, i);
      if (close < 0) break;
      i = close;
    } else if (char === '<') inUri = true;
    else if (char === '>') inUri = false;
    else if (char === ',' && !inUri) {
      take(start, i);
      start = i + 1;
    }
  }
  take(start, value.length);
  return elements;
}
