/** The account's media files: what was uploaded, and what was recorded. Only their bytes are on the disk. */
import { createWriteStream } from 'node:fs';
import { access, constants, mkdir, mkdtemp, open, readFile, rm, type FileHandle } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { randomText } from '../../support/ids';
import type { OwnFile } from '../../media/create-sounds';
import { MediaTooLargeError, NotFoundError, QuotaError, ValidationError } from '../errors';
import type { Uris } from '../uris';

export interface MediaFile {
  readonly name: string;
  readonly contentType: string;
  /** In bytes. */
  readonly contentLength: number;
  /** On the disk. */
  readonly path: string;
}

/** A file that is being written: it has its name, and is listed when it is complete. */
export interface MediaDraft {
  open(): Promise<FileHandle>;
  /** @param contentLength in bytes */
  complete(contentLength: number): void;
  /** Deletes it, complete or not; harmless when it is gone. */
  discard(): Promise<void>;
}

export interface MediaStore {
  /** In the order in which they came. */
  list(): MediaFile[];
  /** @throws NotFoundError */
  get(name: string): MediaFile;
  /**
   * Takes a file, in place of an earlier upload of that name; kept when it has come as a whole.
   * @throws (rejects) ValidationError: a name that cannot be had; MediaTooLargeError, QuotaError
   */
  upload(name: string, contentType: string, body: Readable): Promise<void>;
  /** @param name that nobody else has: of letters, digits, `-` and `.` */
  draft(name: string, contentType: string): MediaDraft;
  /** @throws (rejects) NotFoundError */
  delete(name: string): Promise<void>;
  /**
   * The file that a URL names; undefined where it is not one of this platform's media.
   * @throws NotFoundError where there is none of that name
   */
  ownMedia(url: string): OwnFile | undefined;
  /** Deletes what nobody can reach any more: uploads, and the folder where it was not given. */
  close(): Promise<void>;
}

export interface MediaLimits {
  /** Of one upload. */
  maxBytes: number;
  /** Of all uploads. */
  maxTotalBytes: number;
  maxFiles: number;
}

const DEFAULT_MEDIA_LIMITS: MediaLimits = {
  maxBytes: 20 * 1024 * 1024,
  maxTotalBytes: 256 * 1024 * 1024,
  maxFiles: 1_000,
};

export interface MediaStoreOptions {
  uris: Uris;
  /** Made where it is not there; undefined: a new one below the system's, only for this process. */
  folder?: string | undefined;
  limits?: MediaLimits | undefined;
}

interface Entry {
  readonly name: string;
  readonly contentType: string;
  contentLength: number;
  path: string;
  readonly kind: 'upload' | 'recording';
  complete: boolean;
}

/** One segment of a path, without anything that cannot be seen. */
const NAME = /^(?!\.{1,2}$)[^/\\\p{C}]{1,128}$/u;

/** @throws (rejects) the error of the file system, where the folder cannot be written to */
export async function openMediaStore(options: MediaStoreOptions): Promise<MediaStore> {
  const { uris, limits = DEFAULT_MEDIA_LIMITS } = options;
  if (options.folder !== undefined) {
    await mkdir(options.folder, { recursive: true, mode: 0o700 });
    await access(options.folder, constants.W_OK | constants.X_OK);
  }
  let folder: Promise<string> | undefined;
  // Nothing is on the disk before there is something to keep; mkdtemp makes it 0700.
  const inFolder = async (file: string): Promise<string> => {
    folder ??=
      options.folder === undefined ? mkdtemp(path.join(os.tmpdir(), 'tandem-')) : Promise.resolve(options.folder);
    return path.join(await folder, file);
  };

  const entries = new Map<string, Entry>();
  let uploadedBytes = 0; // with those that are still coming
  let uploads = 0;

  const remove = async (entry: Entry): Promise<void> => {
    if (entries.get(entry.name) === entry) entries.delete(entry.name);
    if (entry.kind === 'upload') {
      uploads--;
      uploadedBytes -= entry.contentLength;
    }
    if (entry.path !== '') await rm(entry.path, { force: true });
  };

  const mustBeFree = (name: string): void => {
    if (entries.get(name)?.kind === 'recording')
      throw new ValidationError(`mediaName: ${name} is the name of a recording`);
  };

  const get = (name: string): Entry => {
    const entry = entries.get(name);
    if (!entry?.complete) throw new NotFoundError('media', name);
    return entry;
  };

  /** @returns the bytes written */
  const receive = async (body: Readable, file: string): Promise<number> => {
    let bytes = 0;
    const limited = async function* (): AsyncGenerator<Buffer> {
      // Not destroyed at the limit: the answer goes the same way.
      const chunks: AsyncIterable<Buffer> = body.iterator({ destroyOnReturn: false });
      for await (const chunk of chunks) {
        bytes += chunk.length;
        uploadedBytes += chunk.length;
        if (bytes > limits.maxBytes) throw new MediaTooLargeError(`A media file has at most ${limits.maxBytes} bytes`);
        if (uploadedBytes > limits.maxTotalBytes)
          throw new QuotaError('media-limit-reached', `All media files have at most ${limits.maxTotalBytes} bytes`);
        yield chunk;
      }
    };
    try {
      await pipeline(limited, createWriteStream(file, { flags: 'wx', mode: 0o600 }));
    } catch (error) {
      uploadedBytes -= bytes;
      await rm(file, { force: true });
      throw error;
    }
    return bytes;
  };

  return {
    list: () => [...entries.values()].filter(({ complete }) => complete),
    get,
    async upload(name, contentType, body) {
      if (!NAME.test(name))
        throw new ValidationError('mediaName: expected 1 to 128 characters, without slashes and control characters');
      mustBeFree(name);
      if (uploads >= limits.maxFiles)
        throw new QuotaError('media-limit-reached', `An account has at most ${limits.maxFiles} media files`);
      uploads++;
      try {
        // Its own name is never one on the disk.
        const file = await inFolder(`upload-${randomText(23)}`);
        const contentLength = await receive(body, file);
        const before = entries.get(name);
        entries.set(name, { name, contentType, contentLength, path: file, kind: 'upload', complete: true });
        if (before) await remove(before);
      } catch (error) {
        uploads--;
        throw error;
      }
    },
    draft(name, contentType) {
      const entry: Entry = { name, contentType, contentLength: 0, path: '', kind: 'recording', complete: false };
      entries.set(name, entry);
      return {
        async open() {
          const file = await inFolder(name);
          const handle = await open(file, 'wx', 0o600);
          entry.path = file;
          return handle;
        },
        complete(contentLength) {
          entry.contentLength = contentLength;
          entry.complete = true;
        },
        discard: () => remove(entry),
      };
    },
    async delete(name) {
      await remove(get(name));
    },
    ownMedia(url) {
      const name = ownName(url, uris.absolute('media/'));
      if (name === undefined) return undefined;
      // The name on the disk is never used twice.
      const { path: version, contentLength: length } = get(name);
      return { version, length, read: () => readFile(version) };
    },
    async close() {
      if (folder === undefined) return;
      const temporary = options.folder === undefined;
      const uploaded = [...entries.values()].filter(({ kind }) => kind === 'upload');
      entries.clear();
      if (temporary) await rm(await folder, { recursive: true, force: true });
      else await Promise.all(uploaded.map((entry) => rm(entry.path, { force: true })));
    },
  };
}

/** @param own the URL that all of the platform's media begin with */
function ownName(url: string, own: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const [asked, ours] = [new URL(url), new URL(own)];
  const sameHost = asked.hostname === ours.hostname || (isLoopback(asked.hostname) && isLoopback(ours.hostname));
  if (!sameHost || asked.port !== ours.port || asked.protocol !== ours.protocol) return undefined;
  if (!asked.pathname.startsWith(ours.pathname)) return undefined;
  try {
    return decodeURIComponent(asked.pathname.slice(ours.pathname.length));
  } catch {
    return undefined;
  }
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
