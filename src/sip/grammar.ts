/**
 * The pieces that header values are made of (RFC 3261 25.1): tokens, quoted strings, parameters, comma lists.
 * Everything here is linear in the length of the text, and says `undefined` to what is wrong.
 */

/** Parameters of a URI or a header: names in lower case, values unquoted; undefined: there is a name only. */
export type Params = Map<string, string | undefined>;

const TOKEN = /^[-.!%*_+`'~A-Za-z0-9]+$/;
/** What a parameter may have for a value without quotes: a token, or a host, so with the colons and brackets of IPv6. */
const BARE_VALUE = /^[-.!%*_+`'~A-Za-z0-9:[\]]+$/;
/** As above, and what else does no harm: phones send slashes, at signs, nothing at all, … without quotes. */
const TOLERATED_VALUE = /^[^\s",;<>\\]*$/;

export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** Of a character code: space or tab. Line ends are gone by now: `parse` has unfolded the header. */
function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

export function skipSpaces(text: string, from: number): number {
  while (isSpace(text.charCodeAt(from))) from++;
  return from;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The index of the quote that closes the string opened at `from`; -1 where none does. */
export function closingQuote(text: string, from: number): number {
  for (let i = from + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === BACKSLASH) i++;
    else if (code === QUOTE) return i;
  }
  return -1;
}

/** What a quoted string says, without its quotes. */
export function unquoted(quotedString: string): string {
  const inside = quotedString.slice(1, -1);
  return inside.includes('\\') ? inside.replace(/\\([^])/g, '$1') : inside;
}

/** As a quoted string. */
export function quote(text: string): string {
  return `"${text.replace(/[\r\n]+/g, ' ').replace(/["\\]/g, '\\$&')}"`;
}

/**
 * `;name=value;name` from `from` to the end of the text. Empty and malformed parameters are passed over, so that a stray
 * `;` does not cost the others (RFC 3261 8.2.2).
 * @returns undefined where there is anything else; the first of two of one name counts
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
  /** In lower case; undefined: nothing readable stands there. */
  name?: string | undefined;
  /** Unquoted; undefined: there is no `=`. */
  value?: string | undefined;
  /** Index of the separator behind it, or the end of the text. */
  end: number;
}

/** One `name`, `name=value` or `name="value"`, up to the separator or the end. */
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
    // Something between the quote and the separator: whose value it is cannot be known.
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

/** `;name=value;name`, values in quotes where they must be. */
export function printParams(params: Iterable<readonly [string, string | undefined]>): string {
  let text = '';
  for (const [name, value] of params)
    text += value === undefined ? `;${name}` : `;${name}=${BARE_VALUE.test(value) ? value : quote(value)}`;
  return text;
}

/** The elements of a comma list (RFC 3261 7.3.1), trimmed; commas in quotes and in angle brackets separate nothing. Empty ones are left out. */
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
