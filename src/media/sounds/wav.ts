/**
 * Decodes WAV files: RIFF chunks, including `fmt ` and `data`, little endian.
 *
 *     RIFF size WAVE | fmt  size format channels rate bytes/s block bits … | data size samples
 *
 * See `wav-chunks.ts` for unreliable chunk sizes.
 */
import { decodeG711 } from '../g711';
import type { Piece } from './collect';
import { SoundError } from './errors';
import { decodeImaBlock, imaFrames } from './ima-adpcm';
import { skipTags } from './mp3-frames';
import { chunksOf, type Chunk } from './wav-chunks';

/** Format tags of MPEG audio and MPEG layer III. */
const MPEG: ReadonlySet<number> = new Set([0x50, 0x55]);
const FORMAT = { pcm: 1, float: 3, alaw: 6, mulaw: 7, ima: 0x11, extensible: 0xfffe };
const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const ALAW = decodeG711('PCMA', ALL_BYTES);
const MULAW = decodeG711('PCMU', ALL_BYTES);
const MIN_RATE = 1_000;
const MAX_RATE = 768_000;
const FRAMES_A_PIECE = 65_536;
/** Maximum number of bytes before the header, such as spaces, line ends or a byte order mark. */
const MAX_BEFORE = 4_096;

interface Format {
  format: number;
  channels: number;
  /** Samples per second. */
  rate: number;
  /** Bytes per frame (one sample per channel), or per ADPCM block. */
  block: number;
  /** Bits per sample. */
  bits: number;
}

/** Finds a WAV file, even after tags and a few other bytes. @returns undefined if there is none */
export function findWav(file: Uint8Array): Uint8Array | undefined {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const isAt = (at: number): boolean => /^(?:RIFF|RF64|BW64)[^]{4}WAVE$/.test(bytes.toString('latin1', at, at + 12));
  const start = skipTags(file, 0);
  if (isAt(start)) return file.subarray(start);
  const at = bytes.subarray(0, start + MAX_BEFORE).indexOf('WAVE', start, 'latin1') - 8;
  return at >= 0 && isAt(at) ? file.subarray(at) : undefined;
}

/**
 * Decodes to mono.
 * @throws SoundError file-not-audio
 */
export function* decodeWav(file: Uint8Array): Iterable<Piece> {
  const { format, data } = parse(file);
  const read = sampleReader(format, data);
  const { channels, rate } = format;
  const blocks = Math.floor(data.byteLength / format.block);
  const framesOfBlock = format.format === FORMAT.ima ? imaFrames(format.block, channels) : 1;
  const blocksAPiece = Math.ceil(FRAMES_A_PIECE / framesOfBlock);
  for (let first = 0; first < blocks; first += blocksAPiece) {
    const count = Math.min(blocksAPiece, blocks - first);
    const samples = new Float32Array(count * framesOfBlock);
    if (read === 'ima')
      for (let i = 0; i < count; i += 1)
        decodeImaBlock(data, (first + i) * format.block, format.block, channels, samples.subarray(i * framesOfBlock));
    else
      for (let i = 0; i < count; i += 1) {
        const frame = (first + i) * format.block;
        for (let channel = 0; channel < channels; channel += 1)
          samples[i]! += read(frame + (channel * format.block) / channels) / channels;
      }
    yield { rate, samples };
  }
}

/** The MP3 data that some programs embed in a WAV file; undefined if the file has samples or is malformed. */
export function mpegIn(file: Uint8Array): Uint8Array | undefined {
  const { format, data } = partsOf(file);
  if (!format || !data) return undefined;
  const tag = file[format.start]! | (file[format.start + 1]! << 8);
  return MPEG.has(tag) ? file.subarray(data.start, data.end) : undefined;
}

function partsOf(file: Uint8Array): { format: Chunk | undefined; data: Chunk | undefined } {
  let format: Chunk | undefined;
  let data: Chunk | undefined;
  for (const chunk of chunksOf(file)) {
    const { id, start, end } = chunk;
    if (id === 'fmt ' && end - start >= 16 && end <= file.length) format ??= chunk;
    if (id === 'data') data ??= chunk;
    if (format && data) break;
  }
  return { format, data };
}

function parse(file: Uint8Array): { format: Format; data: DataView } {
  const { format, data } = partsOf(file);
  if (!data) throw notAudio('it has no data chunk');
  if (!format) throw notAudio('it has no format chunk');
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  return {
    format: parseFormat(view, format.start, format.end - format.start),
    data: new DataView(file.buffer, file.byteOffset + data.start, data.end - data.start),
  };
}

function parseFormat(view: DataView, at: number, size: number): Format {
  const tag = view.getUint16(at, true);
  const format: Format = {
    // An extensible format begins its GUID with the real format, which some writers leave empty.
    format: tag === FORMAT.extensible && size >= 26 ? view.getUint16(at + 24, true) || FORMAT.pcm : tag,
    channels: view.getUint16(at + 2, true),
    rate: view.getUint32(at + 4, true),
    block: view.getUint16(at + 12, true),
    bits: view.getUint16(at + 14, true),
  };
  const { channels, rate, block } = format;
  if (rate < MIN_RATE || rate > MAX_RATE)
    throw notAudio(`the sample rate ${rate} is not between ${MIN_RATE} and ${MAX_RATE}`);
  if (channels < 1 || channels > 64) throw notAudio(`the number of channels, ${channels}, is not between 1 and 64`);
  if (!Object.values(FORMAT).includes(format.format)) throw notAudio(`format ${format.format} is not supported`);
  if (format.format === FORMAT.ima) {
    if (channels <= 2 && block >= 8 * channels && block % (4 * channels) === 0) return format;
    throw notAudio('its format contradicts itself');
  }
  return { ...format, ...frameSize(format, view.getUint32(at + 8, true)) };
}

/**
 * Some writers set the bits per sample or the bytes per frame to a wrong value. Two of three fields (with bytes per
 * second) must agree. G.711 samples always have one byte.
 */
function frameSize(
  { format, channels, rate, block, bits }: Format,
  bytesPerSecond: number,
): { block: number; bits: number } {
  if (format === FORMAT.alaw || format === FORMAT.mulaw) return { block: channels, bits: 8 };
  const wanted = channels * Math.ceil(bits / 8);
  if (wanted > 0 && (block === wanted || bytesPerSecond === rate * wanted)) return { block: wanted, bits };
  // Samples that are left-justified in larger containers count as samples of the container's size.
  if (block > 0 && block % channels === 0 && bytesPerSecond === rate * block)
    return { block, bits: (block / channels) * 8 };
  throw notAudio('its format contradicts itself');
}

/** @returns a function that reads the sample at a byte offset; `ima` for ADPCM */
function sampleReader({ format, bits }: Format, data: DataView): 'ima' | ((at: number) => number) {
  const bytes = Math.ceil(bits / 8);
  if (format === FORMAT.ima && bits === 4) return 'ima';
  if (format === FORMAT.alaw && bytes === 1) return (at) => ALAW[data.getUint8(at)]! / 32_768;
  if (format === FORMAT.mulaw && bytes === 1) return (at) => MULAW[data.getUint8(at)]! / 32_768;
  if (format === FORMAT.float && bytes === 4) return (at) => finite(data.getFloat32(at, true));
  if (format === FORMAT.float && bytes === 8) return (at) => finite(data.getFloat64(at, true));
  if (format === FORMAT.pcm && bytes === 1) return (at) => (data.getUint8(at) - 128) / 128;
  if (format === FORMAT.pcm && bytes === 2) return (at) => data.getInt16(at, true) / 32_768;
  if (format === FORMAT.pcm && bytes === 3)
    return (at) => (data.getInt8(at + 2) * 65_536 + data.getUint16(at, true)) / 8_388_608;
  if (format === FORMAT.pcm && bytes === 4) return (at) => data.getInt32(at, true) / 2_147_483_648;
  throw notAudio(`format ${format} with ${bits} bits per sample is not supported`);
}

function finite(value: number): number {
  return Number.isFinite(value) ? Math.max(-1, Math.min(1, value)) : 0;
}

function notAudio(why: string): SoundError {
  return new SoundError('file-not-audio', `The WAV file cannot be played: ${why}`);
}
