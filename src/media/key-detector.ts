/**
 * Finds key presses in a stream of telephone events.
 *
 * RFC 4733 gives all packets of a press one timestamp, which differs from press to press. Senders in the field break
 * either half of that: gateways send every key with one timestamp, and some give each end packet a timestamp of its own.
 * So timestamp, event code, marker, end bit, duration and sequence number are weighed together. A press is reported with
 * its first packet, whichever that is: any packet may be lost, repeated or late.
 */
import type { Packet } from './audio';
import { sequenceDistance, timestampDistance } from './rtp';
import { KEYS, parseTelephoneEvent, type TelephoneEvent } from './telephone-event';

export type EventPacket = Pick<Packet, 'payload' | 'timestamp' | 'marker' | 'stream' | 'sequence'>;

export interface KeyDetector {
  take(packet: EventPacket): void;
}

/** Presses by whose timestamp and event code late packets are recognised. */
const REMEMBERED = 16;
/** Further behind in sequence than this, a packet is not late: the sender began to count anew. */
const MOST_LATE = 100;
/** A key held for longer than a duration can say goes on in segments (RFC 4733 2.5.1.3); shorter ones do not. */
const SHORTEST_SEGMENT = 0x8000;
/** So much of the end of a segment may be lost; in samples. */
const MOST_LOST = 2_000;
/** End packets are repeated for so long at most; a pause between keys is longer together with the key; in samples. */
const RESENT_FOR = 480;
/** Timestamps and durations that grow together differ by no more than a packet. */
const ONE_PACKET = 160;

interface Press {
  stream: object;
  event: number;
  /** Of its first packet. */
  begin: number;
  /** Of its latest packet. */
  timestamp: number;
  sequence: number;
  ended: boolean;
  /** The longest duration so far, of its latest segment. */
  until: number;
}

/** @param pressed is called once for each press */
export function createKeyDetector(pressed: (key: string) => void): KeyDetector {
  const recent: Press[] = [];
  let last: Press | undefined;

  const begin = (packet: EventPacket, { event, end, duration }: TelephoneEvent): Press => {
    const { stream, timestamp, sequence } = packet;
    const press = { stream, event, begin: timestamp, timestamp, sequence, ended: end, until: duration };
    recent.push(press);
    if (recent.length > REMEMBERED) recent.shift();
    const key = KEYS[event];
    if (key !== undefined) pressed(key);
    return press;
  };

  return {
    take(packet) {
      const event = parseTelephoneEvent(packet.payload);
      if (!event) return;
      if (last && isLate(packet, last)) {
        // Where it is of another press, that press was lost but for this packet.
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

/** Overtaken by a packet of the same or of a later press. */
function isLate({ stream, sequence, timestamp }: EventPacket, last: Press): boolean {
  if (stream !== last.stream) return false;
  const ahead = timestampDistance(timestamp, last.timestamp);
  const inSequence = sequenceDistance(sequence, last.sequence);
  return ahead <= 0 && ((inSequence < 0 && inSequence > -MOST_LATE) || (inSequence === 0 && ahead < 0));
}

/** Whether a late packet is one of this press, whose packets may have timestamps of their own. */
function wasPartOf({ stream, timestamp }: EventPacket, event: TelephoneEvent, press: Press): boolean {
  if (stream !== press.stream || event.event !== press.event) return false;
  if (timestamp === press.begin || timestamp === press.timestamp) return true;
  const behind = timestampDistance(press.timestamp, timestamp);
  if (event.end)
    return event.duration >= press.until && Math.abs(behind) <= (press.ended ? 0 : event.duration) + RESENT_FOR;
  return Math.abs(behind - (press.until - event.duration)) <= RESENT_FOR;
}

/** Whether the packet belongs to the press that came last. */
function goesOn(packet: EventPacket, event: TelephoneEvent, last: Press): boolean {
  if (event.event !== last.event) return false;
  if (packet.stream !== last.stream) return goesOnElsewhere(packet, event, last);
  const ahead = timestampDistance(packet.timestamp, last.timestamp);
  if (ahead === 0) return !beginsAgain(event, last);
  if (ahead < 0 || packet.marker) return false;
  const grown = event.duration - last.until;
  if (event.end) return grown >= 0 && ahead <= (last.ended ? 0 : event.duration) + RESENT_FOR;
  if (last.ended) return false;
  const isNextSegment = last.until >= SHORTEST_SEGMENT && ahead >= last.until && ahead - last.until <= MOST_LOST;
  // Timestamps that run on during the key.
  return isNextSegment || Math.abs(ahead - grown) <= ONE_PACKET;
}

/** The same key under the same timestamp: once it was released, or where its duration has begun anew, it is another press. */
function beginsAgain(event: TelephoneEvent, last: Press): boolean {
  if (event.end) return false;
  return last.ended || (event.duration < last.until && last.until < SHORTEST_SEGMENT);
}

/** A source that changes while a key is held down: the press goes on under another SSRC, and mostly another timestamp. */
function goesOnElsewhere(packet: EventPacket, event: TelephoneEvent, last: Press): boolean {
  const grown = event.duration - last.until;
  return !last.ended && !packet.marker && grown >= 0 && grown <= MOST_LOST;
}
