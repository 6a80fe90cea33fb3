/** WAV files of every kind, written by another library (`wavefile`) or byte by byte. */
import { WaveFile } from 'wavefile';
import { collect } from '../../../src/media/sounds/collect';
import { decodeWav, findWav } from '../../../src/media/sounds/wav';
import { amplitudeOf, rms, toInt16, tone } from './tones';

const HZ = 440;

function written(rate: number, bitDepth: string, channels = 1): Buffer {
  const samples = tone(HZ, rate, 1);
  const full: Record<string, number> = { '8': 127, '16': 32_767, '24': 8_388_607, '32': 2_147_483_647 };
  const scale = full[bitDepth];
  const values = Array.from(samples, (sample) =>
    scale === undefined ? sample : Math.round(sample * scale) + (bitDepth === '8' ? 128 : 0),
  );
  const wav = new WaveFile();
  wav.fromScratch(channels, rate, bitDepth, channels === 1 ? values : Array.from({ length: channels }, () => values));
  return Buffer.from(wav.toBuffer());
}

function companded(law: 'toALaw' | 'toMuLaw' | 'toIMAADPCM', rate = 8_000): Buffer {
  const wav = new WaveFile();
  wav.fromScratch(1, rate, '16', toInt16(tone(HZ, rate, 1)));
  wav[law]();
  return Buffer.from(wav.toBuffer());
}

/** Expects a second of 440 Hz at half the range, and nothing else. */
function expectTone(samples: Int16Array, noise = 0.01): void {
  expect(Math.abs(samples.length - 8_000)).toBeLessThan(600); // ADPCM blocks are padded
  const second = samples.subarray(400, 7_600);
  expect(amplitudeOf(HZ, second) / 32_768).toBeCloseTo(0.5, 2);
  expect(Math.abs(rms(second) / 32_768 - 0.5 * Math.SQRT1_2)).toBeLessThan(noise);
}

it.each(['8', '16', '24', '32', '32f', '64'])('plays PCM and float of %s bits', (bitDepth) => {
  expectTone(collect(decodeWav(written(8_000, bitDepth))));
});

it.each(['toALaw', 'toMuLaw', 'toIMAADPCM'] as const)('plays G.711 and IMA ADPCM (%s)', (law) => {
  expectTone(collect(decodeWav(companded(law))));
});

it.each([6_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])('plays any rate: %d Hz', (rate) => {
  expectTone(collect(decodeWav(written(rate, '16'))));
});

it('mixes two or six channels to one', () => {
  expectTone(collect(decodeWav(written(44_100, '16', 2))));
  expectTone(collect(decodeWav(written(8_000, '24', 6))));
});

it('copies 16-bit samples of 8 kHz unchanged', () => {
  const samples = [0, 1, -1, 32_767, -32_768, 1_234];
  expect(Array.from(collect(decodeWav(pcm(samples))))).toEqual(samples);
});

it('uses the mean of the channels, not their sum', () => {
  const wav = pcm([32_767, 32_767, 1_000, -1_000, 100, 0]);
  wav.writeUInt16LE(2, 22);
  wav.writeUInt16LE(4, 32);
  expect(Array.from(collect(decodeWav(wav)))).toEqual([32_767, 0, 50]);
});

/** 8 kHz, one channel, 16 bits. */
function pcm(samples: number[]): Buffer {
  const data = Buffer.from(Int16Array.from(samples).buffer);
  const head = Buffer.alloc(44);
  head.write('RIFF');
  head.writeUInt32LE(36 + data.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(8_000, 24);
  head.writeUInt32LE(16_000, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(data.length, 40);
  return Buffer.concat([head, data]);
}

it.each([
  ['0, as written to a pipe', 0],
  ['the maximum, as written to a pipe', 0xffff_ffff],
  ['more than the file has, as in a broken download', 1_000],
])('plays the available samples if the size is %s', (_, size) => {
  const wav = pcm([1, 2, 3]);
  wav.writeUInt32LE(size, 40);
  expect(Array.from(collect(decodeWav(wav)))).toEqual([1, 2, 3]);
});

it('skips other chunks, including the padding byte of odd ones', () => {
  const wav = pcm([1, 2, 3]);
  const list = Buffer.from('LIST\x03\0\0\0abc\0', 'latin1');
  expect(Array.from(collect(decodeWav(Buffer.concat([wav.subarray(0, 36), list, wav.subarray(36)]))))).toEqual([
    1, 2, 3,
  ]);
});

const LIST = Buffer.from('LIST\x03\0\0\0abc', 'latin1');
const NOISE = Buffer.concat([Buffer.from('LIST\xa0\x0f\0\0', 'latin1'), Buffer.alloc(4_000, 0x7f)]);
const between = (wav: Buffer, ...chunks: Buffer[]): Buffer =>
  Buffer.concat([wav.subarray(0, 36), ...chunks, wav.subarray(36)]);
const sized = (size: number, samples = [1, 2, 3]): Buffer => {
  const wav = pcm(samples);
  wav.writeUInt32LE(size >>> 0, 40);
  return wav;
};

describe('irregular chunks', () => {
  it.each<[string, Buffer]>([
    ['an odd chunk without its padding byte', between(pcm([1, 2, 3]), LIST)],
    ['two of them', between(pcm([1, 2, 3]), LIST, LIST)],
    ['an odd chunk with it, and one without', between(pcm([1, 2, 3]), LIST, Buffer.alloc(1), LIST)],
    [
      'a chunk before the format',
      Buffer.concat([pcm([]).subarray(0, 12), LIST, Buffer.alloc(1), pcm([1, 2, 3]).subarray(12)]),
    ],
    ['a chunk after the samples', Buffer.concat([pcm([1, 2, 3]), NOISE])],
    ['size 0, and a chunk after the samples', Buffer.concat([sized(0), NOISE])],
    ['size 0, and two chunks after the samples', Buffer.concat([sized(0), LIST, Buffer.alloc(1), NOISE])],
    ['the maximum size, and a chunk after the samples', Buffer.concat([sized(0xffff_ffff), NOISE])],
    ['a chunk whose size exceeds the file', between(pcm([1, 2, 3]), Buffer.from('LIST\xff\xff\xff\x7f', 'latin1'))],
    [
      'a format after the samples',
      Buffer.concat([pcm([]).subarray(0, 12), pcm([1, 2, 3]).subarray(36), pcm([]).subarray(12, 36)]),
    ],
    [
      'RF64',
      Buffer.concat([
        Buffer.from('RF64\xff\xff\xff\xffWAVEds64\x04\0\0\0abcd', 'latin1'),
        sized(0xffff_ffff).subarray(12),
      ]),
    ],
  ])('plays only the samples: %s', (_, wav) => {
    expect(Array.from(collect(decodeWav(wav)))).toEqual([1, 2, 3]);
  });

  it('has no samples if a data chunk of size 0 is followed directly by another chunk', () => {
    expect(collect(decodeWav(Buffer.concat([sized(0, []), NOISE])))).toHaveLength(0);
  });

  it('plays samples that contain the id of a chunk', () => {
    const words = Buffer.concat([sized(0), Buffer.from('LISTzzzzLIST', 'latin1')]);
    expect(collect(decodeWav(words))).toHaveLength(9);
  });
});

it.each<[string, Buffer]>([
  ['a byte order mark', Buffer.from('\xef\xbb\xbf', 'latin1')],
  ['a line end', Buffer.from('\r\n')],
  ['an ID3 tag', Buffer.from('ID3\x04\0\0\0\0\0\x04abcd', 'latin1')],
])('finds the file after %s', (_, before) => {
  const wav = findWav(Buffer.concat([before, pcm([1, 2, 3])]));
  expect(Array.from(collect(decodeWav(wav!)))).toEqual([1, 2, 3]);
});

describe('a format with one wrong field', () => {
  it.each<[string, number, number]>([
    ['a block of 0', 32, 0],
    ['a block of 1', 32, 1],
    ['0 bits per sample', 34, 0],
    ['0 bytes per second', 28, 0],
  ])('plays with %s', (_, at, value) => {
    const wav = pcm([1, 2, 3]);
    wav.writeUInt16LE(value, at);
    expect(Array.from(collect(decodeWav(wav)))).toEqual([1, 2, 3]);
  });

  it('plays 24 bits in containers of 32', () => {
    const wav = written(8_000, '32');
    wav.writeUInt16LE(24, 34);
    expectTone(collect(decodeWav(wav)));
  });

  it.each([0, 4, 16])('plays G.711 with %i bits per sample', (bits) => {
    const wav = companded('toMuLaw');
    wav.writeUInt16LE(bits, 34);
    expectTone(collect(decodeWav(wav)));
  });

  it('plays an extensible format whose GUID is empty', () => {
    const wav = written(8_000, '24');
    const at = wav.indexOf('fmt ', 0, 'latin1') + 8;
    const extension = Buffer.alloc(24);
    extension.writeUInt16LE(22);
    const size = wav.readUInt32LE(at - 4);
    const extensible = Buffer.concat([wav.subarray(0, at + 16), extension, wav.subarray(at + size)]);
    extensible.writeUInt32LE(40, at - 4);
    extensible.writeUInt16LE(0xfffe, at);
    expectTone(collect(decodeWav(extensible)));
  });
});

it.each<[string, (wav: Buffer) => Buffer]>([
  ['no data', (wav) => wav.subarray(0, 36)],
  ['no format', (wav) => Buffer.concat([wav.subarray(0, 12), wav.subarray(36)])],
  ['an unknown format', (wav) => (wav.writeUInt16LE(0x55, 20), wav)],
  ['no channels', (wav) => (wav.writeUInt16LE(0, 22), wav)],
  ['a rate of 0', (wav) => (wav.writeUInt32LE(0, 24), wav)],
  ['a block of 7 bytes, and a wrong byte rate', (wav) => (wav.writeUInt16LE(7, 32), wav.writeUInt32LE(1, 28), wav)],
  ['neither bits nor a block', (wav) => (wav.writeUInt16LE(0, 32), wav.writeUInt16LE(0, 34), wav)],
  ['a truncated format chunk', (wav) => wav.subarray(0, 30)],
])('rejects a file with %s', (_, breakIt) => {
  const wav = breakIt(pcm([1, 2, 3]));
  expect(findWav(wav)).toBeDefined();
  expect(() => collect(decodeWav(wav))).toThrow(expect.objectContaining({ code: 'file-not-audio' }));
});

it('names an unsupported format: GSM', () => {
  const wav = pcm([1, 2, 3]);
  wav.writeUInt16LE(0x31, 20);
  wav.writeUInt16LE(65, 32);
  wav.writeUInt16LE(0, 34);
  expect(() => collect(decodeWav(wav))).toThrow('format 49 is not supported');
});

it('rejects audio that is too long', () => {
  const wav = pcm(Array.from({ length: 8_001 }, () => 0));
  expect(collect(decodeWav(wav), 2)).toHaveLength(8_001);
  expect(() => collect(decodeWav(wav), 1)).toThrow(expect.objectContaining({ code: 'file-too-large' }));
});

it('never reads outside of a mangled file', () => {
  const wav = companded('toIMAADPCM');
  for (let i = 0; i < 500; i += 1) {
    const mangled = Buffer.from(wav.subarray(0, 60 + (i % 500)));
    mangled[12 + ((i * 7) % 48)] = (i * 31) & 0xff;
    try {
      for (const { samples } of decodeWav(mangled)) expect(samples.every(Number.isFinite)).toBe(true);
    } catch (error) {
      expect(error).toMatchObject({ code: expect.stringMatching(/^file-/) });
    }
  }
});
