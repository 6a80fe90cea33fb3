/** Parses REGISTER requests (RFC 3261 10.2, 10.3; RFC 3327; RFC 5626 4.2). */
import { isWildcard, parseCSeq, parseNameAddr, parseParamsValue, parseScalar, type NameAddr } from '../header-values';
import type { Headers, SipRequest } from '../message';

/** Length of a contact's URI. */
const MAX_URI_LENGTH = 1_024;
const MAX_TEXT_LENGTH = 256;

export interface AskedContact {
  uri: string;
  /** Seconds. 0 removes the contact. */
  expires: number;
  q: number;
  instance?: string | undefined;
  regId?: number | undefined;
}

export interface RegisterRequest {
  callId: string;
  cseq: number;
  /** `all` removes every contact. An empty list only queries the contacts. */
  contacts: AskedContact[] | 'all';
  userAgent?: string | undefined;
  path: string[];
}

/** A response that rejects a REGISTER. */
export interface Refusal {
  status: number;
  reason?: string;
  headers?: [name: string, value: string][];
}

/** @param defaultExpires seconds, for contacts without an expiry */
export function readRegister({ headers }: SipRequest, defaultExpires: number): RegisterRequest | Refusal {
  const callId = headers.get('call-id');
  const cseq = parseCSeq(headers.get('cseq') ?? '');
  if (callId === undefined || callId.length > MAX_TEXT_LENGTH || !cseq) return { status: 400 };
  const contacts = readContacts(headers, defaultExpires);
  if (contacts === undefined) return { status: 400, reason: 'Malformed Contact' };
  return {
    callId: ownCopy(callId),
    cseq: cseq.number,
    contacts,
    userAgent: ownCopy(headers.get('user-agent')?.slice(0, MAX_TEXT_LENGTH)),
    path: headers.all('path').map(ownCopy),
  };
}

function readContacts(headers: Headers, defaultExpires: number): AskedContact[] | 'all' | undefined {
  const values = headers.all('contact');
  const header = headers.get('expires');
  const wildcard = values.find(isWildcard);
  if (wildcard !== undefined) {
    const expires = header ?? parseParamsValue(wildcard)?.params.get('expires') ?? '';
    return values.length === 1 && parseScalar(expires) === 0 ? 'all' : undefined;
  }
  const contacts: AskedContact[] = [];
  for (const value of values) {
    const contact = parseNameAddr(value);
    // Skip unreadable contacts.
    if (contact && contact.uri.length <= MAX_URI_LENGTH) contacts.push(askedContact(contact, header, defaultExpires));
  }
  return contacts.length === 0 && values.some((value) => value !== '') ? undefined : contacts;
}

function askedContact({ uri, params }: NameAddr, header: string | undefined, defaultExpires: number): AskedContact {
  const q = params.get('q');
  const instance = params.get('+sip.instance');
  // A malformed value counts as missing (RFC 3261 20.10, 20.19).
  const expires = parseScalar(params.get('expires') ?? '') ?? parseScalar(header ?? '') ?? defaultExpires;
  return {
    uri: ownCopy(uri),
    expires,
    q: q !== undefined && /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(q) ? Number(q) : 1,
    instance: instance !== undefined && instance.length <= MAX_TEXT_LENGTH ? ownCopy(instance) : undefined,
    regId: instance === undefined ? undefined : parseScalar(params.get('reg-id') ?? '', 2 ** 31 - 1),
  };
}

/** Copies the text. A slice would keep the whole message in memory as long as the contact. */
function ownCopy<Text extends string | undefined>(text: Text): Text | string {
  return text === undefined ? text : Buffer.from(text, 'utf8').toString('utf8');
}
