/** Parses `LINES` and `LINES_FILE`: entries `number=endpoint` or `number=endpoint=password`. Pure. */
import type { Line } from '../dial-plan/dial-plan';
import { isE164 } from '../addresses/e164';
import { normaliseSipUri } from '../addresses/sip-uri';

export interface ParsedLines {
  lines: Line[];
  /** By endpoint; only of entries that have a password. */
  passwords: Map<string, string>;
  /** Each fault names the setting and the entry. None contains a password. */
  faults: string[];
}

interface Entry {
  /** `LINES entry 2`, `LINES_FILE line 7` */
  place: string;
  text: string;
}

type Parsed = { line: Line; password: string | undefined } | { fault: string };

const FORM = 'number=sip:user@domain or number=sip:user@domain=password';

/** `LINES`: entries separated by commas. */
export function parseLines(text: string): ParsedLines {
  const entries = text.split(',').map((part, index) => ({ place: `LINES entry ${index + 1}`, text: part.trim() }));
  return collect(
    entries.filter((entry) => entry.text !== ''),
    `LINES is empty; write ${FORM}, separated by commas`,
  );
}

/** The content of `LINES_FILE`: one entry per line. Blank lines and lines that begin with `#` are skipped. */
export function parseLinesFile(content: string): ParsedLines {
  const entries = content
    .split(/\r\n|\r|\n/)
    .map((line, index) => ({ place: `LINES_FILE line ${index + 1}`, text: line.trim() }));
  return collect(
    entries.filter(({ text }) => text !== '' && !text.startsWith('#')),
    `LINES_FILE has no entries; write ${FORM}, one per line`,
  );
}

function collect(entries: readonly Entry[], empty: string): ParsedLines {
  const result: ParsedLines = { lines: [], passwords: new Map(), faults: [] };
  if (entries.length === 0) result.faults.push(empty);
  for (const { place, text } of entries) {
    const parsed = parseEntry(text);
    const fault = 'fault' in parsed ? parsed.fault : conflictWith(result, parsed);
    if (fault !== undefined) result.faults.push(`${place} ${fault}`);
    else if ('line' in parsed) add(result, parsed);
  }
  return result;
}

function add({ lines, passwords }: ParsedLines, { line, password }: Exclude<Parsed, { fault: string }>): void {
  lines.push(line);
  if (password !== undefined) passwords.set(line.endpoint, password);
}

function conflictWith(known: ParsedLines, { line, password }: Exclude<Parsed, { fault: string }>): string | undefined {
  if (known.lines.some(({ number }) => number === line.number))
    return `has the number ${line.number} again; a number rings one endpoint`;
  const other = known.passwords.get(line.endpoint);
  if (password !== undefined && other !== undefined && other !== password)
    return `gives ${line.endpoint} a second password; an endpoint has one`;
  return undefined;
}

/** The first `=` ends the number. The first `=` after the `@` ends the endpoint, as a user may contain `=`. */
function parseEntry(text: string): Parsed {
  const at = text.indexOf('=');
  if (at < 0) return { fault: `${shown(text)} has no "="; write ${FORM}` };
  const number = text.slice(0, at).trim();
  const rest = text.slice(at + 1);
  const host = rest.indexOf('@');
  const end = host < 0 ? -1 : rest.indexOf('=', host);
  const address = (end < 0 ? rest : rest.slice(0, end)).trim();
  const password = end < 0 ? undefined : rest.slice(end + 1).trim();

  if (!isE164(number))
    return { fault: `has the number ${shown(number)}, which is not E.164; write it as +15551234567` };
  const fault = addressFault(address);
  if (fault !== undefined) return { fault: `(${number}) ${fault}` };
  const endpoint = normaliseSipUri(address);
  if (endpoint === undefined)
    return { fault: `(${number}) has the endpoint ${shown(address)}, which is not a SIP URI; write sip:user@domain` };
  const wrong = password === undefined ? undefined : sipPasswordFault(password);
  if (wrong !== undefined) return { fault: `(${number}) has a password for ${endpoint} that ${wrong}` };
  return { line: { number, endpoint }, password };
}

/** Refuses parts of a SIP URI that endpoints do not have. Otherwise Tandem would ignore them silently. */
function addressFault(address: string): string | undefined {
  const what = `has the endpoint ${shown(address)}`;
  const write = 'write sip:user@domain';
  if (/[<>"]/.test(address)) return `${what} with a display name or brackets; ${write}`;
  if (/^sips:/i.test(address)) return `${what}; sips: is not supported, phones choose TLS themselves; ${write}`;
  const [user = '', host = ''] = address.replace(/^sip:/i, '').split('@', 2);
  if (/[;?]/.test(host) || user.includes(';'))
    return `${what} with ";" or "?"; separate entries by commas, without URI parameters; ${write}`;
  if (user.includes(':')) return `has a password before the "@"; write ${FORM}`;
  if (/:\d*$/.test(host)) return `${what} with a port; phones find the server by SIP_PORT; ${write}`;
  return undefined;
}

/**
 * Characters that every phone encodes alike in digest authentication, and that need no quotes in `.env` and `LINES`.
 * The v1 API requires at least 6 characters.
 */
const SIP_PASSWORD = /^[A-Za-z0-9!$%&()*+./:<=>?@[\]^_{|}~-]{6,128}$/;
export const SIP_PASSWORD_RULE =
  'must have 6 to 128 characters: letters A-Z a-z, digits and ! $ % & ( ) * + - . / : < = > ? @ [ ] ^ _ { | } ~ (no spaces, commas, semicolons, quotes, # or \\)';

/** Returns the reason why a password is invalid, without the password; undefined if it is valid. */
export function sipPasswordFault(password: string): string | undefined {
  return SIP_PASSWORD.test(password) ? undefined : SIP_PASSWORD_RULE;
}

/** Quotes only what is clearly a number or an address. Other text may be part of a password. */
export function shown(text: string): string {
  const scheme = /^sips?:/i.exec(text)?.[0] ?? '';
  const rest = text.slice(scheme.length);
  const isAddress = !rest.includes('=') && (scheme !== '' || /^[^@]+@[^@]+$/.test(rest));
  const isNumber = /^(?:tel:)?[+\d][\d ().-]*$/i.test(text);
  if (!isAddress && !isNumber) return '(not shown)';
  return `"${scheme}${rest.replace(/^([^:@]*):[^@]*@/, '$1:***@')}"`;
}
