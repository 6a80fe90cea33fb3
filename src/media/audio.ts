/** Audio between far ends: G.711 packets with the fields of RTP. */
import type { InternalErrors } from '../support/internal-errors';

export type Codec = 'PCMU' | 'PCMA';

/** Samples per second of G.711 and of its RTP timestamps. */
export const SAMPLE_RATE = 8_000;
/** Duration of packets that this server creates; received packets may differ; ms. */
const PTIME_MS = 20;
export const SAMPLES_PER_PACKET = (SAMPLE_RATE * PTIME_MS) / 1000;

/** A packet of audio or of a telephone event (RFC 4733). Immutable, so that receivers can keep it. */
export interface Packet {
  kind: 'audio' | 'telephone-event';
  /** Codec of the payload; `audio` only. */
  codec: Codec;
  /** `audio`: one sample per byte. `telephone-event`: the four bytes of RFC 4733 2.3. */
  payload: Uint8Array;
  /** Identity of the stream. Sequence numbers and timestamps are comparable only within a stream. */
  stream: object;
  /** 16 bits, as in RTP. Gaps are lost packets. */
  sequence: number;
  /** 32 bits, in samples. */
  timestamp: number;
  /** First packet of a talkspurt or of an event. */
  marker: boolean;
}

/** Receives packets. Never throws. */
export type PacketSink = (packet: Packet) => void;

/**
 * A sink that never throws: its errors belong to its own call, not to the call that sends the packets. It does not use
 * `guard`, which allocates for each packet.
 */
export function guardedSink(internalErrors: InternalErrors, where: string, take: PacketSink): PacketSink {
  return (packet) => {
    try {
      take(packet);
    } catch (error) {
      internalErrors.report(error, { where });
    }
  };
}

/** The audio of a line's far end. */
export interface Party {
  /** Sends a packet to the far end. Has no effect after the line has closed. */
  readonly write: PacketSink;
  /** Sets the one sink for packets from the far end; undefined for none. */
  pipeTo(sink: PacketSink | undefined): void;
  /** Sets the one tap that gets a copy of all packets from and to the far end, for recording; undefined for none. */
  tap(tap: Tap | undefined): void;
}

export interface Tap {
  /** Packets from the far end. */
  onReceived: PacketSink;
  /** Packets to the far end. */
  onSent: PacketSink;
}
