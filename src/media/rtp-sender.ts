/** Sends packets of changing sources to a far end as one continuous RTP stream. */
import { randomInt } from 'node:crypto';
import { SAMPLE_RATE, SAMPLES_PER_PACKET, type Codec, type Packet } from './audio';
import { SILENCE, transcodingTable } from './g711';
import { MAX_RTP_LENGTH, RTP_HEADER_LENGTH, rtpPacketFor, sequenceDistance, timestampDistance } from './rtp';
import { createKeySender, type KeyStep } from './telephone-event';

/** What the far end accepts. */
export interface SenderFormat {
  codec: Codec;
  payloadType: number;
  /** Payload type of telephone events; undefined if they are not supported. */
  eventType: number | undefined;
}

export interface RtpSender {
  /** Sets the format; undefined to send nothing (hold, or nothing negotiated). */
  configure(format: SenderFormat | undefined): void;
  /** Sends a packet. @returns whether it was sent */
  send(packet: Packet): boolean;
  /** Queues keys and pauses: see `MediaLeg.sendDtmf`. */
  press(digits: string): void;
  /** Must be called every 20 ms while `pressing`. */
  tick(this: void): void;
  /** Whether keys are being sent or are queued. */
  readonly pressing: boolean;
  /** Must be called every `CHECK_MS`. Sends silence if there is no audio. */
  fill(): void;
}

/** ms */
export const CHECK_MS = 100;
/**
 * Without audio, one packet of silence per second is sent (this many checks). It keeps NAT mappings open (RFC 6263 4.3)
 * and shows that the call is alive. Continuous silence would sound the same, but cost as much as speech.
 */
const CHECKS_PER_COMFORT = 10;
const SAMPLES_PER_MS = SAMPLE_RATE / 1000;

const silence: Record<Codec, Uint8Array> = {
  PCMU: new Uint8Array(SAMPLES_PER_PACKET).fill(SILENCE.PCMU),
  PCMA: new Uint8Array(SAMPLES_PER_PACKET).fill(SILENCE.PCMA),
};

/** @param write sends a packet; returns false if the destination is unknown */
export function createRtpSender(write: (packet: Buffer) => boolean): RtpSender {
  const ssrc = randomInt(2 ** 32);
  const keys = createKeySender();
  let format: SenderFormat | undefined;

  /** The current source stream; undefined if the next packet begins a new one. */
  let stream: object | undefined;
  // Offsets from its numbers to those of the sent stream.
  let sequenceOffset = 0;
  let timestampOffset = 0;
  let sequence = randomInt(2 ** 16); // of the last sent packet
  let end = randomInt(2 ** 32); // timestamp of the end of the sent audio
  let lastAt: number | undefined; // ms
  let lastDuration = 0;
  /** The last relayed key press. All its packets get the same timestamp, even with other packets between them. */
  let event: { stream: object; timestamp: number; out: number } | undefined;
  let spoken = false; // since the last check
  let quietChecks = 0;

  /** The timestamp for a packet that begins now: the end of the last audio plus the real gap since then. */
  const timestampNow = (now: number): number => {
    if (lastAt === undefined) return end;
    const gap = (now - lastAt) * SAMPLES_PER_MS - lastDuration;
    return (end + Math.max(0, Math.round(gap / SAMPLES_PER_PACKET)) * SAMPLES_PER_PACKET) >>> 0;
  };

  const sent = (at: number, out: number, duration: number, now: number): void => {
    if (sequenceDistance(at, sequence) > 0) sequence = at;
    const until = (out + duration) >>> 0;
    if (timestampDistance(until, end) > 0) end = until;
    lastAt = now;
    lastDuration = duration;
  };

  const sendOwn = (payload: Uint8Array, payloadType: number, marker: boolean, timestamp: number): void => {
    const at = (sequence + 1) & 0xffff;
    const buffer = rtpPacketFor(payload.length, marker, payloadType, at, timestamp, ssrc);
    buffer.set(payload, RTP_HEADER_LENGTH);
    if (write(buffer)) sequence = at;
  };

  /** Timestamp of the press that is being sent. */
  let pressedAt = 0;
  const sendKey = ({ payload, marker, sincePress }: KeyStep, eventType: number): void => {
    const now = performance.now();
    if (marker) {
      pressedAt = timestampNow(now);
      stream = undefined;
    }
    sendOwn(payload, eventType, marker, pressedAt);
    sent(sequence, pressedAt + sincePress, SAMPLES_PER_PACKET, now);
  };

  const sendComfort = ({ codec, payloadType }: SenderFormat): void => {
    const now = performance.now();
    const timestamp = timestampNow(now);
    stream = undefined;
    sendOwn(silence[codec], payloadType, true, timestamp);
    sent(sequence, timestamp, SAMPLES_PER_PACKET, now);
  };

  return {
    configure(next) {
      format = next;
      // Packets that are not sent must not look like lost ones: the next packet begins a new stream.
      stream = undefined;
      if (!next) keys.clear();
      spoken = false;
      quietChecks = CHECKS_PER_COMFORT - 1; // the first silence is due at once, to open NAT mappings
    },

    send(packet) {
      if (!format || keys.pressing) return false;
      const { payload } = packet;
      const isAudio = packet.kind === 'audio';
      const payloadType = isAudio ? format.payloadType : format.eventType;
      if (payloadType === undefined || payload.length > MAX_RTP_LENGTH - RTP_HEADER_LENGTH) return false;

      const now = performance.now();
      const begins = packet.stream !== stream;
      if (begins) {
        stream = packet.stream;
        sequenceOffset = sequence + 1 - packet.sequence;
        timestampOffset = timestampNow(now) - packet.timestamp;
      }
      const at = (packet.sequence + sequenceOffset) & 0xffff;
      const isSamePress = event?.stream === packet.stream && event.timestamp === packet.timestamp;
      const pressed = isAudio || !isSamePress ? undefined : event?.out;
      const timestamp = pressed ?? (packet.timestamp + timestampOffset) >>> 0;
      const marker = packet.marker || (begins && pressed === undefined);
      const buffer = rtpPacketFor(payload.length, marker, payloadType, at, timestamp, ssrc);
      const table = isAudio ? transcodingTable(packet.codec, format.codec) : undefined;
      if (table) {
        for (let i = 0; i < payload.length; i += 1) buffer[RTP_HEADER_LENGTH + i] = table[payload[i]!]!;
      } else {
        buffer.set(payload, RTP_HEADER_LENGTH);
      }
      if (!write(buffer)) {
        stream = undefined;
        return false;
      }
      if (!isAudio) event = { stream: packet.stream, timestamp: packet.timestamp, out: timestamp };
      spoken = true;
      // An event ends at its timestamp plus its duration field.
      sent(at, timestamp, isAudio ? payload.length : ((payload[2] ?? 0) << 8) | (payload[3] ?? 0), now);
      return true;
    },

    press(digits) {
      if (format?.eventType !== undefined) keys.press(digits);
    },

    get pressing() {
      return format?.eventType !== undefined && keys.busy;
    },

    tick() {
      if (format?.eventType === undefined || !keys.busy) return;
      const step = keys.step();
      if (!step) return;
      spoken = true;
      sendKey(step, format.eventType);
    },

    fill() {
      if (!format || keys.pressing) return;
      quietChecks = spoken ? 0 : quietChecks + 1;
      spoken = false;
      if (quietChecks < CHECKS_PER_COMFORT) return;
      quietChecks = 0;
      sendComfort(format);
    },
  };
}
