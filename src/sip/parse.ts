/** Reads SIP messages (RFC 3261 7, 18.3, 25; RFC 4475). `check.ts` judges what was read. */
import { faultOf } from './check';
import { isToken, splitList } from './grammar';
import { parseScalar } from './header-values';
import { canonical, Headers, NO_BODY, type Fault, type SipMessage, type SipRequest } from './message';

/** Bytes of a whole message; what does not fit a datagram is no call. */
export const MAX_MESSAGE = 65_536;
/** Header values, each element of a list counted. */
export const MAX_HEADERS = 256;
/** Characters of one header, folded lines together, and of a start line. */
export const MAX_HEADER_LENGTH = 8_192;

export type Parsed =
  | { kind: 'message'; message: SipMessage }
  /** A request with a fault, to be answered with this status (unless it is an ACK); it has a `Via`, and what else could be read. */
  | { kind: 'malformed'; request: SipRequest; status: number; reason: string }
  /** No SIP, or too little of it, or a response with a fault. */
  | { kind: 'dropped'; reason: string };

/** Headers that are comma lists (RFC 3261 7.3.1 and the RFCs that define them). */
const LISTS = new Set([
  ...['accept', 'accept-encoding', 'accept-language', 'accept-contact', 'alert-info', 'allow', 'allow-events'],
  ...['call-info', 'contact', 'content-encoding', 'content-language', 'diversion', 'error-info', 'history-info'],
  ...['in-reply-to', 'p-asserted-identity', 'p-associated-uri', 'p-preferred-identity', 'path', 'proxy-require'],
  ...['reason', 'record-route', 'reject-contact', 'require', 'route', 'service-route', 'supported', 'unsupported'],
  ...['via', 'warning'],
]);

const CR = 0x0d;
const LF = 0x0a;
const LOOSE_LINE_END = /\r(?!\n)|(?<!\r)\n/;

/** Methods that are handled without their body, no matter what `Content-Length` says. */
const BODY_UNUSED: ReadonlySet<string> = new Set(['ACK', 'BYE', 'CANCEL', 'REGISTER']);
/** Headers in which a line end is not let pass: what they say decides where messages go. */
const NEEDED: ReadonlySet<string> = new Set([
  ...['call-id', 'contact', 'content-length', 'content-type', 'cseq', 'from', 'record-route', 'route', 'to', 'via'],
]);

/**
 * One message. Never throws, and takes time linear in the length. Responses and ACKs are read as far as they can be: one
 * that is dropped for a fault leaves a call ringing that was answered, or ends one that talks.
 * @param framing `datagram`: all of a UDP datagram or WebSocket message, where `Content-Length` may be missing or cut off
 * what follows (RFC 3261 18.3); `stream`: exactly one message cut out of a stream by its `Content-Length`
 */
export function parseMessage(received: Buffer, framing: 'datagram' | 'stream'): Parsed {
  const data = framing === 'datagram' ? withLineEnds(received) : received;
  let start = 0;
  while (data[start] === CR || data[start] === LF) start++;
  if (start === data.length) return { kind: 'dropped', reason: 'Empty' };

  const blank = data.indexOf('\r\n\r\n', start);
  const headEnd = Math.min(blank < 0 ? data.length : blank, start + MAX_MESSAGE);
  const head = data.toString('utf8', start, headEnd);
  const lineEnd = head.indexOf('\r\n');
  const startLine = readStartLine(lineEnd < 0 ? head : head.slice(0, lineEnd));
  if (typeof startLine === 'string') return { kind: 'dropped', reason: startLine };
  const { line } = startLine;

  const headers = new Headers();
  const headersFault = lineEnd < 0 ? undefined : readHeaders(head, lineEnd + 2, headers);
  const rest = blank < 0 ? NO_BODY : data.subarray(blank + 4);
  const bodyUnused = line.kind === 'response' || BODY_UNUSED.has(line.method);
  const body = readBody(rest, headers, framing, bodyUnused && framing === 'datagram');
  const message: SipMessage = { ...line, headers, body: 'status' in body ? rest : body };

  let fault: Fault | undefined;
  if (data.length - start > MAX_MESSAGE) fault = { status: 513, reason: 'Message Too Large' };
  else if (startLine.fault?.status === 505) fault = startLine.fault;
  else if (line.kind === 'request' && line.method !== 'ACK') {
    if (blank < 0) fault = bad('No Empty Line After Headers');
    fault ??= startLine.fault ?? headersFault;
  }
  fault ??= 'status' in body ? body : faultOf(message);
  if (!fault) return { kind: 'message', message };
  if (message.kind === 'response') return { kind: 'dropped', reason: fault.reason };
  if (!headers.has('via')) return { kind: 'dropped', reason: `${fault.reason}, and No Via` };
  return { kind: 'malformed', request: message, ...fault };
}

const LF_LF = Buffer.from('\n\n');
const CRLF_CRLF = Buffer.from('\r\n\r\n');

/** Headers of which every line ends with a line feed alone, as some devices write them, can be read in one way only. */
function withLineEnds(data: Buffer): Buffer {
  const first = data.indexOf(LF);
  if (first <= 0 || data[first - 1] === CR) return data;
  const blank = data.indexOf(LF_LF);
  const head = data.subarray(0, blank < 0 ? data.length : blank);
  if (head.includes(CR) || head.length > MAX_MESSAGE) return data;
  const lines = Buffer.from(head.toString('latin1').replaceAll('\n', '\r\n'), 'latin1');
  return blank < 0 ? lines : Buffer.concat([lines, CRLF_CRLF, data.subarray(blank + 2)]);
}

type StartLine =
  { kind: 'request'; method: string; uri: string } | { kind: 'response'; status: number; reason: string };

const VERSION = /^SIP\/\d+\.\d+$/i;
const STATUS_LINE = /^SIP\/2\.0 ([1-6]\d\d)(?: ([^]*))?$/i;

/** @returns a text: no SIP, for that reason */
function readStartLine(text: string): { line: StartLine; fault?: Fault | undefined } | string {
  if (text.length > MAX_HEADER_LENGTH) return 'Start Line Too Long';
  if (/^SIP\//i.test(text)) {
    const status = STATUS_LINE.exec(text);
    return status
      ? { line: { kind: 'response', status: Number(status[1]), reason: status[2] ?? '' } }
      : 'Malformed Status Line';
  }
  const trimmed = text.trimEnd();
  const first = trimmed.indexOf(' ');
  const last = trimmed.lastIndexOf(' ');
  const version = trimmed.slice(last + 1);
  const method = trimmed.slice(0, first);
  if (first < 0 || !VERSION.test(version) || !isToken(method)) return 'No SIP';
  // More blanks than there should be do no harm (RFC 4475 3.1.2.9, 3.1.2.10).
  const uri = trimmed.slice(first + 1, last).trim();
  let fault: Fault | undefined;
  if (uri === '' || first === last) fault = bad('Malformed Request Line');
  else if (version.toUpperCase() !== 'SIP/2.0') fault = { status: 505, reason: 'Version Not Supported' };
  return { line: { kind: 'request', method, uri }, fault };
}

/** All header lines from `from` on, into `headers`. The first fault is returned, the headers that can be read are kept. */
function readHeaders(head: string, from: number, headers: Headers): Fault | undefined {
  // Most messages have none, and are looked at once.
  const loose = LOOSE_LINE_END.test(head);
  let fault = loose && LOOSE_LINE_END.test(head.slice(0, from)) ? bad('Line End Without CR or LF') : undefined;
  let at = from;
  while (at < head.length) {
    let end = head.indexOf('\r\n', at);
    let folded = false;
    while (end >= 0 && isFold(head.charCodeAt(end + 2))) {
      folded = true;
      end = head.indexOf('\r\n', end + 2);
    }
    if (end < 0) end = head.length;
    if (headers.size >= MAX_HEADERS) return fault ?? bad('Too Many Headers');
    fault = readHeader(head, at, end, { folded, loose }, headers) ?? fault;
    at = end + 2;
  }
  return fault;
}

/** A line that is no header at all is passed over (RFC 3261 8.2.2). */
function readHeader(
  head: string,
  at: number,
  end: number,
  { folded, loose }: { folded: boolean; loose: boolean },
  headers: Headers,
): Fault | undefined {
  if (end - at > MAX_HEADER_LENGTH) return bad('Header Too Long');
  const colon = head.indexOf(':', at);
  if (colon < 0 || colon >= end) return undefined;
  const name = canonical(head.slice(at, colon).trimEnd());
  if (!isToken(name)) return undefined;
  const raw = head.slice(colon + 1, end);
  const fault = loose && NEEDED.has(name) && LOOSE_LINE_END.test(raw) ? bad('Line End Without CR or LF') : undefined;
  const value = (folded ? raw.replace(/\r\n[ \t]+/g, ' ') : raw).trim();
  if (!LISTS.has(name)) {
    headers.add(name, value);
    return fault;
  }
  const elements = splitList(value);
  // An empty `Accept` or `Supported` says something too: none.
  if (elements.length === 0) headers.add(name, value);
  for (const element of elements) {
    if (headers.size >= MAX_HEADERS) return bad('Too Many Headers');
    headers.add(name, element);
  }
  return fault;
}

/** @param tolerant the rest is the body where `Content-Length` cannot be right */
function readBody(rest: Buffer, headers: Headers, framing: 'datagram' | 'stream', tolerant: boolean): Buffer | Fault {
  const values = headers.all('content-length');
  const [value] = values;
  if (value === undefined) return framing === 'stream' ? bad('Missing Content-Length') : rest;
  const length = parseScalar(value);
  const fault = lengthFault(values, length, rest.length, framing);
  if (fault) return tolerant ? rest : fault;
  return rest.subarray(0, length);
}

function lengthFault(
  values: readonly string[],
  length: number | undefined,
  available: number,
  framing: 'datagram' | 'stream',
): Fault | undefined {
  if (length === undefined) return bad('Malformed Content-Length');
  if (values.some((value) => parseScalar(value) !== length)) return bad('More Than One content-length');
  if (length > MAX_MESSAGE) return { status: 513, reason: 'Message Too Large' };
  if (length > available) return bad('Content-Length Beyond The End');
  if (length < available && framing === 'stream') return bad('Content-Length Before The End');
  return undefined;
}

function isFold(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function bad(reason: string): Fault {
  return { status: 400, reason };
}
