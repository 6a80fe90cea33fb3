/** Audio files as sounds: fetched, decoded off the main thread, and not fetched again while they are unchanged. */
import { join } from 'node:path';
import type { Logger } from '../../../logger';
import type { DecodeJob } from './decode-worker';
import { messageOf } from '../../../errors';
import { redactUrl } from '../../../logger';
import { SoundError } from './errors';
import { DEFAULT_FETCH_LIMITS, fetchFile, type FetchLimits, type Validators } from './fetch-file';
import { createSoundCache } from './sound-cache';
import { createThread } from './thread';

/** The platform's own media, which is not fetched over the network: its contents, or undefined where the URL is another's. */
export type ReadOwnMedia = (url: string) => Uint8Array | Promise<Uint8Array> | undefined;

export interface FilesOptions extends Partial<FetchLimits> {
  log: Logger;
  /** May files come from private addresses, this host's own among them? Otherwise `isAllowed` says. */
  allowPrivate?: boolean | undefined;
  readOwnMedia?: ReadOwnMedia | undefined;
  /** Of decoded files that are asked about (304) rather than fetched again. */
  fileCacheBytes?: number | undefined;
  /** How long a file may take to decode; ms. */
  decodeMs?: number | undefined;
}

export interface Files {
  /** @throws (rejects) SoundError */
  load(url: string): Promise<Int16Array>;
  close(): Promise<void>;
}

interface KnownFile extends Validators {
  samples: Int16Array;
}

const CACHE_BYTES = 32_000_000;
const DECODE_MS = 60_000;

export function createFiles(options: FilesOptions): Files {
  const { log, readOwnMedia, fileCacheBytes, decodeMs, allowPrivate = false, ...overrides } = options;
  const limits = { ...DEFAULT_FETCH_LIMITS, ...(allowPrivate && { isAllowed: () => true }), ...overrides };
  const cache = createSoundCache<KnownFile>(fileCacheBytes ?? CACHE_BYTES);
  const closing = new AbortController();
  const decoder = createThread<DecodeJob>({
    module: join(__dirname, 'decode-worker'),
    timeoutMs: decodeMs ?? DECODE_MS,
    failure: 'file-not-audio',
    log,
  });
  const decode = (file: Uint8Array<ArrayBuffer>): Promise<Int16Array> => decoder.run({ file }, [file.buffer]);

  const load = async (url: string): Promise<Int16Array> => {
    const own = readOwnMedia?.(url);
    if (own) return decode(new Uint8Array(await readingOf(own, url)));
    const known = cache.get(url);
    const { bytes, etag, lastModified } = await fetchFile(url, limits, { known, signal: closing.signal });
    if (!bytes && known) return known.samples;
    cache.delete(url);
    const samples = await decode(bytes ?? new Uint8Array());
    if (etag !== undefined || lastModified !== undefined) cache.set(url, { samples, etag, lastModified });
    return samples;
  };
  return {
    load,
    async close() {
      closing.abort();
      cache.clear();
      await decoder.close();
    },
  };
}

async function readingOf(own: Uint8Array | Promise<Uint8Array>, url: string): Promise<Uint8Array> {
  try {
    return await own;
  } catch (error) {
    if (error instanceof SoundError) throw error;
    throw new SoundError('file-not-found', `${redactUrl(url)} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}
