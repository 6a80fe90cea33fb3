/** The media files of the account: uploads and recordings. Their bytes are on disk, everything else in memory. */
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
  /** Bytes. */
  readonly contentLength: number;
  /** Path of the file on disk. */
  readonly path: string;
}

/** A file that is being written. Its name is reserved, and it is listed once it is complete. */
export interface MediaDraft {
  open(): Promise<FileHandle>;
  /** @param contentLength in bytes */
  complete(contentLength: number): void;
  /** Deletes the file, complete or not. Idempotent. */
  discard(): Promise<void>;
}

export interface MediaStore {
  /** Lists files, oldest first. */
  list(): MediaFile[];
  /** @throws NotFoundError */
  get(name: string): MediaFile;
  /**
   * Stores a complete upload, and replaces an earlier one of that name.
   * @throws (rejects) ValidationError for an invalid or reserved name, MediaTooLargeError, QuotaError
   */
  upload(name: string, contentType: string, body: Readable): Promise<void>;
  /** @param name a unique name of letters, digits, `-` and `.` */
  draft(name: string, contentType: string): MediaDraft;
  /** @throws (rejects) NotFoundError */
  delete(name: string): Promise<void>;
  /**
   * Returns the file of a URL; undefined if the URL is not below the media of this platform.
   * @throws NotFoundError if there is no file of that name
   */
  ownMedia(url: string): OwnFile | undefined;
  /** Deletes uploads, and the temporary directory if there is one. */
  close(): Promise<void>;
}

export interface MediaLimits {
  /** Maximum size of one upload, bytes. */
  maxBytes: number;
  /** Maximum size of all uploads, bytes. */
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
  /** Created if it does not exist; undefined: a temporary directory that only this process can read. */
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

/** One path segment without control characters. */
const NAME = /^(?!\.{1,2}$)[^/\\\p{C}]{1,128}$/u;

/** @throws (rejects) the error of the file system if the directory is not writable */
export async function openMediaStore(options: MediaStoreOptions): Promise<MediaStore> {
  const { uris, limits = DEFAULT_MEDIA_LIMITS } = options;
  if (options.folder !== undefined) {
    await mkdir(options.folder, { recursive: true, mode: 0o700 });
    await access(options.folder, constants.W_OK | constants.X_OK);
  }
  let folder: Promise<string> | undefined;
  // Creates the temporary directory only with the first file. mkdtemp sets the mode 0700.
  const inFolder = async (file: string): Promise<string> => {
    folder ??=
      options.folder === undefined ? mkdtemp(path.join(os.tmpdir(), 'tandem-')) : Promise.resolve(options.folder);
    return path.join(await folder, file);
  };

  const entries = new Map<string, Entry>();
  let uploadedBytes = 0; // includes unfinished uploads
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
      throw new ValidationError(`mediaName: ${name} is the name of a recording; use another name`);
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
      // Keeps the connection open at the limit, for the response.
      const chunks: AsyncIterable<Buffer> = body.iterator({ destroyOnReturn: false });
      for await (const chunk of chunks) {
        bytes += chunk.length;
        uploadedBytes += chunk.length;
        if (bytes > limits.maxBytes)
          throw new MediaTooLargeError(`A media file must have at most ${limits.maxBytes} bytes`);
        if (uploadedBytes > limits.maxTotalBytes)
          throw new QuotaError(
            'media-limit-reached',
            `All media files together must have at most ${limits.maxTotalBytes} bytes`,
          );
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
        throw new ValidationError('mediaName: must have 1 to 128 characters, without slashes and control characters');
      mustBeFree(name);
      if (uploads >= limits.maxFiles)
        throw new QuotaError(
          'media-limit-reached',
          `The account has reached its limit of ${limits.maxFiles} media files: delete one first`,
        );
      uploads++;
      try {
        // Never uses the name of the client as a file name.
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
      // File names on disk are never reused, so the path identifies the version.
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

/** @param own the common prefix of all media URLs of the platform */
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
