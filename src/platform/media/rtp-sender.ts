/** What one far end hears, as one RTP stream: whoever speaks, its packets follow each other as if they came from one source. */
import { randomInt } from 'node:crypto';
import { PTIME_MS, SAMPLE_RATE, SAMPLES_PER_PACKET, type Codec, type Packet } from './audio';
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
  /** Every 20 ms, as long as something may be sent and `needsTicks`. */
  tick(this: void): void;
  /**
   * To be asked every `CHECK_MS`: whether there is something to be filled in or to be pressed. While somebody speaks there
   * is not: hundreds of ticks a second for nothing would cost more than the packets' headers.
   */
  needsTicks(): boolean;
}

/** ms */
export const CHECK_MS = 100;
/** Silence is filled in when nobody spoke for so many periods: at the start, and later. */
const FIRST_QUIET_PERIODS = 3; // 60 ms
const QUIET_PERIODS = 10; // 200 ms
const SAMPLES_PER_MS = SAMPLE_RATE / 1000;

const silence: Record<Codec, Uint8Array> = {
  PCMU: new Uint8Array(SAMPLES_PER_PACKET).fill(SILENCE.PCMU),
  PCMA: new Uint8Array(SAMPLES_PER_PACKET).fill(SILENCE.PCMA),
};

/** @param write sends it; false: the address is not known */
export function createRtpSender(write: (packet: Buffer) => boolean): RtpSender {
  const ssrc = randomInt(2 ** 32);
  const keys = createKeySender();
  const comfort = {};
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
  let quiet = 0; // periods since somebody spoke
  let spoken = false; // since it was configured
  let spokenNow = false; // since the last check
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
    const timestamp = stream === comfort ? end : timestampNow(now);
    const marker = stream !== comfort;
    stream = comfort;
    sendOwn(silence[codec], payloadType, marker, timestamp);
    sent(sequence, timestamp, SAMPLES_PER_PACKET, now);
  };

  return {
    configure(next) {
      format = next;
      // What is missed from now on is not lost on the way: the next packet begins anew.
      stream = undefined;
      if (!next) keys.clear();
      quiet = 0;
      spoken = false;
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
      const timestamp = (packet.timestamp + timestampOffset) >>> 0;
      const buffer = rtpPacketFor(payload.length, packet.marker || begins, payloadType, at, timestamp, ssrc);
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
      quiet = 0;
      spoken = true;
      spokenNow = true;
      // An event lasts from its timestamp on for as long as it says.
      sent(at, timestamp, isAudio ? payload.length : ((payload[2] ?? 0) << 8) | (payload[3] ?? 0), now);
      return true;
    },

    press(digits) {
      if (format?.eventType !== undefined) keys.press(digits);
    },

    tick() {
      if (!format) return;
      if (keys.busy && format.eventType !== undefined) {
        const step = keys.step();
        if (step) sendKey(step, format.eventType);
        if (keys.pressing) {
          quiet = 0;
          return;
        }
      }
      quiet += 1;
      if (quiet <= (spoken ? QUIET_PERIODS : FIRST_QUIET_PERIODS)) return;
      sendComfort(format);
    },

    needsTicks() {
      if (!format) return false;
      quietChecks = spokenNow ? 0 : quietChecks + 1;
      spokenNow = false;
      if (!spoken || keys.busy) return true;
      if (quietChecks * CHECK_MS < QUIET_PERIODS * PTIME_MS) return false;
      quiet = Math.max(quiet, QUIET_PERIODS); // which nobody has counted
      return true;
    },
  };
}
