/**
 * The frames of MPEG audio (ISO 11172-3 2.4.1.3 and 13818-3): where the first one is, no matter what precedes it. A sync word
 * alone occurs in any file, so the headers that must follow are looked at, too.
 */
import { isPlausible } from './mp3-side-info';

export interface FrameHeader {
  mpeg1: boolean;
  layer: 1 | 2 | 3;
  /** A CRC of 16 bits follows the header. */
  crc: boolean;
  /** Samples a second. */
  rate: number;
  mono: boolean;
  /** Bytes of the frame; undefined: free format, which does not say. */
  length: number | undefined;
  /** Bytes of padding, which are in `length`. */
  padding: number;
}

/** kbit/s by index, of: MPEG 1 layers I to III, MPEG 2 layer I, MPEG 2 layers II and III. */
const BITRATES = [
  [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
] as const;
export const HIGHEST_BITRATE_INDEX = 14;
const RATES = [44_100, 48_000, 32_000];
/** So much may stand before the first frame. */
const MOST_BEFORE = 1_000_000;
/** Frames in a row that make a file MPEG audio. */
const ENOUGH = 3;
/** The same behind other bytes, which may look like headers by chance. */
const ENOUGH_BEHIND = 6;
/** Longer than any frame of free format; bytes. */
const LONGEST_FREE_FRAME = 4_096;

/** @param bitrateIndex in place of the header's own */
export function frameHeader(file: Uint8Array, at: number, bitrateIndex?: number): FrameHeader | undefined {
  const [a = 0, b = 0, c = 0, d = 0] = file.subarray(at, at + 4);
  const version = (b >> 3) & 3;
  const layerBits = (b >> 1) & 3;
  const rate = RATES[(c >> 2) & 3];
  const index = bitrateIndex ?? c >> 4;
  if (at + 4 > file.length || a !== 0xff || b >> 5 !== 7) return undefined;
  if (version === 1 || layerBits === 0 || rate === undefined || index > HIGHEST_BITRATE_INDEX) return undefined;
  if ((d & 3) === 2) return undefined; // a reserved emphasis
  const layer = layerBits === 3 ? 1 : layerBits === 2 ? 2 : 3;
  const mpeg1 = version === 3;
  const trueRate = mpeg1 ? rate : version === 2 ? rate / 2 : rate / 4;
  const slot = layer === 1 ? 4 : 1;
  const padding = ((c >> 1) & 1) * slot;
  const kbits = BITRATES[mpeg1 ? layer - 1 : layer === 1 ? 3 : 4]![index]!;
  const samples = layer === 1 ? 384 : layer === 3 && !mpeg1 ? 576 : 1_152;
  const slots = Math.floor((samples / 8 / slot) * ((kbits * 1_000) / trueRate));
  return {
    mpeg1,
    layer,
    crc: (b & 1) === 0,
    rate: trueRate,
    mono: d >> 6 === 3,
    length: index === 0 ? undefined : slots * slot + padding,
    padding,
  };
}

export interface FoundFrames {
  at: number;
  /** Bytes of a frame of free format without its padding; undefined: every frame says its own length. */
  freeLength: number | undefined;
}

/** The first frame that others follow; undefined: no MPEG audio. */
export function findFrames(file: Uint8Array): FoundFrames | undefined {
  const start = skipTags(file, 0);
  const end = Math.min(file.length - 4, start + MOST_BEFORE);
  for (let at = file.indexOf(0xff, start); at >= 0 && at <= end; at = file.indexOf(0xff, at + 1)) {
    const header = frameHeader(file, at);
    if (!header) continue;
    if (header.length !== undefined) {
      if (isChain(file, at, undefined, at === start)) return { at, freeLength: undefined };
      continue;
    }
    const freeLength = freeLengthAt(file, at, header, at === start);
    if (freeLength !== undefined) return { at, freeLength };
  }
  return undefined;
}

/** The length of the frame at `at`, in a file of which that of free frames is known. */
export function frameLength(header: FrameHeader, freeLength: number | undefined): number | undefined {
  return header.length ?? (freeLength === undefined ? undefined : freeLength + header.padding);
}

/** @param isFirst nothing stands before it: fewer frames are enough where the file ends with them */
function isChain(file: Uint8Array, first: number, freeLength: number | undefined, isFirst: boolean): boolean {
  const begin = frameHeader(file, first);
  // Nothing in the frames of layers I and II tells them from samples that repeat.
  if (!isFirst && begin?.layer !== 3) return false;
  let at = first;
  let before: Uint8Array | undefined;
  // Samples of a tone repeat, and a header in them with them. In silence frames are the same, too: it is not missed.
  let differs = isFirst;
  for (let count = 0; count < (isFirst ? ENOUGH : ENOUGH_BEHIND); count += 1) {
    if (at >= file.length - 3) return differs && count >= (isFirst ? 1 : ENOUGH);
    const header = frameHeader(file, at);
    const length = header && frameLength(header, freeLength);
    if (!begin || !header || !length || header.layer !== begin.layer || header.rate !== begin.rate) return false;
    if ((header.length === undefined) !== (begin.length === undefined)) return false;
    const frame = file.subarray(at, at + length);
    if (header.layer === 3 && !isPlausible(frame, header, length)) return false;
    differs ||= before !== undefined && Buffer.compare(before, frame) !== 0;
    before = frame;
    at += length;
  }
  return differs;
}

/** Frames of free format are as far apart as they are long. */
function freeLengthAt(file: Uint8Array, first: number, header: FrameHeader, isFirst: boolean): number | undefined {
  const end = Math.min(file.length - 4, first + LONGEST_FREE_FRAME);
  for (let at = file.indexOf(0xff, first + 24); at >= 0 && at <= end; at = file.indexOf(0xff, at + 1)) {
    const freeLength = at - first - header.padding;
    if (isChain(file, first, freeLength, isFirst)) return freeLength;
  }
  return undefined;
}

/** Behind tags that stand at `at`: ID3v2 (with its footer, if it has one) and APE. They may contain anything, frames too. */
export function skipTags(file: Uint8Array, at: number): number {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const text = (length: number): string => Buffer.from(file.subarray(at, at + length)).toString('latin1');
  if (at + 10 <= file.length && text(3) === 'ID3') {
    const size = [6, 7, 8, 9].reduce((sum, i) => sum * 128 + (file[at + i]! & 0x7f), 0);
    const footer = (file[at + 5]! & 0x10) === 0 ? 0 : 10;
    const next = at + 10 + size + footer;
    return next < file.length ? skipTags(file, next) : at + 10;
  }
  if (at + 32 <= file.length && text(8) === 'APETAGEX') {
    const next = at + 32 + view.getUint32(at + 12, true);
    return next < file.length ? skipTags(file, next) : at + 32;
  }
  return at;
}
