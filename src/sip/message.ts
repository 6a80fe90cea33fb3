/**
 * SIP messages (RFC 3261 7): requests, responses and their headers. See `parse.ts` and `print.ts` for the text form.
 */

/** Long form by compact form of header names (RFC 3261 7.3.3, 20; RFC 3515, 4028, 6665). */
const COMPACT = new Map<string, string>(
  Object.entries({
    c: 'content-type',
    e: 'content-encoding',
    f: 'from',
    i: 'call-id',
    k: 'supported',
    l: 'content-length',
    m: 'contact',
    o: 'event',
    r: 'refer-to',
    s: 'subject',
    t: 'to',
    u: 'allow-events',
    v: 'via',
    x: 'session-expires',
  }),
);

/** Names whose usual spelling does not just capitalise each word. */
const SPELLINGS: Readonly<Record<string, string>> = {
  'call-id': 'Call-ID',
  cseq: 'CSeq',
  'www-authenticate': 'WWW-Authenticate',
  'mime-version': 'MIME-Version',
  rack: 'RAck',
  rseq: 'RSeq',
  'min-se': 'Min-SE',
};

/**
 * The headers of a message in order. Names are case-insensitive and may be in compact form. List headers (RFC 3261
 * 7.3.1) have one value per element, however they were written: `all('via')` returns each `Via` separately.
 */
export class Headers {
  readonly #entries: { name: string; value: string }[] = [];

  /** @param entries names in any spelling; values as on the wire */
  constructor(entries: Iterable<readonly [name: string, value: string]> = []) {
    for (const [name, value] of entries) this.add(name, value);
  }

  /** The first value of this name. */
  get(name: string): string | undefined {
    const wanted = canonical(name);
    return this.#entries.find((entry) => entry.name === wanted)?.value;
  }

  /** All values of this name in order. */
  all(name: string): string[] {
    const wanted = canonical(name);
    return this.#entries.filter((entry) => entry.name === wanted).map(({ value }) => value);
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** Appends a header. */
  add(name: string, value: string): this {
    this.#entries.push({ name: canonical(name), value });
    return this;
  }

  /** Inserts a header before all others. */
  prepend(name: string, value: string): this {
    this.#entries.unshift({ name: canonical(name), value });
    return this;
  }

  /** Replaces all values of this name, at the position of the first one. Undefined removes them. */
  set(name: string, value: string | undefined): this {
    const wanted = canonical(name);
    const at = this.#entries.findIndex((entry) => entry.name === wanted);
    for (let i = this.#entries.length - 1; i >= 0; i--)
      if (this.#entries[i]?.name === wanted) this.#entries.splice(i, 1);
    if (value !== undefined) this.#entries.splice(at < 0 ? this.#entries.length : at, 0, { name: wanted, value });
    return this;
  }

  /** Removes and returns the first value of this name. */
  removeFirst(name: string): string | undefined {
    const wanted = canonical(name);
    const at = this.#entries.findIndex((entry) => entry.name === wanted);
    return at < 0 ? undefined : this.#entries.splice(at, 1)[0]?.value;
  }

  get size(): number {
    return this.#entries.length;
  }

  /** Iterates in order; names have their usual spelling. */
  *[Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    for (const { name, value } of this.#entries) yield [spelled(name), value];
  }

  /** All headers in order; names are in lower case and long form. */
  get entries(): readonly { readonly name: string; readonly value: string }[] {
    return this.#entries;
  }

  clone(): Headers {
    const copy = new Headers();
    copy.#entries.push(...this.#entries.map((entry) => ({ ...entry })));
    return copy;
  }
}

export interface SipRequest {
  readonly kind: 'request';
  /** Case-sensitive. */
  readonly method: string;
  /** The Request-URI as on the wire. */
  readonly uri: string;
  readonly headers: Headers;
  readonly body: Buffer;
}

export interface SipResponse {
  readonly kind: 'response';
  /** 100 to 699 */
  readonly status: number;
  readonly reason: string;
  readonly headers: Headers;
  readonly body: Buffer;
}

export type SipMessage = SipRequest | SipResponse;

export const NO_BODY = Buffer.alloc(0);

/** The form in which header names are stored and compared: lower case, long form. */
export function canonical(name: string): string {
  const lower = name.toLowerCase();
  return COMPACT.get(lower) ?? lower;
}

const spellings = new Map(Object.entries(SPELLINGS));

function spelled(name: string): string {
  let spelling = spellings.get(name);
  if (spelling === undefined) {
    spelling = name.replace(/(^|-)([a-z])/g, (_match, dash: string, letter: string) => dash + letter.toUpperCase());
    // Names come from the wire, so the cache is limited.
    if (spellings.size < 200) spellings.set(name, spelling);
  }
  return spelling;
}

/** A defect of a message: status and reason phrase of the response. */
export interface Fault {
  status: number;
  reason: string;
}
