/**
 * Converts free-format MP3, whose headers contain no bit rate. The decoder loses track of such frames, so they are
 * copied into frames of the highest bit rate. These have room for all data of the frame, including its data in earlier
 * frames.
 */
import { frameLength, type FoundFrames } from './mp3-frames';
import { frameHeader, HIGHEST_BITRATE_INDEX, type FrameHeader } from './mp3-header';
import { sideInfoOf, type SideInfo } from './mp3-side-info';

/** @returns undefined if the data of a frame does not fit, or the file is not layer III */
export function ordinaryFrames(file: Uint8Array, { at: first, freeLength }: FoundFrames): Uint8Array | undefined {
  const frames: Uint8Array[] = [];
  let reservoir: Uint8Array = new Uint8Array(0);
  for (let at = first; at + 4 <= file.length;) {
    const header = frameHeader(file, at);
    const length = header && frameLength(header, freeLength);
    if (!header || length === undefined) break; // data after the audio
    if (header.layer !== 3) return undefined;
    const frame = file.subarray(at, at + length);
    const side = sideInfoOf(frame, header);
    const own = frame.subarray(side.end);
    const data = Buffer.concat([reservoir.subarray(Math.max(0, reservoir.length - side.mainDataBegin)), own]);
    const made = reservoir.length < side.mainDataBegin ? undefined : rebuilt(frame, side, data, header);
    if (made === 'too long') return undefined;
    if (made) frames.push(made);
    reservoir = Buffer.concat([reservoir, own]).subarray(-511);
    at += length;
  }
  return Buffer.concat(frames);
}

function rebuilt(
  frame: Uint8Array,
  { start, end }: SideInfo,
  data: Uint8Array,
  { mpeg1 }: FrameHeader,
): Uint8Array | 'too long' {
  const room = frameHeader(frame, 0, HIGHEST_BITRATE_INDEX)?.length ?? 0;
  const made = new Uint8Array(room);
  if (4 + (end - start) + data.length > room) return 'too long';
  made.set(frame.subarray(0, 4));
  made[1]! |= 1; // no CRC: it would be wrong
  made[2] = (HIGHEST_BITRATE_INDEX << 4) | (made[2]! & 0x0f);
  made.set(frame.subarray(start, end), 4);
  // All data is in the frame itself.
  made[4] = 0;
  if (mpeg1) made[5]! &= 0x7f;
  made.set(data, 4 + end - start);
  return made;
}
