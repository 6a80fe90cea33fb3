/** Side information of a layer III frame, which follows the header (ISO 11172-3 2.4.1.7, 13818-3 2.4.1.7). */
import type { FrameHeader } from './mp3-header';

export interface SideInfo {
  start: number;
  end: number;
  /** Number of bytes before the frame at which its data begins. */
  mainDataBegin: number;
}

export function sideInfoOf(frame: Uint8Array, { mpeg1, mono, crc }: FrameHeader): SideInfo {
  const start = crc ? 6 : 4;
  const length = mpeg1 ? (mono ? 17 : 32) : mono ? 9 : 17;
  const [a = 0, b = 0] = frame.subarray(start, start + 2);
  return { start, end: start + length, mainDataBegin: mpeg1 ? (a << 1) | (b >> 7) : a };
}

/** Maximum number of pairs of large values: a granule has 576 values. */
const MAX_PAIRS = 288;

/**
 * Whether a frame is plausible: its parts fit in, and their fields have values that encoders use. Other bytes that look
 * like headers, such as samples of a tone, hardly ever pass.
 */
export function isPlausible(frame: Uint8Array, header: FrameHeader, length: number): boolean {
  const { start, end, mainDataBegin } = sideInfoOf(frame, header);
  const { mpeg1, mono } = header;
  const channels = mono ? 1 : 2;
  const read = bitReader(frame, start);
  // Skip main_data_begin, private bits, and scale factor selection.
  read(mpeg1 ? 9 + (mono ? 5 : 3) + 4 * channels : 8 + (mono ? 1 : 2));
  let bits = 0;
  for (let part = 0; part < (mpeg1 ? 2 : 1) * channels; part += 1) {
    bits += read(12);
    if (read(9) > MAX_PAIRS) return false;
    read(8 + (mpeg1 ? 4 : 9)); // gain, compression of scale factors
    const switching = read(1) === 1;
    const blockType = read(2);
    if (switching && blockType === 0) return false;
    read(20 + (mpeg1 ? 3 : 2)); // tables and regions, flags
  }
  return bits <= 8 * (length - end + mainDataBegin);
}

function bitReader(bytes: Uint8Array, from: number): (count: number) => number {
  let at = from * 8;
  return (count) => {
    let value = 0;
    for (const end = at + count; at < end; at += 1) value = value * 2 + (((bytes[at >> 3] ?? 0) >> (7 - (at & 7))) & 1);
    return value;
  };
}
