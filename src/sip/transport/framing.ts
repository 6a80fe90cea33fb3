/** Splits a stream into messages by `Content-Length` (RFC 3261 18.3) and keep-alives (RFC 5626 3.5.1). */
import { MAX_HEADER_LENGTH, MAX_MESSAGE } from '../parse';

export interface FramingListener {
  /** Called with each complete message. */
  message(data: Buffer): void;
  /** Called for a double CRLF, which must be answered with CRLF. At most once per chunk. */
  ping(): void;
  /** The start of the next message is unknown, so the connection must be closed. This is the last callback. */
  broken(reason: string): void;
}

const NOTHING = Buffer.alloc(0);
const CR = 0x0d;
const LF = 0x0a;
const CONTENT_LENGTH = /\r\n(?:content-length|l)[ \t]*:[ \t]*(?:\r\n[ \t]+)*([^\r\n]*)/gi;

export class Framing {
  readonly #listener: FramingListener;
  /** Received part of an incomplete message. */
  #buffer: Buffer = NOTHING;
  #length = 0;
  /** Number of bytes already searched for the end of the headers. */
  #scanned = 0;
  /** Length of the message, once its headers are complete. */
  #needed: number | undefined;
  #lineEnds = 0;
  #broken = false;

  constructor(listener: FramingListener) {
    this.#listener = listener;
  }

  /** Number of buffered bytes of an incomplete message. */
  get buffered(): number {
    return this.#length;
  }

  /** Processes the next chunk. */
  push(chunk: Buffer): void {
    if (this.#broken) return;
    let rest = chunk;
    if (this.#length > 0) {
      this.#append(chunk);
      rest = this.#buffer.subarray(0, this.#length);
    }
    const end = this.#cut(rest);
    if (this.#broken || end === rest.length) this.#keep(NOTHING);
    else if (rest === chunk || end > 0) this.#keep(rest.subarray(end));
  }

  /** @returns the number of processed bytes */
  #cut(data: Buffer): number {
    let start = 0;
    let pinged = false;
    while (start < data.length && !this.#broken) {
      if (this.#needed === undefined) {
        const first = data[start];
        if (this.#scanned === 0 && (first === CR || first === LF)) {
          start++;
          if (first === LF && ++this.#lineEnds % 2 === 0 && !pinged) {
            pinged = true;
            this.#listener.ping();
          }
          continue;
        }
        this.#lineEnds = 0;
        if (!this.#readHead(data, start)) return start;
      }
      const end = start + (this.#needed ?? 0);
      if (end > data.length) return start;
      this.#needed = undefined;
      this.#scanned = 0;
      this.#listener.message(data.subarray(start, end));
      start = end;
    }
    return start;
  }

  /** @returns whether the headers are complete, so that the length is known */
  #readHead(data: Buffer, start: number): boolean {
    const blank = data.indexOf('\r\n\r\n', start + Math.max(0, this.#scanned - 3));
    const available = data.length - start;
    const headLength = blank < 0 ? available : blank - start;
    const fault =
      this.#scanned <= MAX_HEADER_LENGTH
        ? startLineFault(data.toString('latin1', start, start + Math.min(headLength, MAX_HEADER_LENGTH + 1)))
        : undefined;
    if (fault !== undefined) return this.#break(fault);
    if (headLength > MAX_MESSAGE) return this.#break('message too large');
    if (blank < 0) {
      this.#scanned = available;
      return false;
    }
    const body = bodyLength(data.toString('latin1', start, blank));
    this.#needed = headLength + 4 + (body ?? 0);
    if (body !== undefined && this.#needed <= MAX_MESSAGE) return true;
    // Pass on the headers, so that the request is answered. Then the stream cannot continue.
    this.#listener.message(data.subarray(start, blank + 4));
    return this.#break('no usable Content-Length');
  }

  #break(reason: string): false {
    this.#broken = true;
    this.#listener.broken(reason);
    return false;
  }

  #append(chunk: Buffer): void {
    const length = this.#length + chunk.length;
    if (length > this.#buffer.length) {
      // Double the size, so that a message in many small chunks is not copied for each of them.
      const larger = Buffer.allocUnsafe(Math.max(length, this.#buffer.length * 2));
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
    chunk.copy(this.#buffer, this.#length);
    this.#length = length;
  }

  #keep(rest: Buffer): void {
    this.#buffer = rest.length === 0 ? NOTHING : Buffer.from(rest);
    this.#length = rest.length;
  }
}

/** Detects early that the data cannot become a SIP message. */
function startLineFault(text: string): string | undefined {
  const first = text.charCodeAt(0);
  if (first <= 0x20 || first >= 0x7f) return 'no SIP';
  const lineEnd = text.indexOf('\r\n');
  if (lineEnd < 0) return text.length > MAX_HEADER_LENGTH ? 'start line too long' : undefined;
  return /(?:^|[ ])SIP\/\d/i.test(text.slice(0, lineEnd)) ? undefined : 'no SIP';
}

/** @returns undefined if `Content-Length` is missing, malformed or contradictory */
function bodyLength(head: string): number | undefined {
  let length: number | undefined;
  for (const [, value = ''] of head.matchAll(CONTENT_LENGTH)) {
    if (!/^\d{1,9}[ \t]*$/.test(value)) return undefined;
    const said = Number(value.trim());
    if ((length ?? said) !== said) return undefined;
    length = said;
  }
  return length;
}
