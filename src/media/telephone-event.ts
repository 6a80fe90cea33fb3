/**
 * Telephone events (RFC 4733): payload format and sending of keys. See `key-detector.ts` for receiving.
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |     event     |E|R| volume    |          duration             |
 */
import { SAMPLES_PER_PACKET } from './audio';

/** The key of each event code, 0 to 15 (RFC 4733 3.2). */
export const KEYS = '0123456789*#ABCD';

export interface TelephoneEvent {
  event: number;
  /** Whether the key has been released. */
  end: boolean;
  /** dB below full scale, 0 to 63. */
  volume: number;
  /** Duration since the packet's timestamp, in samples. */
  duration: number;
}

/** @returns undefined if the payload is too short */
export function parseTelephoneEvent(payload: Uint8Array): TelephoneEvent | undefined {
  if (payload.length < 4) return undefined;
  const second = payload[1]!;
  return {
    event: payload[0]!,
    end: second >= 0x80,
    volume: second & 0x3f,
    duration: (payload[2]! << 8) | payload[3]!,
  };
}

export function printTelephoneEvent({ event, end, volume, duration }: TelephoneEvent): Uint8Array {
  return Uint8Array.of(event, (end ? 0x80 : 0) | volume, duration >> 8, duration);
}

/** The event packet of one 20 ms period. */
export interface KeyStep {
  payload: Uint8Array;
  marker: boolean;
  /** Time since the beginning of the press, in samples. */
  sincePress: number;
}

const PACKETS_PER_TONE = 5; // 100 ms
/** The end packet is sent three times (RFC 4733 2.5.1.4). With the rest, the pause after a tone is 60 ms. */
const END_PACKETS = 3;
const REST_PACKETS = 1;
const SHORT_PAUSE = 25; // half a second
const VOLUME = 10; // -10 dBm0
const MAX_QUEUED = 1_000;

/** Generates the packets of queued keys, one step every 20 ms. */
export interface KeySender {
  /** Queues keys and pauses: `,` and `w` are half a second, `W` one second. Other characters are ignored. */
  press(digits: string): void;
  /** Advances by 20 ms. @returns the packet to send; undefined during pauses and if nothing is queued */
  step(): KeyStep | undefined;
  /** Whether anything remains to be sent. */
  readonly busy: boolean;
  /** Whether a key is being sent, or was just released. Audio must not be sent meanwhile. */
  readonly pressing: boolean;
  clear(): void;
}

export function createKeySender(): KeySender {
  let queue: string[] = [];
  let key: number | undefined;
  let packet = 0;
  let pause = 0;

  const begin = (): void => {
    const next = queue.shift();
    if (next === undefined) return;
    packet = 0;
    if (next === 'W') pause = 2 * SHORT_PAUSE;
    else if (next === ',' || next === 'w') pause = SHORT_PAUSE;
    else key = KEYS.indexOf(next);
  };

  return {
    press(digits) {
      const known = digits.replace(/[^0-9*#A-D,wW]/g, '');
      queue = [...queue, ...known].slice(0, MAX_QUEUED);
    },
    step() {
      if (pause === 0 && key === undefined) begin();
      if (pause > 0) {
        pause -= 1;
        return undefined;
      }
      if (key === undefined) return undefined;
      packet += 1;
      if (packet === PACKETS_PER_TONE + END_PACKETS - 1 + REST_PACKETS) {
        key = undefined;
        return undefined;
      }
      const end = packet >= PACKETS_PER_TONE;
      const duration = Math.min(packet, PACKETS_PER_TONE) * SAMPLES_PER_PACKET;
      const payload = printTelephoneEvent({ event: key, end, volume: VOLUME, duration });
      return { payload, marker: packet === 1, sincePress: (packet - 1) * SAMPLES_PER_PACKET };
    },
    get busy() {
      return key !== undefined || pause > 0 || queue.length > 0;
    },
    get pressing() {
      return key !== undefined;
    },
    clear() {
      queue = [];
      key = undefined;
      pause = 0;
    },
  };
}
