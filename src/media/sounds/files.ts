/** Loads audio files: fetches them, decodes them in a thread, and caches them while they are unchanged. */
import { join } from 'node:path';
import { createInternalErrors, type InternalErrors } from '../../support/internal-errors';
import type { Logger } from '../../support/logger';
import type { DecodeJob } from './decode-worker';
import { messageOf } from '../../support/errors';
import { redactUrl } from '../../support/logger';
import { SoundError } from './errors';
import { DEFAULT_FETCH_LIMITS, fetchFile, type FetchLimits, type Validators } from './fetch-file';
import { createSoundCache } from './sound-cache';
import { createThread } from './thread';

/** A file of the platform's own media, which is read without the network. */
export interface OwnFile {
  /** Changes with the content. */
  version: string;
  /** Size in bytes. */
  length: number;
  /** @throws (rejects) if the file no longer exists */
  read(): Promise<Uint8Array>;
}

/** @returns undefined if the URL is not one of the platform's media @throws if the file does not exist */
export type FindOwnMedia = (url: string) => OwnFile | undefined;

export interface FilesOptions extends Partial<FetchLimits> {
  log: Logger;
  internalErrors?: InternalErrors | undefined;
  /** Allows all addresses, including private ones and this host. Otherwise `isAllowed` decides. */
  allowPrivate?: boolean | undefined;
  ownMedia?: FindOwnMedia | undefined;
  /** Size of the cache of decoded files, which are revalidated (304) on each use. */
  fileCacheBytes?: number | undefined;
  /** Maximum time to decode a file; ms. */
  decodeMs?: number | undefined;
}

export interface Files {
  /**
   * @param signal aborts when the sound is no longer needed
   * @throws (rejects) SoundError
   */
  load(url: string, signal: AbortSignal): Promise<Int16Array>;
  close(): Promise<void>;
}

interface KnownFile extends Validators {
  samples: Int16Array;
}

const CACHE_BYTES = 32_000_000;
const DECODE_MS = 60_000;
/** Size of a recording of half an hour, the maximum length of a sound. Larger recordings are not read into memory. */
const MAX_OWN_BYTES = 30_000_000;

export function createFiles(options: FilesOptions): Files {
  const { log, internalErrors, ownMedia, fileCacheBytes, decodeMs, allowPrivate = false, ...overrides } = options;
  const limits = { ...DEFAULT_FETCH_LIMITS, ...(allowPrivate && { isAllowed: () => true }), ...overrides };
  const cache = createSoundCache<KnownFile>(fileCacheBytes ?? CACHE_BYTES);
  const decoder = createThread<DecodeJob>({
    module: join(__dirname, 'decode-worker'),
    timeoutMs: decodeMs ?? DECODE_MS,
    failure: 'file-not-audio',
    internalErrors: internalErrors ?? createInternalErrors(log),
    log,
  });
  const decode = (file: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<Int16Array> =>
    decoder.run({ file }, [file.buffer], signal);

  const loadOwn = async (own: OwnFile, signal: AbortSignal): Promise<Int16Array> => {
    const known = cache.get(own.version);
    if (known) return known.samples;
    if (own.length > MAX_OWN_BYTES) throw new SoundError('file-too-large', 'The recording is longer than 30 minutes');
    const samples = await decode(new Uint8Array(await own.read()), signal);
    cache.set(own.version, { samples });
    return samples;
  };
  const load = async (url: string, signal: AbortSignal): Promise<Int16Array> => {
    try {
      const own = ownMedia?.(url);
      if (own) return await loadOwn(own, signal);
    } catch (error) {
      throw ownError(error, url);
    }
    const known = cache.get(url);
    const { bytes, etag, lastModified } = await fetchFile(url, limits, { known, signal });
    if (!bytes && known) return known.samples;
    cache.delete(url);
    const samples = await decode(bytes ?? new Uint8Array(), signal);
    if (etag !== undefined || lastModified !== undefined) cache.set(url, { samples, etag, lastModified });
    return samples;
  };
  return {
    load,
    async close() {
      cache.clear();
      await decoder.close();
    },
  };
}

function ownError(error: unknown, url: string): SoundError {
  if (error instanceof SoundError) return error;
  return new SoundError('file-not-found', `${redactUrl(url)} cannot be read: ${messageOf(error)}`, { cause: error });
}
