/**
 * Detects key presses in a stream of telephone events.
 *
 * In RFC 4733, all packets of a press have the same timestamp, and different presses have different timestamps. Real
 * senders violate both rules: some gateways use one timestamp for all keys, and some use a new timestamp for each end
 * packet. Therefore the detector combines timestamp, event code, marker, end bit, duration and sequence number. A press
 * is reported with the first of its packets that arrives, because any packet may be lost, repeated or late.
 */
import type { Packet } from './audio';
import { sequenceDistance, timestampDistance } from './rtp';
import { KEYS, parseTelephoneEvent, type TelephoneEvent } from './telephone-event';

export type EventPacket = Pick<Packet, 'payload' | 'timestamp' | 'marker' | 'stream' | 'sequence'>;

export interface KeyDetector {
  take(packet: EventPacket): void;
}

/** Number of recent presses that are kept, to recognise their late packets. */
const MAX_RECENT = 16;
/** A packet that is further behind in sequence is not late: the sender has restarted its numbering. */
const MAX_LATE = 100;
/**
 * Minimum duration of a segment. Keys held longer than the maximum duration are sent in segments (RFC 4733 2.5.1.3).
 */
const MIN_SEGMENT = 0x8000;
/** Maximum loss at the end of a segment; samples. */
const MAX_LOST = 2_000;
/** End packets are repeated for at most this time, which is shorter than a key and a pause; samples. */
const MAX_END_SPAN = 480;
/** Tolerance for timestamps that increase with the duration; samples. */
const ONE_PACKET = 160;

interface Press {
  stream: object;
  event: number;
  /** Timestamp of the first packet. */
  begin: number;
  /** Timestamp of the latest packet. */
  timestamp: number;
  sequence: number;
  ended: boolean;
  /** The longest duration so far in the latest segment. */
  until: number;
}

/** @param pressed called once per press */
export function createKeyDetector(pressed: (key: string) => void): KeyDetector {
  const recent: Press[] = [];
  let last: Press | undefined;

  const begin = (packet: EventPacket, { event, end, duration }: TelephoneEvent): Press => {
    const { stream, timestamp, sequence } = packet;
    const press = { stream, event, begin: timestamp, timestamp, sequence, ended: end, until: duration };
    recent.push(press);
    if (recent.length > MAX_RECENT) recent.shift();
    const key = KEYS[event];
    if (key !== undefined) pressed(key);
    return press;
  };

  return {
    take(packet) {
      const event = parseTelephoneEvent(packet.payload);
      if (!event) return;
      if (last && isLate(packet, last)) {
        // A late packet of an unknown press: all other packets of that press were lost.
        if (!recent.some((press) => wasPartOf(packet, event, press))) begin(packet, event);
      } else if (last && goesOn(packet, event, last)) goOn(packet, event, last);
      else last = begin(packet, event);
    },
  };
}

function goOn({ stream, timestamp, sequence }: EventPacket, event: TelephoneEvent, press: Press): void {
  const isNextSegment = timestamp !== press.timestamp && !event.end && event.duration < press.until;
  press.until = isNextSegment ? event.duration : Math.max(press.until, event.duration);
  press.ended ||= event.end;
  Object.assign(press, { stream, timestamp, sequence });
}

/** Whether the packet was overtaken by one of the same or of a later press. */
function isLate({ stream, sequence, timestamp }: EventPacket, last: Press): boolean {
  if (stream !== last.stream) return false;
  const ahead = timestampDistance(timestamp, last.timestamp);
  const inSequence = sequenceDistance(sequence, last.sequence);
  return ahead <= 0 && ((inSequence < 0 && inSequence > -MAX_LATE) || (inSequence === 0 && ahead < 0));
}

/** Whether a late packet belongs to this press, whose packets may have different timestamps. */
function wasPartOf({ stream, timestamp }: EventPacket, event: TelephoneEvent, press: Press): boolean {
  if (stream !== press.stream || event.event !== press.event) return false;
  if (timestamp === press.begin || timestamp === press.timestamp) return true;
  const behind = timestampDistance(press.timestamp, timestamp);
  if (event.end)
    return event.duration >= press.until && Math.abs(behind) <= (press.ended ? 0 : event.duration) + MAX_END_SPAN;
  return Math.abs(behind - (press.until - event.duration)) <= MAX_END_SPAN;
}

/** Whether the packet continues the latest press. */
function goesOn(packet: EventPacket, event: TelephoneEvent, last: Press): boolean {
  if (event.event !== last.event) return false;
  if (packet.stream !== last.stream) return goesOnElsewhere(packet, event, last);
  const ahead = timestampDistance(packet.timestamp, last.timestamp);
  if (ahead === 0) return !beginsAgain(event, last);
  if (ahead < 0 || packet.marker) return false;
  const grown = event.duration - last.until;
  if (event.end) return grown >= 0 && ahead <= (last.ended ? 0 : event.duration) + MAX_END_SPAN;
  if (last.ended) return false;
  const isNextSegment = last.until >= MIN_SEGMENT && ahead >= last.until && ahead - last.until <= MAX_LOST;
  // The second condition is for senders whose timestamps increase during a press.
  return isNextSegment || Math.abs(ahead - grown) <= ONE_PACKET;
}

/**
 * Whether a packet with the same key and timestamp begins a new press: after an end packet, or if the duration
 * restarts.
 */
function beginsAgain(event: TelephoneEvent, last: Press): boolean {
  if (event.end) return false;
  return last.ended || (event.duration < last.until && last.until < MIN_SEGMENT);
}

/**
 * Whether the press continues in another stream: the SSRC, and usually the timestamp, changed while the key was held.
 */
function goesOnElsewhere(packet: EventPacket, event: TelephoneEvent, last: Press): boolean {
  const grown = event.duration - last.until;
  return !last.ended && !packet.marker && grown >= 0 && grown <= MAX_LOST;
}
