/**
 * Finds the first frame of MPEG audio (ISO 11172-3 2.4.1.3 and 13818-3), whatever precedes it. A sync word can occur in
 * any file, so the following frames are checked, too.
 */
import { frameHeader, type FrameHeader } from './mp3-header';
import { isPlausible } from './mp3-side-info';

/** Maximum number of bytes before the first frame. */
const MAX_BEFORE = 1_000_000;
/** Number of consecutive frames that identify MPEG audio. */
const MIN_FRAMES = 3;
/** The same after other bytes, which may look like headers by chance. */
const MIN_FRAMES_AFTER_DATA = 6;
/** Upper bound of free-format frames; bytes. */
const MAX_FREE_FRAME = 4_096;

export interface FoundFrames {
  at: number;
  /** Length of free-format frames without padding; bytes. Undefined if headers give the length. */
  freeLength: number | undefined;
}

/** @returns the first of several consecutive frames; undefined if the file is not MPEG audio */
export function findFrames(file: Uint8Array): FoundFrames | undefined {
  const start = skipTags(file, 0);
  const end = Math.min(file.length - 4, start + MAX_BEFORE);
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

/** The length of a frame. @param freeLength length of free-format frames in this file */
export function frameLength(header: FrameHeader, freeLength: number | undefined): number | undefined {
  return header.length ?? (freeLength === undefined ? undefined : freeLength + header.padding);
}

/** @param isFirst nothing precedes the frame, so that fewer frames are enough if the file ends after them */
function isChain(file: Uint8Array, first: number, freeLength: number | undefined, isFirst: boolean): boolean {
  const begin = frameHeader(file, first);
  // Frames of layers I and II cannot be distinguished from repeating samples.
  if (!isFirst && begin?.layer !== 3) return false;
  let at = first;
  let before: Uint8Array | undefined;
  // Repeating samples of a tone may look like equal frames, so at least one frame must differ. This also skips silent
  // frames.
  let differs = isFirst;
  for (let count = 0; count < (isFirst ? MIN_FRAMES : MIN_FRAMES_AFTER_DATA); count += 1) {
    if (at >= file.length - 3) return differs && count >= (isFirst ? 1 : MIN_FRAMES);
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

/** Determines the length of free-format frames from the distance to the next header. */
function freeLengthAt(file: Uint8Array, first: number, header: FrameHeader, isFirst: boolean): number | undefined {
  const end = Math.min(file.length - 4, first + MAX_FREE_FRAME);
  for (let at = file.indexOf(0xff, first + 24); at >= 0 && at <= end; at = file.indexOf(0xff, at + 1)) {
    const freeLength = at - first - header.padding;
    if (isChain(file, first, freeLength, isFirst)) return freeLength;
  }
  return undefined;
}

/** @returns the position after ID3v2 and APE tags at `at`. Tags may contain any bytes, even frames. */
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
