/** What one far end says: from datagrams to packets, as far as they are its own and were negotiated. */
import type { RemoteInfo } from 'node:dgram';
import type { Codec, Packet } from './audio';
import type { Latch } from './latch';
import { looksLikeRtp, rtpPayload, sequenceDistance } from './rtp';

export interface RtpReceiver {
  /** Payload types that may come; undefined: nothing yet. */
  configure(receivable: ReadonlyMap<number, Codec | 'telephone-event'> | undefined): void;
  /** undefined: not a packet of this call; `alive`: no more than a sign that the far end is there. */
  take(datagram: Buffer, source: RemoteInfo): Packet | 'alive' | undefined;
  readonly counts: Readonly<ReceiverCounts>;
}

export interface ReceiverCounts {
  received: number;
  /** By the gaps of the sequence numbers; a packet that comes late is no longer lost. */
  lost: number;
  /** Neither RTP nor of a payload type that was negotiated. */
  dropped: number;
  /** From somebody else. */
  ignored: number;
}

/** A source that skips so many has begun anew (RFC 3550 A.1, MAX_DROPOUT): nothing of it was lost. */
const MOST_LOST = 3_000;

/** What bears one SSRC. */
interface Source {
  readonly ssrc: number;
  stream: object;
  sequence: number;
  highest: number;
}

/** @param latch is asked last: only what can be the far end's own may move it */
export function createRtpReceiver(latch: Latch): RtpReceiver {
  const counts: ReceiverCounts = { received: 0, lost: 0, dropped: 0, ignored: 0 };
  let receivable: ReadonlyMap<number, Codec | 'telephone-event'> | undefined;
  // Two, because some send keys under another SSRC than the sound between them.
  let current: Source | undefined;
  let other: Source | undefined;

  const sourceOf = (ssrc: number, sequence: number): Source => {
    if (current?.ssrc !== ssrc) [current, other] = [other?.ssrc === ssrc ? other : undefined, current];
    current ??= { ssrc, stream: {}, sequence, highest: sequence };
    if (Math.abs(sequenceDistance(sequence, current.sequence)) > MOST_LOST) {
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
      // A forged source may have port 0, to which nothing can be sent back.
      if (!payload || payload.length === 0 || source.port === 0) {
        counts.dropped += 1;
        // Who has nothing to say keeps the way open with payloads that are empty, or of a type that nobody takes
        // (RFC 6263 4), or says what its silence sounds like (RFC 3389).
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
