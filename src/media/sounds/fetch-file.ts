/** Fetches audio files over HTTP, with limits and from allowed addresses only. */
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { lookup } from 'node:dns';
import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { messageOf } from '../../support/errors';
import { redactUrl } from '../../support/logger';
import { guardedLookup, isPublicAddress, refuseLiteral, type IsAllowed } from './address';
import { SoundError } from './errors';

export interface FetchLimits {
  /** Whether files may be fetched from an address. Default: public addresses only. */
  isAllowed: IsAllowed;
  /** Time until response headers, per request; ms. */
  answerMs: number;
  /** Total time, including redirects; ms. */
  totalMs: number;
  maxBytes: number;
  maxRedirects: number;
  /** Replaces the DNS lookup of the system. */
  lookup?: typeof lookup | undefined;
}

export const DEFAULT_FETCH_LIMITS: FetchLimits = {
  isAllowed: isPublicAddress,
  answerMs: 5_000,
  totalMs: 15_000,
  maxBytes: 20_000_000,
  maxRedirects: 3,
};

/** Validators of a file version (RFC 9110 8.8). */
export interface Validators {
  etag?: string | undefined;
  lastModified?: string | undefined;
}

export interface FetchedFile extends Validators {
  /** Owns its memory, so that it can be transferred to a thread. Undefined if the file is unchanged (304). */
  bytes: Uint8Array<ArrayBuffer> | undefined;
}

/**
 * Fetches a file.
 * @param address `http(s)` URL. User and password are sent as Basic credentials.
 * @param known validators of the cached version
 * @throws (rejects) SoundError
 */
export async function fetchFile(
  address: string,
  limits: FetchLimits,
  { known, signal }: { known?: Validators | undefined; signal?: AbortSignal | undefined } = {},
): Promise<FetchedFile> {
  const end = new AbortController();
  const tooSlow = `${shown(address)} took more than ${limits.totalMs / 1000} s`;
  const late = setTimeout(() => end.abort(new SoundError('file-too-slow', tooSlow)), limits.totalMs);
  const giveUp = (): void => end.abort(signal?.reason);
  signal?.addEventListener('abort', giveUp);
  try {
    signal?.throwIfAborted();
    return await follow(new URL(address), { limits, known, signal: end.signal });
  } catch (error) {
    if (end.signal.reason instanceof SoundError) throw end.signal.reason;
    throw soundErrorOf(error, address);
  } finally {
    clearTimeout(late);
    signal?.removeEventListener('abort', giveUp);
  }
}

interface Fetch {
  limits: FetchLimits;
  known: Validators | undefined;
  signal: AbortSignal;
}

async function follow(first: URL, fetch: Fetch): Promise<FetchedFile> {
  let url = first;
  for (let redirects = 0; redirects <= fetch.limits.maxRedirects; redirects += 1) {
    const response = await ask(url, fetch);
    try {
      const status = response.statusCode ?? 0;
      const { location, etag, 'last-modified': lastModified } = response.headers;
      if ([301, 302, 303, 307, 308].includes(status) && location !== undefined) {
        url = new URL(location, url);
        continue;
      }
      if (status === 304 && fetch.known) return { ...fetch.known, bytes: undefined };
      // 203: transformed by a proxy (RFC 9110 15.3.4).
      if (status !== 200 && status !== 203) throw refused(url, status);
      return { bytes: await read(response, url, fetch.limits), etag, lastModified };
    } finally {
      response.destroy();
    }
  }
  throw new SoundError(
    'file-unreachable',
    `${shown(first)} was redirected more than ${fetch.limits.maxRedirects} times`,
  );
}

function ask(url: URL, { limits, known, signal }: Fetch): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? httpsRequest : url.protocol === 'http:' ? httpRequest : undefined;
  if (!request) throw new SoundError('file-unreachable', `${shown(url)} is not an http or https URL`);
  refuseLiteral(url, limits.isAllowed);
  const options: RequestOptions = {
    agent: false, // a new connection: a pooled one may have been checked by other rules
    signal,
    headers: {
      Accept: 'audio/*, */*;q=0.5',
      'Accept-Encoding': 'identity',
      'User-Agent': 'tandem',
      ...(known?.etag !== undefined && { 'If-None-Match': known.etag }),
      ...(known?.lastModified !== undefined && { 'If-Modified-Since': known.lastModified }),
    },
    lookup: guardedLookup(limits.isAllowed, limits.lookup),
  };
  return new Promise((resolve, reject) => {
    const made = request(url, options);
    const tooSlow = `${shown(url)} did not answer within ${limits.answerMs / 1000} s`;
    const late = setTimeout(() => made.destroy(new SoundError('file-too-slow', tooSlow)), limits.answerMs);
    made.once('close', () => clearTimeout(late));
    made.once('response', (response: IncomingMessage) => {
      clearTimeout(late);
      resolve(response);
    });
    made.on('error', reject); // also handles errors after the promise has settled
    made.end();
  });
}

async function read(response: IncomingMessage, url: URL, { maxBytes }: FetchLimits): Promise<Uint8Array<ArrayBuffer>> {
  const tooLarge = (): SoundError =>
    new SoundError('file-too-large', `${shown(url)} is larger than ${maxBytes / 1_000_000} MB`);
  if (Number(response.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of decoded(response) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

const DECODERS: ReadonlyMap<string, () => NodeJS.ReadWriteStream & Readable> = new Map([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
]);

/** Some file stores return compressed content despite `Accept-Encoding: identity`. */
function decoded(response: IncomingMessage): Readable {
  const decoder = DECODERS.get(response.headers['content-encoding']?.trim().toLowerCase() ?? '')?.();
  // An error of either stream ends the decoder.
  return decoder ? pipeline(response, decoder, () => undefined) : response;
}

function refused(url: URL, status: number): SoundError {
  const code = status === 404 || status === 410 ? 'file-not-found' : 'file-unreachable';
  return new SoundError(code, `${shown(url)} returned status ${status}`);
}

function soundErrorOf(error: unknown, address: string): SoundError {
  if (error instanceof SoundError) return error;
  return new SoundError('file-unreachable', `${shown(address)} cannot be fetched: ${messageOf(error)}`, {
    cause: error,
  });
}

/** The URL for messages: without credentials, and without the query, which may contain a signature. */
function shown(url: URL | string): string {
  return redactUrl(String(url)).replace(/[?#].*$/s, '');
}
