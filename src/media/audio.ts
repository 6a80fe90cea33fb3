/** How sound goes from one far end to another: packets of G.711 as RTP carries them. */
import type { InternalErrors } from '../support/internal-errors';

export type Codec = 'PCMU' | 'PCMA';

/** Samples a second of everything here: G.711, and the clock of its RTP timestamps. */
export const SAMPLE_RATE = 8_000;
/** The length of the packets that are made here; those of others may be longer or shorter; ms. */
const PTIME_MS = 20;
export const SAMPLES_PER_PACKET = (SAMPLE_RATE * PTIME_MS) / 1000;

/** One packet: of audio, or of a telephone event (RFC 4733). Whoever gets it may keep it, and must not write to it. */
export interface Packet {
  kind: 'audio' | 'telephone-event';
  /** Of `audio`: what the payload is. */
  codec: Codec;
  /** Of `audio`: a sample a byte. Of `telephone-event`: the four bytes of RFC 4733 2.3. */
  payload: Uint8Array;
  /** Which stream it belongs to: sequence and timestamp are comparable within one only. Any object that is unique. */
  stream: object;
  /** 16 bits, as in RTP: gaps are lost packets. */
  sequence: number;
  /** 32 bits, in samples. */
  timestamp: number;
  /** First packet of a talkspurt or of an event. */
  marker: boolean;
}

/** Takes packets; never throws. */
export type PacketSink = (packet: Packet) => void;

/**
 * A sink that never throws: its errors are those of its own call, and not of the call that speaks. Not `guard`, which
 * allocates for each packet.
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

/** The far end of a line as somebody who speaks and listens. */
export interface Party {
  /** The far end shall hear this. Harmless when it is gone. */
  readonly hear: PacketSink;
  /** Who gets what the far end says; undefined: nobody. One at a time. */
  sayTo(sink: PacketSink | undefined): void;
  /** A copy of all that the far end says and hears, for a recording; undefined: no more. One at a time. */
  tap(tap: Tap | undefined): void;
}

export interface Tap {
  /** By the far end. */
  said: PacketSink;
  /** By the far end. */
  heard: PacketSink;
}
