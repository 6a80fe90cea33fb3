/**
 * Keys as telephone events (RFC 4733): the payload, and the packets that are sent. `key-detector.ts` reads them.
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |     event     |E|R| volume    |          duration             |
 */
import { SAMPLES_PER_PACKET } from './audio';

/** The key of event n, 0 to 15 (RFC 4733 3.2). */
export const KEYS = '0123456789*#ABCD';

export interface TelephoneEvent {
  event: number;
  /** The key is released. */
  end: boolean;
  /** dB below full scale, 0 to 63. */
  volume: number;
  /** Since the packet's timestamp, in samples. */
  duration: number;
}

/** undefined: too short. */
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

/** What is to be sent in one period of 20 ms. */
export interface KeyStep {
  payload: Uint8Array;
  marker: boolean;
  /** Samples since the press began. */
  sincePress: number;
}

const PACKETS_PER_TONE = 5; // 100 ms
/** The last packet goes three times (RFC 4733 2.5.1.4); with the two repetitions and this the pause is 60 ms. */
const END_PACKETS = 3;
const REST_PACKETS = 1;
const SHORT_PAUSE = 25; // half a second
const VOLUME = 10; // -10 dBm0
const MOST_QUEUED = 1_000;

/** The packets of keys that are to be pressed, one after the other, a step every 20 ms. */
export interface KeySender {
  /** Queues keys and pauses (`,` `w` half a second, `W` a second); others are passed over. */
  press(digits: string): void;
  /** The next 20 ms: a packet, or undefined for none. Ends nowhere: nothing is due when `busy` is false. */
  step(): KeyStep | undefined;
  /** Something is to be sent still. */
  readonly busy: boolean;
  /** A key is down, or was just released: no sound may be sent. */
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
      queue = [...queue, ...known].slice(0, MOST_QUEUED);
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
