/** Fetches audio files over HTTP: with limits, and without reaching what only this host can. */
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
  /** Where files may come from; public addresses only, or any, as this host's own. */
  isAllowed: IsAllowed;
  /** From the request until the answer begins, of each redirect; ms. */
  answerMs: number;
  /** Of all; ms. */
  totalMs: number;
  maxBytes: number;
  maxRedirects: number;
  /** In place of the system's look-up of names. */
  lookup?: typeof lookup | undefined;
}

export const DEFAULT_FETCH_LIMITS: FetchLimits = {
  isAllowed: isPublicAddress,
  answerMs: 5_000,
  totalMs: 15_000,
  maxBytes: 20_000_000,
  maxRedirects: 3,
};

/** What tells one version of a file from the next (RFC 9110 8.8). */
export interface Validators {
  etag?: string | undefined;
  lastModified?: string | undefined;
}

export interface FetchedFile extends Validators {
  /** Its own memory, so that it can be handed to a thread; undefined: as it was (304). */
  bytes: Uint8Array<ArrayBuffer> | undefined;
}

/**
 * @param address `http(s)` URL; user and password in it are sent as Basic credentials
 * @param known what is there already, if it is unchanged
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
      // 203: changed by a proxy (RFC 9110 15.3.4).
      if (status !== 200 && status !== 203) throw refused(url, status);
      return { bytes: await read(response, url, fetch.limits), etag, lastModified };
    } finally {
      response.destroy();
    }
  }
  throw new SoundError('file-unreachable', `${shown(first)} leads to more than ${fetch.limits.maxRedirects} redirects`);
}

function ask(url: URL, { limits, known, signal }: Fetch): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? httpsRequest : url.protocol === 'http:' ? httpRequest : undefined;
  if (!request) throw new SoundError('file-unreachable', `${shown(url)} is neither http nor https`);
  refuseLiteral(url, limits.isAllowed);
  const options: RequestOptions = {
    agent: false, // a connection of its own: none that was made under other rules
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
    made.on('error', reject); // also those that come when nobody waits any more
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

/** Stores give out what was put into them encoded, whatever `Accept-Encoding` says. */
function decoded(response: IncomingMessage): Readable {
  const decoder = DECODERS.get(response.headers['content-encoding']?.trim().toLowerCase() ?? '')?.();
  // An error of either ends the reading of the decoder.
  return decoder ? pipeline(response, decoder, () => undefined) : response;
}

function refused(url: URL, status: number): SoundError {
  const code = status === 404 || status === 410 ? 'file-not-found' : 'file-unreachable';
  return new SoundError(code, `${shown(url)} was answered with ${status}`);
}

function soundErrorOf(error: unknown, address: string): SoundError {
  if (error instanceof SoundError) return error;
  return new SoundError('file-unreachable', `${shown(address)} cannot be fetched: ${messageOf(error)}`, {
    cause: error,
  });
}

/** For people: without credentials, and without the query, which may contain a signature. */
function shown(url: URL | string): string {
  return redactUrl(String(url)).replace(/[?#].*$/s, '');
}
