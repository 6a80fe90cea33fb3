/** Reads and writes complete RTP packets with the functions of the platform. */
import { looksLikeRtp, RTP_HEADER_LENGTH, rtpPacketFor, rtpPayload } from '../../../src/media/rtp';

export interface RtpPacket {
  payloadType: number;
  marker: boolean;
  sequence: number;
  timestamp: number;
  ssrc: number;
  /** A slice of the parsed buffer, not a copy. */
  payload: Buffer;
}

/** undefined: not RTP. */
export function parseRtp(buffer: Buffer): RtpPacket | undefined {
  if (!looksLikeRtp(buffer)) return undefined;
  const payload = rtpPayload(buffer);
  if (!payload) return undefined;
  return {
    payloadType: buffer[1]! & 0x7f,
    marker: buffer[1]! >= 0x80,
    sequence: buffer.readUInt16BE(2),
    timestamp: buffer.readUInt32BE(4),
    ssrc: buffer.readUInt32BE(8),
    payload,
  };
}

export function printRtp({ payloadType, marker, sequence, timestamp, ssrc, payload }: RtpPacket): Buffer {
  const buffer = rtpPacketFor(payload.length, marker, payloadType, sequence, timestamp, ssrc);
  buffer.set(payload, RTP_HEADER_LENGTH);
  return buffer;
}
