/**
 * Converts datagrams of a far end to packets. Drops those of other senders and of payload types that were not
 * negotiated.
 */
import type { RemoteInfo } from 'node:dgram';
import type { Codec, Packet } from './audio';
import type { Latch } from './latch';
import { looksLikeRtp, rtpPayload, sequenceDistance } from './rtp';

export interface RtpReceiver {
  /** Sets the payload types that are accepted; undefined for none. */
  configure(receivable: ReadonlyMap<number, Codec | 'telephone-event'> | undefined): void;
  /**
   * @returns the packet; `alive` for a keep-alive of the far end; undefined if the datagram does not belong to the call
   */
  take(datagram: Buffer, source: RemoteInfo): Packet | 'alive' | undefined;
  readonly counts: Readonly<ReceiverCounts>;
}

export interface ReceiverCounts {
  received: number;
  /** Gaps in the sequence numbers. A late packet no longer counts as lost. */
  lost: number;
  /** Not RTP, or of a payload type that was not negotiated. */
  dropped: number;
  /** From other senders. */
  ignored: number;
}

/** A larger gap means that the source has restarted (RFC 3550 A.1, MAX_DROPOUT), not that packets were lost. */
const MAX_GAP = 3_000;

/** State of an SSRC. */
interface Source {
  readonly ssrc: number;
  stream: object;
  sequence: number;
  highest: number;
}

/** @param latch checked last, so that only valid packets can change its address */
export function createRtpReceiver(latch: Latch): RtpReceiver {
  const counts: ReceiverCounts = { received: 0, lost: 0, dropped: 0, ignored: 0 };
  let receivable: ReadonlyMap<number, Codec | 'telephone-event'> | undefined;
  // Two sources, because some senders use different SSRCs for keys and audio.
  let current: Source | undefined;
  let other: Source | undefined;

  const sourceOf = (ssrc: number, sequence: number): Source => {
    if (current?.ssrc !== ssrc) [current, other] = [other?.ssrc === ssrc ? other : undefined, current];
    current ??= { ssrc, stream: {}, sequence, highest: sequence };
    if (Math.abs(sequenceDistance(sequence, current.sequence)) > MAX_GAP) {
      current.stream = {};
      current.highest = sequence;
    }
    current.sequence = sequence;
    countLost(current);
    return current;
  };

  const countLost = (source: Source): void => {
    const ahead = sequenceDistance(source.sequence, source.highest);
    if (ahead > 0) {
      counts.lost += ahead - 1;
      source.highest = source.sequence;
    } else if (ahead < 0 && counts.lost > 0) {
      counts.lost -= 1;
    }
  };

  return {
    counts,
    configure(next) {
      receivable = next;
    },
    take(datagram, source) {
      const isRtp = looksLikeRtp(datagram);
      const format = isRtp ? receivable?.get(datagram[1]! & 0x7f) : undefined;
      const payload = format && rtpPayload(datagram);
      // A forged packet may have source port 0, to which nothing can be sent.
      if (!payload || payload.length === 0 || source.port === 0) {
        counts.dropped += 1;
        // Senders without audio keep NAT mappings open with empty payloads or unknown types (RFC 6263 4), or send
        // comfort noise (RFC 3389).
        return isRtp && receivable && latch.knows(source) ? 'alive' : undefined;
      }
      const from = datagram.readUInt32BE(8);
      if (!latch.accepts(source, from)) {
        counts.ignored += 1;
        return undefined;
      }
      counts.received += 1;
      const sequence = datagram.readUInt16BE(2);
      const { stream } = sourceOf(from, sequence);
      return {
        kind: format === 'telephone-event' ? 'telephone-event' : 'audio',
        codec: format === 'PCMA' ? 'PCMA' : 'PCMU',
        payload,
        stream,
        sequence,
        timestamp: datagram.readUInt32BE(4),
        marker: datagram[1]! >= 0x80,
      };
    },
  };
}
