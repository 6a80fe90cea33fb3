import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { openMediaStore, type MediaStore, type MediaStoreOptions } from '../../../src/platform/recordings/media-store';
import { createUris } from '../../../src/platform/uris';

const ORIGIN = 'http://127.0.0.1:3210';
const uris = createUris(() => ORIGIN, 'u-1');
const MEDIA = `${ORIGIN}/v1/users/u-1/media`;

let folder: string;
let store: MediaStore;
const opened = async (options: Partial<MediaStoreOptions> = {}): Promise<MediaStore> =>
  (store = await openMediaStore({ uris, folder, ...options }));
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'tandem-test-'));
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

const put = (name: string, ...chunks: string[]): Promise<void> =>
  store.upload(name, 'audio/wav', Readable.from(chunks.map((chunk) => Buffer.from(chunk))));
const text = async (name: string): Promise<string> => readFile(store.get(name).path, 'utf8');

it('stores an upload, and replaces it by a later one', async () => {
  await opened();
  await put('a.wav', 'one', 'two');
  await put('b ü.wav', 'x');
  expect(store.list()).toMatchObject([
    { name: 'a.wav', contentType: 'audio/wav', contentLength: 6 },
    { name: 'b ü.wav', contentLength: 1 },
  ]);
  await put('a.wav', 'three');
  expect(await text('a.wav')).toBe('three');
  expect(await readdir(folder)).toHaveLength(2);
  await store.delete('a.wav');
  await expect(store.delete('a.wav')).rejects.toMatchObject({ code: 'media-not-found' });
  expect(() => store.get('a.wav')).toThrow('The media a.wav was not found');
  expect(await readdir(folder)).toHaveLength(1);
});

it.each(['', '.', '..', '../x', 'a/b', 'a\\b', 'a\0', 'a\nb', '\u202efdp', 'x'.repeat(129)])(
  'refuses the name %j, and writes nothing',
  async (name) => {
    await opened();
    await expect(put(name, 'x')).rejects.toMatchObject({ code: 'validation-error' });
    expect(await readdir(folder)).toEqual([]);
  },
);

it.each(['...', '.bashrc', 'a..b', 'con', '-rf', '%2e%2e%2f', '*', 'passwd%00.wav'])(
  'takes the name %j, which is never one on the disk',
  async (name) => {
    await opened();
    await put(name, 'x');
    expect(await readdir(folder)).toEqual([expect.stringMatching(/^upload-[a-z2-7]{23}$/)]);
    expect(store.get(name).path).toBe(path.join(folder, (await readdir(folder))[0] ?? ''));
  },
);

describe('limits', () => {
  const limits = { maxBytes: 10, maxTotalBytes: 25, maxFiles: 4 };

  it('of a file: leaves nothing on disk, and keeps an earlier one', async () => {
    await opened({ limits });
    await put('a', '0123456789');
    const body = Readable.from([Buffer.from('012345'), Buffer.from('678910'), Buffer.from('more')]);
    await expect(store.upload('a', 'x/y', body)).rejects.toMatchObject({ code: 'media-too-large', status: 413 });
    expect(body.destroyed).toBe(false); // an answer can still be sent
    expect(await text('a')).toBe('0123456789');
    expect(await readdir(folder)).toHaveLength(1);
  });

  it('of the total size and of the number of files; deleting frees space', async () => {
    await opened({ limits });
    await put('a', '0123456789');
    await put('b', '0123456789');
    await expect(put('c', '0123456789')).rejects.toMatchObject({ code: 'media-limit-reached', status: 403 });
    await put('c', '01234');
    await store.delete('a');
    await put('d', '0123456789');
    await put('e', '');
    await expect(put('f', '')).rejects.toMatchObject({ code: 'media-limit-reached' });
    await store.delete('e');
    await put('f', '');
  });
});

it('an aborted upload leaves nothing on disk', async () => {
  await opened();
  const body = new Readable({ read: () => undefined });
  body.push('half');
  const upload = store.upload('a', 'x/y', body);
  setImmediate(() => body.destroy(new Error('aborted')));
  await expect(upload).rejects.toThrow('aborted');
  expect(store.list()).toEqual([]);
  expect(await readdir(folder)).toEqual([]);
});

describe('a draft', () => {
  it('is listed when it is complete, and its name is reserved', async () => {
    await opened();
    const draft = store.draft('c-x-1.wav', 'audio/wav');
    const handle = await draft.open();
    await handle.write('data');
    await handle.close();
    expect(store.list()).toEqual([]);
    expect(() => store.get('c-x-1.wav')).toThrow();
    await expect(put('c-x-1.wav', 'x')).rejects.toMatchObject({ code: 'validation-error' });
    draft.complete(4);
    expect(store.list()).toMatchObject([{ name: 'c-x-1.wav', contentType: 'audio/wav', contentLength: 4 }]);
    expect(await readdir(folder)).toEqual(['c-x-1.wav']);
    expect((await stat(path.join(folder, 'c-x-1.wav'))).mode & 0o777).toBe(0o600);
    await draft.discard();
    await draft.discard();
    expect([store.list(), await readdir(folder)]).toEqual([[], []]);
  });

  it('never writes to or deletes an existing file', async () => {
    await opened();
    const [one, two] = [store.draft('a.wav', 'audio/wav'), store.draft('a.wav', 'audio/wav')];
    await (await one.open()).close();
    await expect(two.open()).rejects.toMatchObject({ code: 'EEXIST' });
    await two.discard();
    expect(await readdir(folder)).toEqual(['a.wav']);
  });
});

describe('the folder', () => {
  it('is created with the first file, readable by its owner only, and deleted at the end', async () => {
    await opened({ folder: undefined });
    await put('a', 'x');
    const made = path.dirname(store.get('a').path);
    expect(path.dirname(made)).toBe(os.tmpdir());
    expect((await stat(made)).mode & 0o777).toBe(0o700);
    await store.close();
    await expect(stat(made)).rejects.toMatchObject({ code: 'ENOENT' });
    const unused = await openMediaStore({ uris });
    await unused.close();
  });

  it('is created if configured, and keeps recordings but not uploads at the end', async () => {
    const given = path.join(folder, 'deep', 'er');
    await opened({ folder: given });
    await put('a', 'x');
    const draft = store.draft('c-x-1.wav', 'audio/wav');
    await (await draft.open()).close();
    draft.complete(0);
    await store.close();
    expect(await readdir(given)).toEqual(['c-x-1.wav']);
  });

  it('is refused at once if it is not a directory', async () => {
    await opened();
    await expect(openMediaStore({ uris, folder: '/dev/null/x' })).rejects.toMatchObject({ code: 'ENOTDIR' });
  });
});

describe('a URL', () => {
  it('of this platform’s media returns its bytes', async () => {
    await opened();
    await put('b ü.wav', 'sound');
    for (const url of [
      `${MEDIA}/b%20%C3%BC.wav`,
      `${MEDIA}/b ü.wav`,
      `${MEDIA}/b%20%C3%BC.wav?x=1`,
      'http://token:secret@localhost:3210/v1/users/u-1/media/b%20%C3%BC.wav',
    ])
      expect(String(await store.ownMedia(url)?.read())).toBe('sound');
    expect(store.ownMedia(`${MEDIA}/b ü.wav`)?.length).toBe(5);
    const before = store.ownMedia(`${MEDIA}/b ü.wav`)?.version;
    await put('b ü.wav', 'other');
    expect(store.ownMedia(`${MEDIA}/b ü.wav`)?.version).not.toBe(before);
  });

  it('of an unknown file is an error', async () => {
    await opened();
    for (const name of ['none', '', '..%2F..%2Fetc%2Fpasswd'])
      expect(() => store.ownMedia(`${MEDIA}/${name}`)).toThrow(expect.objectContaining({ code: 'media-not-found' }));
  });

  it.each([
    'http://127.0.0.1:3211/v1/users/u-1/media/a',
    'https://127.0.0.1:3210/v1/users/u-1/media/a',
    'http://example.com:3210/v1/users/u-1/media/a',
    'http://127.0.0.1.example.com:3210/v1/users/u-1/media/a',
    'http://127.0.0.1:3210/v1/users/u-2/media/a',
    'http://127.0.0.1:3210/v1/users/u-1/recordings/a',
    'http://127.0.0.1:3210/v1/users/u-1/media/../calls',
    `${MEDIA}/%ff`,
    'no url',
  ])('%s is not one of them', async (url) => {
    await opened();
    expect(store.ownMedia(url)).toBeUndefined();
  });
});
