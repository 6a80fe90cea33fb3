/** Parses SIP messages (RFC 3261 7, 18.3, 25; RFC 4475). `check.ts` validates the result. */
import { faultOf } from './check';
import { isToken, splitList } from './grammar';
import { parseScalar } from './header-values';
import { canonical, Headers, NO_BODY, type Fault, type SipMessage, type SipRequest } from './message';

/** Size of a message; bytes. Larger messages would not fit into a datagram. */
export const MAX_MESSAGE = 65_536;
/** Number of header values. Each element of a list counts. */
export const MAX_HEADERS = 256;
/** Length of a header, including its folded lines, and of a start line; characters. */
export const MAX_HEADER_LENGTH = 8_192;

export type Parsed =
  | { kind: 'message'; message: SipMessage }
  /** A defective request that has a `Via`. It must be answered with this status unless it is an ACK. */
  | { kind: 'malformed'; request: SipRequest; status: number; reason: string }
  /** Not SIP, incomplete, or a defective response. */
  | { kind: 'dropped'; reason: string };

/** Headers that are comma-separated lists (RFC 3261 7.3.1 and the RFCs that define them). */
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

/** Methods whose body is not used, so that `Content-Length` need not be valid. */
const BODY_UNUSED: ReadonlySet<string> = new Set(['ACK', 'BYE', 'CANCEL', 'REGISTER']);
/** Headers in which a bare CR or LF is rejected, because they determine the routing of messages. */
const NEEDED: ReadonlySet<string> = new Set([
  ...['call-id', 'contact', 'content-length', 'content-type', 'cseq', 'from', 'record-route', 'route', 'to', 'via'],
]);

/**
 * Parses one message. Never throws. Takes time linear in the length. Defects of responses and ACKs are tolerated where
 * possible: a dropped message would leave an answered call ringing, or end an established one.
 * @param framing `datagram`: a UDP datagram or WebSocket message, in which `Content-Length` may be missing or shorter
 * than the data (RFC 3261 18.3); `stream`: exactly one message that was cut out of a stream by its `Content-Length`
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

/**
 * Converts headers in which every line ends with LF only, as some devices send them. Mixed line ends are left
 * unchanged.
 */
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

/** @returns the reason as text if the line is not SIP */
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
  // Extra spaces are accepted (RFC 4475 3.1.2.9, 3.1.2.10).
  const uri = trimmed.slice(first + 1, last).trim();
  let fault: Fault | undefined;
  if (uri === '' || first === last) fault = bad('Malformed Request Line');
  else if (version.toUpperCase() !== 'SIP/2.0') fault = { status: 505, reason: 'Version Not Supported' };
  return { line: { kind: 'request', method, uri }, fault };
}

/** Reads all header lines from `from` into `headers`. Readable headers are kept even if others are defective. */
function readHeaders(head: string, from: number, headers: Headers): Fault | undefined {
  // Fast path: most messages contain no bare CR or LF.
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

/** Reads one header. A line that is not a header is skipped (RFC 3261 8.2.2). */
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
  // An empty `Accept` or `Supported` has a meaning: none.
  if (elements.length === 0) headers.add(name, value);
  for (const element of elements) {
    if (headers.size >= MAX_HEADERS) return bad('Too Many Headers');
    headers.add(name, element);
  }
  return fault;
}

/** @param tolerant if `Content-Length` is invalid, use all remaining data as the body */
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
