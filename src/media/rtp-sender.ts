/** What one far end hears, as one RTP stream: whoever speaks, its packets follow each other as if they came from one source. */
import { randomInt } from 'node:crypto';
import { SAMPLE_RATE, SAMPLES_PER_PACKET, type Codec, type Packet } from './audio';
import { SILENCE, transcodingTable } from './g711';
import { MAX_RTP_LENGTH, RTP_HEADER_LENGTH, rtpPacketFor, sequenceDistance, timestampDistance } from './rtp';
import { createKeySender, type KeyStep } from './telephone-event';

/** What the far end takes. */
export interface SenderFormat {
  codec: Codec;
  payloadType: number;
  /** undefined: no telephone events. */
  eventType: number | undefined;
}

export interface RtpSender {
  /** undefined: nothing at all (hold, or nothing negotiated). */
  configure(format: SenderFormat | undefined): void;
  /** @returns whether it was sent */
  send(packet: Packet): boolean;
  /** Keys and pauses to be sent. */
  press(digits: string): void;
  /** Every 20 ms, while `pressing`. */
  tick(this: void): void;
  /** Keys are being sent, or wait. */
  readonly pressing: boolean;
  /** Every `CHECK_MS`: a packet of silence where nobody speaks. */
  fill(): void;
}

/** ms */
export const CHECK_MS = 100;
/**
 * Where nobody speaks, a packet of silence goes out every so many checks: a second. It keeps the way through a NAT open
 * (RFC 6263 4.3) and says that the call is alive. Fifty a second would sound the same, and cost as much as speech.
 */
const CHECKS_PER_COMFORT = 10;
const SAMPLES_PER_MS = SAMPLE_RATE / 1000;

const silence: Record<Codec, Uint8Array> = {
  PCMU: new Uint8Array(SAMPLES_PER_PACKET).fill(SILENCE.PCMU),
  PCMA: new Uint8Array(SAMPLES_PER_PACKET).fill(SILENCE.PCMA),
};

/** @param write sends it; false: the address is not known */
export function createRtpSender(write: (packet: Buffer) => boolean): RtpSender {
  const ssrc = randomInt(2 ** 32);
  const keys = createKeySender();
  let format: SenderFormat | undefined;

  /** The stream that is being carried on; undefined: the next packet begins one. */
  let stream: object | undefined;
  // From its numbers to ours.
  let sequenceOffset = 0;
  let timestampOffset = 0;
  let sequence = randomInt(2 ** 16); // the last one that was sent
  let end = randomInt(2 ** 32); // timestamp at which the sound that was sent ends
  let lastAt: number | undefined; // ms
  let lastDuration = 0;
  /** The press that was passed on last: its packets bear one timestamp, whatever goes out between them. */
  let event: { stream: object; timestamp: number; out: number } | undefined;
  let spoken = false; // since the last check
  let quietChecks = 0;

  /** The timestamp for what begins now: where the last sound ended, and after as long a gap as there truly was. */
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
      // What is missed from now on is not lost on the way: the next packet begins anew.
      stream = undefined;
      if (!next) keys.clear();
      spoken = false;
      quietChecks = CHECKS_PER_COMFORT - 1; // the first one is due at once: it opens the way
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
      // An event lasts from its timestamp on for as long as it says.
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
