/**
 * RTP packets (RFC 3550 5.1).
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 * |                           timestamp                           |
 * |                             SSRC                              |
 * |                        CC times a CSRC                        |
 */

export const RTP_HEADER_LENGTH = 12;
/** Longer packets exceed the Ethernet MTU and are not audio. */
export const MAX_RTP_LENGTH = 1_500;

/**
 * Whether a datagram can be RTP. STUN begins with two zero bits (RFC 7983). RTCP on the same port has 192 to 223 in the
 * place of the payload type (RFC 5761 4).
 */
export function looksLikeRtp(buffer: Buffer): boolean {
  if (buffer.length < RTP_HEADER_LENGTH || buffer.length > MAX_RTP_LENGTH || buffer[0]! >> 6 !== 2) return false;
  const second = buffer[1]!;
  return second < 192 || second > 223;
}

/** The payload without CSRCs, extension and padding; undefined if the packet is truncated. */
export function rtpPayload(buffer: Buffer): Buffer | undefined {
  const first = buffer[0]!;
  // Fast path: nearly all packets.
  if (first === 0x80) return buffer.subarray(RTP_HEADER_LENGTH);
  let start = RTP_HEADER_LENGTH + (first & 0x0f) * 4;
  let end = buffer.length;
  if (first & 0x10) {
    if (start + 4 > end) return undefined;
    start += 4 + buffer.readUInt16BE(start + 2) * 4;
  }
  if (first & 0x20) {
    const padding = buffer[end - 1]!;
    if (padding === 0) return undefined;
    end -= padding;
  }
  return start > end ? undefined : buffer.subarray(start, end);
}

/** Creates a packet. The caller must fill in the payload, which begins at `RTP_HEADER_LENGTH`. */
export function rtpPacketFor(
  payloadLength: number,
  marker: boolean,
  payloadType: number,
  sequence: number,
  timestamp: number,
  ssrc: number,
): Buffer {
  const buffer = Buffer.allocUnsafe(RTP_HEADER_LENGTH + payloadLength);
  buffer[0] = 0x80;
  buffer[1] = marker ? payloadType | 0x80 : payloadType;
  buffer[2] = sequence >> 8;
  buffer[3] = sequence;
  buffer[4] = timestamp >>> 24;
  buffer[5] = timestamp >>> 16;
  buffer[6] = timestamp >>> 8;
  buffer[7] = timestamp;
  buffer[8] = ssrc >>> 24;
  buffer[9] = ssrc >>> 16;
  buffer[10] = ssrc >>> 8;
  buffer[11] = ssrc;
  return buffer;
}

/** How far `sequence` is ahead of `from`, modulo 2^16: -32768 to 32767. */
export function sequenceDistance(sequence: number, from: number): number {
  return ((sequence - from) << 16) >> 16;
}

/** How far `timestamp` is ahead of `from`, modulo 2^32: -2^31 to 2^31 - 1. */
export function timestampDistance(timestamp: number, from: number): number {
  return (timestamp - from) | 0;
}
