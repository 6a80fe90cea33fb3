/**
 * Masks telephone numbers and SIP users in log lines: `+15551234533` becomes `+1555*****33`, `alice` becomes `***ce`.
 */
import pino from 'pino';

const NUMBER = /(\+|%2B)(\d{5,})/gi;
/** A dialled number without `+`. It must stand alone: it is not part of an id, a time or an address. */
const DIALLED = /(?<![\w.:/-])\d{7,15}(?![\w:/-]|\.\d)/g;
/** The part of an address before `@` (or `%40`, in a path): scheme, user, password. */
const USER =
  /(?<![A-Za-z0-9\-_.!~*'&=+$%;,])((?:sips?|tel)(?::|%3A))?([A-Za-z0-9\-_.!~*'&=+$%;,]{1,128}?)(:[^@\s/]{0,128})?(@|%40)(?=[A-Za-z0-9[])/gi;
const SCHEME = /^(?:sips?|tel)(?::|%3A)/i;
const DIGITS = /^(?:\+|%2B)?\d+$/i;

/** Fields whose value is one party in any form: a number without `+`, an extension, a bare SIP user. */
const PARTY_FIELDS = new Set(['from', 'to', 'user', 'number', 'endpoint', 'target', 'contact', 'sipUri']);
/** Fields that are never masked: a SIP Call-ID may look like an address, but is needed to find log lines. */
const ID_FIELDS = new Set(['callId', 'callIds', 'sessionId', 'requestId', 'recordingId', 'bridgeId', 'flow']);
const MAX_DEPTH = 4;

/** Masks every telephone number and every user of an address in a text. Idempotent. */
export function maskNumbers(text: string): string {
  if (!/[@+%]|\d{7}/.test(text)) return text;
  return text
    .replace(
      USER,
      (_, scheme: string | undefined, user: string, password: string | undefined, at: string) =>
        `${scheme ?? ''}${maskParty(user)}${password === undefined ? '' : ':***'}${at}`,
    )
    .replace(NUMBER, (_, plus: string, digits: string) => `${plus}${maskDigits(digits)}`)
    .replace(DIALLED, maskDigits);
}

/** Returns the line with every string masked. Errors are serialised as pino does. */
export function maskValue<T extends object>(line: T): T {
  return maskObject(line, 0) as T;
}

function maskObject(object: object, depth: number): unknown {
  if (object instanceof Error) return maskError(object, depth);
  if (Array.isArray(object)) return object.map((item: unknown) => maskAny('', item, depth));
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, maskAny(name, value, depth)]));
}

/** Returns a shape that pino's error serializer does not change. */
function maskError(error: Error, depth: number): unknown {
  const { type, ...rest } = pino.stdSerializers.err(error);
  const plain = Object.assign(Object.create(null) as object, maskObject(rest, depth + 1));
  return Object.defineProperty(plain, 'name', { value: type });
}

function maskAny(name: string, value: unknown, depth: number): unknown {
  if (ID_FIELDS.has(name)) return value;
  if (typeof value === 'object' && value !== null) return depth < MAX_DEPTH ? maskObject(value, depth + 1) : '…';
  if (typeof value !== 'string') return value;
  const masked = maskNumbers(value);
  return masked === value && PARTY_FIELDS.has(name) && !value.includes('*') ? maskParty(value) : masked;
}

function maskParty(text: string): string {
  const scheme = SCHEME.exec(text)?.[0] ?? '';
  const party = text.slice(scheme.length);
  const plus = /^(?:\+|%2B)/i.exec(party)?.[0] ?? '';
  if (DIGITS.test(party)) return `${scheme}${plus}${maskDigits(party.slice(plus.length))}`;
  return party.includes('*') ? text : `${scheme}${hide(party, 0)}`;
}

/** Hides at least five digits, or all but the last two. */
function maskDigits(digits: string): string {
  return hide(digits, Math.max(0, Math.min(4, digits.length - 7)));
}

function hide(text: string, head: number): string {
  const tail = text.length >= 5 ? 2 : 0;
  return `${text.slice(0, head)}${'*'.repeat(text.length - head - tail)}${text.slice(text.length - tail)}`;
}
