/**
 * Reads `.env`. Unlike `parseEnv` of Node it ignores nothing: a line that it cannot parse is a fault with its number.
 * No fault contains a value, which may be a secret.
 */
import { lstatSync, readFileSync } from 'node:fs';
import { messageOf } from '../support/errors';
import { decodeText } from './text-file';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface EnvFile {
  values: Environment;
  faults: readonly string[];
}

/** A missing file has no values and no faults. */
export function readEnvFile(path: string): EnvFile {
  try {
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return { values: {}, faults: [] };
    return parseEnvFile(readFileSync(path), path);
  } catch (error) {
    return { values: {}, faults: [`${path} ${readFault(error)}`] };
  }
}

function readFault(error: unknown): string {
  switch (typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined) {
    case 'EISDIR':
      return 'is a directory; remove it, or replace it with a text file of NAME=value lines';
    case 'ENOENT':
      return 'is a link to a file that does not exist; remove the link, or create the file';
    case 'EACCES':
    case 'EPERM':
      return `cannot be read (${messageOf(error)}); give this user permission to read it`;
    default:
      return `cannot be read (${messageOf(error)}); replace it with a text file, or remove it`;
  }
}

const NAME = /^[A-Za-z_]\w*$/;

/** @param name of the file, for the faults */
export function parseEnvFile(content: Uint8Array, name = '.env'): EnvFile {
  const decoded = decodeText(content);
  if ('fault' in decoded) return { values: {}, faults: [`${name} ${decoded.fault}`] };
  const lines = decoded.text.split(/\r\n|\n|\r/);
  const values = new Map<string, string>();
  const places = new Map<string, number>();
  const faults: string[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const number = at + 1;
    const entry = readEntry(lines, at);
    if (entry === undefined) continue;
    if ('fault' in entry) {
      faults.push(`${name} line ${number} ${entry.fault}`);
      continue;
    }
    at = entry.last;
    const first = places.get(entry.name);
    if (first !== undefined) {
      faults.push(`${name} line ${number} sets ${entry.name} again, after line ${first}; keep one of them`);
      continue;
    }
    places.set(entry.name, number);
    values.set(entry.name, entry.value);
  }
  return { values: Object.fromEntries(values), faults };
}

/** `last` is the line on which the entry ends: a quoted value may have several. */
type Entry = { name: string; value: string; last: number } | { fault: string };

function readEntry(lines: readonly string[], at: number): Entry | undefined {
  const line = lines[at] ?? '';
  if (/^\s*(?:#|$)/.test(line)) return undefined;
  const equals = line.indexOf('=');
  if (equals < 0) return { fault: 'has no "="; write NAME=value, or put # before a comment' };
  const name = line
    .slice(0, equals)
    .replace(/^\s*export\s+/, '')
    .trim();
  if (!NAME.test(name))
    return { fault: 'has a name that is not letters, digits and underscores before the "="; write NAME=value' };
  const rest = line.slice(equals + 1).trimStart();
  const quote = /^["'`]/.exec(rest)?.[0];
  return quote === undefined
    ? plainValue(name, rest, at)
    : quotedValue(name, quote, [rest, ...lines.slice(at + 1)], at);
}

function plainValue(name: string, text: string, last: number): Entry {
  const comment = /(?:^|\s)#/.exec(text);
  const value = text.slice(0, comment?.index).trim();
  // Parsers of `.env` files disagree whether a comment begins here.
  if (value.includes('#') || /^#\S/.test(text))
    return { fault: `has a "#" in the value of ${name}; put the value in quotes, or a space on both sides of the "#"` };
  return { name, value, last };
}

function quotedValue(name: string, quote: string, lines: readonly string[], at: number): Entry {
  for (const [index, line] of lines.entries()) {
    const end = line.indexOf(quote, index === 0 ? 1 : 0);
    if (end < 0) continue;
    if (/^\s*(?:#.*)?$/.test(line.slice(end + 1))) {
      const text = [...lines.slice(0, index), line.slice(0, end)].join('\n').slice(1);
      return { name, value: quote === '"' ? text.replaceAll('\\n', '\n') : text, last: at + index };
    }
    if (index === 0)
      return { fault: `has text after the closing ${quote} of ${name}; use another kind of quote around it` };
    break;
  }
  return { fault: `has no closing ${quote} for the value of ${name}; add it, or remove the opening one` };
}
