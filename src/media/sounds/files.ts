/** Audio files as sounds: fetched, decoded off the main thread, and not fetched again while they are unchanged. */
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

/** A file of the platform's own media, which is not fetched over the network. */
export interface OwnFile {
  /** Another one where there are other bytes. */
  version: string;
  /** How many bytes it has. */
  length: number;
  /** @throws (rejects) where it is gone */
  read(): Promise<Uint8Array>;
}

/** undefined: the URL is another's. @throws where there is none of that name */
export type FindOwnMedia = (url: string) => OwnFile | undefined;

export interface FilesOptions extends Partial<FetchLimits> {
  log: Logger;
  internalErrors?: InternalErrors | undefined;
  /** May files come from private addresses, this host's own among them? Otherwise `isAllowed` says. */
  allowPrivate?: boolean | undefined;
  ownMedia?: FindOwnMedia | undefined;
  /** Of decoded files that are asked about (304) rather than fetched again. */
  fileCacheBytes?: number | undefined;
  /** How long a file may take to decode; ms. */
  decodeMs?: number | undefined;
}

export interface Files {
  /**
   * @param signal it is not wanted any more
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
/** A recording of half an hour, which is as much as is played: one of a day need not be read into memory. */
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
    if (own.length > MAX_OWN_BYTES) throw new SoundError('file-too-large', 'A recording of more than half an hour');
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
