/** MP3 after other bytes and with every framing, and files of other formats. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSounds } from '../../../src/media/create-sounds';
import { amplitudeOf } from './tones';
import { silentLog } from '../../helpers/silent-log';

const fixture = (name: string): Buffer => readFileSync(join(__dirname, '../../fixtures', name));
let file: Buffer;
let version = 0;
// In a thread, as in production: the decoder is an ES module.
const sounds = createSounds({
  log: silentLog,
  ownMedia: () => ({ version: `${(version += 1)}`, length: file.length, read: () => Promise.resolve(file) }),
});
afterAll(() => sounds.close());
const decode = (bytes: Buffer): Promise<Int16Array> => {
  file = bytes;
  return sounds.load({ kind: 'playback', content: `own:${version}` });
};
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const MP3 = fixture('tone-440.mp3');
const VBR = fixture('tone-440-vbr.mp3');
const FREE = fixture('tone-440-free.mp3');

/** Expects a second of 440 Hz at half the range, except the first frames. */
function expectTone(samples: Int16Array): void {
  expect(samples.length).toBeGreaterThan(7_000);
  expect(samples.length).toBeLessThan(10_000);
  const middle = samples.subarray(2_000, 6_000);
  expect(amplitudeOf(440, middle) / 32_768).toBeCloseTo(0.5, 1);
  expect(Math.max(...samples)).toBeLessThan(0.6 * 32_768); // no burst of noise
}

const id3 = (size: number, footer = false): Buffer => {
  const content = Buffer.alloc(size, 0xff); // as in pictures
  return Buffer.concat([
    latin1(`ID3\x04\0${footer ? '\x10' : '\0'}\0\0${String.fromCharCode(size >> 7, size & 0x7f)}`),
    content,
    footer ? latin1('3DI\x04\0\x10\0\0\0\0') : Buffer.alloc(0),
  ]);
};
const ape = (size: number): Buffer => {
  const head = Buffer.alloc(32);
  head.write('APETAGEX');
  head.writeUInt32LE(2_000, 8);
  head.writeUInt32LE(size, 12);
  return Buffer.concat([head, Buffer.alloc(size, 0x20)]);
};

describe.each([
  ['a constant', MP3],
  ['a variable', VBR],
  ['a free', FREE],
])('an MP3 of %s bit rate', (_, mp3) => {
  it.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['417 zeros', Buffer.alloc(417)],
    ['eight 0xFF', Buffer.alloc(8, 0xff)],
    ['a line end', latin1('\r\n')],
    ['an APE tag', ape(500)],
    ['an ID3 tag', id3(2_000)],
    ['an ID3 tag with a footer', id3(2_000, true)],
    ['two ID3 tags and padding', Buffer.concat([id3(100), id3(2_000), Buffer.alloc(1_000)])],
    ['an ID3 tag with a size beyond the file', latin1('ID3\x04\0\0\x7f\x7f\x7f\x7f')],
    ['the end of a frame', mp3.subarray(700, 900)],
    ['a lone header of a frame', latin1('\xff\xfb\x90\xc4')],
  ])('plays after %s', async (__, before) => {
    expectTone(await decode(Buffer.concat([before, mp3])));
  });

  it('plays with data after the audio', async () => {
    expectTone(await decode(Buffer.concat([mp3, latin1('TAG'), Buffer.alloc(125, 0x20)])));
  });

  it('plays a part of a stream', async () => {
    const samples = await decode(mp3.subarray(1_111));
    expect(amplitudeOf(440, samples.subarray(2_000, 5_000)) / 32_768).toBeCloseTo(0.5, 1);
  });
});

it.each([0x50, 0x55])('plays an MP3 in a WAV file of format %i', async (format) => {
  const head = Buffer.alloc(50);
  head.write('RIFF', 'latin1');
  head.writeUInt32LE(42 + MP3.length, 4);
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(22, 16); // with an extension of 4 bytes
  head.writeUInt16LE(format, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(8_000, 24);
  head.write('data', 42, 'latin1');
  head.writeUInt32LE(MP3.length, 46);
  expectTone(await decode(Buffer.concat([head, MP3, latin1('LIST\x04\0\0\0INFO')])));
  head.writeUInt16LE(0x31, 20);
  await expect(decode(Buffer.concat([head, MP3]))).rejects.toMatchObject({ code: 'file-not-audio' });
});

it.each<[string, Buffer, string]>([
  ['nothing', Buffer.alloc(0), 'empty'],
  ['Ogg', latin1('OggS\0\x02'), 'Ogg'],
  ['FLAC', latin1('fLaC\0\0\0\x22'), 'FLAC'],
  ['M4A', latin1('\0\0\0\x20ftypM4A '), 'MP4'],
  ['AAC', Buffer.concat([latin1('\xff\xf1\x50\x80'), Buffer.alloc(400)]), 'AAC'],
  ['AIFF', latin1('FORM\0\0\0\0AIFF'), 'AIFF'],
  ['a page', latin1('\n<!DOCTYPE html><html><body>not here</body></html>'), 'web page'],
  ['a web page with a byte order mark', latin1('\xef\xbb\xbf<html>'), 'web page'],
  ['XML of an object store', latin1('<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'), 'XML'],
  ['JSON', latin1('{"message":"not found"}'), 'JSON'],
  ['text', latin1('There is nothing here.'), 'neither WAV nor MP3'],
  ['zeros', Buffer.alloc(10_000), 'neither WAV nor MP3'],
  ['0xFF', Buffer.alloc(10_000, 0xff), 'neither WAV nor MP3'],
])('rejects %s and names the format', async (_, bytes, named) => {
  await expect(decode(bytes)).rejects.toMatchObject({
    code: 'file-not-audio',
    message: expect.stringContaining(named),
  });
});

it.each([
  [8_000, 440, 0.3],
  [16_000, 1_000, 1],
  [8_000, 1_000, 0.5],
])('rejects samples without a header: %i Hz, a tone of %i Hz', async (rate, hz, amplitude) => {
  const samples = Int16Array.from({ length: rate }, (_, i) => {
    return Math.trunc(amplitude * 32_767 * Math.sin((2 * Math.PI * hz * i) / rate));
  });
  for (const before of [0, 44])
    await expect(
      decode(Buffer.concat([Buffer.alloc(before, 0x20), Buffer.from(samples.buffer)])),
    ).rejects.toMatchObject({
      code: 'file-not-audio',
    });
});

it('rejects random noise', async () => {
  let state = 1;
  for (let round = 0; round < 20; round += 1) {
    const noise = Buffer.from(Array.from({ length: 50_000 }, () => (state = (state * 48_271) % 0x7fff_ffff) & 0xff));
    await expect(decode(noise)).rejects.toMatchObject({ code: 'file-not-audio' });
  }
});
