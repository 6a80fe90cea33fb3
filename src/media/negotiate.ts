/** Offer and answer (RFC 3264) for one stream of G.711, with telephone events. */
import { isIP } from 'node:net';
import type { Codec } from './audio';
import { parseSdp, type Direction, type RtpMap, type SdpMedia, type SessionDescription } from './sdp';
import { SdpError } from '../support/sdp-error';

/** What both sides agreed on: what the far end takes, and what may come from it. */
export interface AudioStream {
  /** Where the far end wants it; undefined: not known (a host name, multicast, or 0.0.0.0). */
  remote: { address: string; port: number } | undefined;
  /** For what is sent: the first of the common ones in the far end's order. */
  codec: Codec;
  payloadType: number;
  /** Payload type of telephone-event for what is sent; undefined: the far end takes none. */
  eventType: number | undefined;
  /** Payload types that may come. */
  receivable: ReadonlyMap<number, Codec | 'telephone-event'>;
  /** The far end wants to hear something. */
  mayHear: boolean;
  /** The far end has something to say. */
  maySay: boolean;
  /** The far end has put the call on hold. */
  held: boolean;
}

/** Payload types that stand for themselves (RFC 3551 6), and those of our offers. */
const STATIC = new Map<string, RtpMap>([
  ['0', { encoding: 'pcmu', clockRate: 8_000, channels: 1 }],
  ['8', { encoding: 'pcma', clockRate: 8_000, channels: 1 }],
]);
const BOTH_CODECS: readonly Format[] = [
  ['0', 'PCMU'],
  ['8', 'PCMA'],
];
const OFFERED_EVENT_TYPE = 101;
/** The sixteen keys (RFC 4733 3.2). */
const KEYS = '0-15';

const OPPOSITE: Record<Direction, Direction> = {
  sendrecv: 'sendrecv',
  sendonly: 'recvonly',
  recvonly: 'sendonly',
  inactive: 'inactive',
};

/** The one medium that is offered: both codecs, and the keys. */
export function offeredMedia(port: number): SdpMedia[] {
  return [audio(port, 'RTP/AVP', 'sendrecv', [...BOTH_CODECS, [String(OFFERED_EVENT_TYPE), 'telephone-event']])];
}

/**
 * An offer within a call: the media stay in their places, and payload types mean what they meant (RFC 3264 8, 8.3.2).
 * @param agreed what this end last offered or answered
 */
export function reofferedMedia(port: number, agreed: readonly SdpMedia[]): SdpMedia[] {
  return agreed.map((medium) => {
    if (medium.port === 0) return medium;
    const formats = new Map(formatsOf(medium));
    for (const [format, name] of BOTH_CODECS) formats.set(format, name);
    return audio(port, medium.protocol, 'sendrecv', [...formats]);
  });
}

/**
 * The far end's answer to what was offered.
 * @throws SdpError
 */
export function acceptAnswer(text: string, offered: readonly SdpMedia[]): AudioStream {
  const at = Math.max(
    0,
    offered.findIndex(({ port }) => port !== 0),
  );
  const medium = parseSdp(text).media[at];
  const stream = medium && streamOf(medium);
  if (!stream) throw new SdpError('sdp-not-acceptable', 'The answer takes none of the codecs that were offered');
  // Payload types are the business of each receiver (RFC 3264 6.1): what comes may bear ours, too.
  const receivable = new Map(stream.receivable);
  for (const [format, name] of formatsOf(offered[at])) receivable.set(Number(format), name);
  return { ...stream, receivable };
}

/**
 * The answer to an offer: the first stream of sound that can be spoken is taken, the other media are refused in their places.
 * @throws SdpError
 */
export function answerOffer(text: string, port: number): { stream: AudioStream; media: SdpMedia[] } {
  const offer = parseSdp(text);
  const { chosen, stream } = choose(offer);
  const media = offer.media.map((medium) => {
    // RFC 3264 6: a refused stream keeps its formats, which mean nothing.
    if (medium !== chosen) return { ...refused, kind: medium.kind, protocol: medium.protocol, formats: medium.formats };
    const formats = [...new Set(medium.formats)].flatMap((format): Format[] => {
      const name = stream.receivable.get(Number(format));
      return name === undefined ? [] : [[format, name]];
    });
    return audio(port, medium.protocol, OPPOSITE[directionOf(medium)], formats);
  });
  return { stream, media };
}

/**
 * Whether an offer could be answered, without answering it.
 * @throws SdpError
 */
export function checkOffer(text: string): void {
  choose(parseSdp(text));
}

function choose(offer: SessionDescription): { chosen: SdpMedia; stream: AudioStream } {
  for (const chosen of offer.media) {
    const stream = streamOf(chosen);
    if (stream) return { chosen, stream };
  }
  throw new SdpError('sdp-not-acceptable', 'The offer has no audio over RTP/AVP with PCMU or PCMA');
}

/** undefined: not a medium that can be spoken. */
function streamOf(medium: SdpMedia): AudioStream | undefined {
  if (medium.kind !== 'audio' || medium.port === 0 || !isPlainRtp(medium.protocol)) return undefined;
  const receivable = new Map<number, Codec | 'telephone-event'>();
  let sent: { codec: Codec; payloadType: number } | undefined;
  let eventType: number | undefined;
  for (const format of medium.formats) {
    const payloadType = Number(format);
    const name = nameOf(medium.rtpmap.get(format) ?? STATIC.get(format));
    if (name === undefined || !(payloadType < 128)) continue;
    receivable.set(payloadType, name);
    if (name === 'telephone-event') eventType ??= payloadType;
    else sent ??= { codec: name, payloadType };
  }
  if (!sent) return undefined;
  const direction = directionOf(medium);
  return {
    ...sent,
    remote: remoteOf(medium),
    eventType,
    receivable,
    mayHear: direction === 'sendrecv' || direction === 'recvonly',
    maySay: direction === 'sendrecv' || direction === 'sendonly',
    held: direction === 'sendonly' || direction === 'inactive',
  };
}

/** Feedback (AVPF, RFC 4585) is never sent, which it allows. Without keys nothing is encrypted: SAVP is refused. */
function isPlainRtp(protocol: string): boolean {
  return protocol === 'RTP/AVP' || protocol === 'RTP/AVPF';
}

function nameOf(map: RtpMap | undefined): Codec | 'telephone-event' | undefined {
  if (map?.clockRate !== 8_000 || map.channels !== 1) return undefined;
  if (map.encoding === 'pcmu') return 'PCMU';
  if (map.encoding === 'pcma') return 'PCMA';
  return map.encoding === 'telephone-event' ? 'telephone-event' : undefined;
}

/** Before directions there were, hold was said by the address 0.0.0.0 (RFC 3264 8.4). */
function directionOf(medium: SdpMedia): Direction {
  const direction = medium.direction ?? 'sendrecv';
  if (!isHoldAddress(medium.connection)) return direction;
  return direction === 'sendrecv' || direction === 'sendonly' ? 'sendonly' : 'inactive';
}

function isHoldAddress(address: string | undefined): boolean {
  return address === '0.0.0.0' || address === '::';
}

function remoteOf({ connection, port }: SdpMedia): AudioStream['remote'] {
  if (connection === undefined || isHoldAddress(connection)) return undefined;
  // A name would have to be resolved; the far end is heard soon enough, and then answered where it speaks from.
  const family = isIP(connection);
  // The zone of a link-local address means nothing on another machine.
  if (family === 0 || connection.includes('%')) return undefined;
  const multicast = family === 4 ? Number(connection.split('.', 1)[0]) >= 224 : /^ff/i.test(connection);
  return multicast ? undefined : { address: connection, port };
}

type Format = readonly [format: string, name: Codec | 'telephone-event'];

/** Those of a medium of this end. */
function formatsOf(medium: SdpMedia | undefined): Format[] {
  return [...(medium?.rtpmap ?? [])].flatMap(([format, map]): Format[] => {
    const name = nameOf({ ...map, encoding: map.encoding.toLowerCase() });
    return name === undefined ? [] : [[format, name]];
  });
}

const refused: SdpMedia = {
  kind: 'audio',
  port: 0,
  protocol: 'RTP/AVP',
  formats: [],
  connection: undefined,
  direction: undefined,
  rtpmap: new Map(),
  fmtp: new Map(),
  ptime: undefined,
};

function audio(port: number, protocol: string, direction: Direction, formats: readonly Format[]): SdpMedia {
  const events = formats.filter(([, name]) => name === 'telephone-event');
  return {
    kind: 'audio',
    port,
    protocol,
    formats: formats.map(([format]) => format),
    connection: undefined,
    direction,
    rtpmap: new Map(
      formats.map(([format, name]): [string, RtpMap] => [format, { encoding: name, clockRate: 8_000, channels: 1 }]),
    ),
    fmtp: new Map(events.map(([format]): [string, string] => [format, KEYS])),
    ptime: 20,
  };
}
