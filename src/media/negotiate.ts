/** Offer and answer (RFC 3264) for one G.711 stream with telephone events. */
import { isIP } from 'node:net';
import type { Codec } from './audio';
import { parseSdp, type Direction, type RtpMap, type SdpMedia, type SessionDescription } from './sdp';
import { SdpError } from '../support/sdp-error';

/** The agreed audio stream. */
export interface AudioStream {
  /** Destination of packets; undefined if unusable (a host name, multicast, or 0.0.0.0). */
  remote: { address: string; port: number } | undefined;
  /** Codec for sending: the first common codec in the far end's order. */
  codec: Codec;
  payloadType: number;
  /** Payload type for sending telephone events; undefined if the far end does not support them. */
  eventType: number | undefined;
  /** Payload types that may be received. */
  receivable: ReadonlyMap<number, Codec | 'telephone-event'>;
  /** Whether the far end receives audio. */
  farEndReceives: boolean;
  /** Whether the far end sends audio. */
  farEndSends: boolean;
  /** Whether the far end has put the call on hold. */
  held: boolean;
}

/** Static payload types (RFC 3551 6). */
const STATIC = new Map<string, RtpMap>([
  ['0', { encoding: 'pcmu', clockRate: 8_000, channels: 1 }],
  ['8', { encoding: 'pcma', clockRate: 8_000, channels: 1 }],
]);
const BOTH_CODECS: readonly Format[] = [
  ['0', 'PCMU'],
  ['8', 'PCMA'],
];
const OFFERED_EVENT_TYPE = 101;
/** Event codes of the sixteen keys (RFC 4733 3.2). */
const KEYS = '0-15';

const OPPOSITE: Record<Direction, Direction> = {
  sendrecv: 'sendrecv',
  sendonly: 'recvonly',
  recvonly: 'sendonly',
  inactive: 'inactive',
};

/** The media of an initial offer: one audio stream with both codecs and telephone events. */
export function offeredMedia(port: number): SdpMedia[] {
  return [audio(port, 'RTP/AVP', 'sendrecv', [...BOTH_CODECS, [String(OFFERED_EVENT_TYPE), 'telephone-event']])];
}

/**
 * The media of an offer within a call. Media keep their positions, and payload types their meaning (RFC 3264 8, 8.3.2).
 * @param agreed media of this end's last accepted offer or last answer
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
 * Reads the far end's answer to an offer.
 * @throws SdpError
 */
export function acceptAnswer(text: string, offered: readonly SdpMedia[]): AudioStream {
  const at = Math.max(
    0,
    offered.findIndex(({ port }) => port !== 0),
  );
  const medium = parseSdp(text).media[at];
  const stream = medium && streamOf(medium);
  if (!stream) throw new SdpError('sdp-not-acceptable', 'The answer accepts none of the offered codecs');
  // Each receiver chooses its payload types (RFC 3264 6.1), so received packets may also have those of our offer.
  const receivable = new Map(stream.receivable);
  for (const [format, name] of formatsOf(offered[at])) receivable.set(Number(format), name);
  return { ...stream, receivable };
}

/**
 * Answers an offer: accepts the first usable audio stream, and rejects the other media in their positions.
 * @throws SdpError
 */
export function answerOffer(text: string, port: number): { stream: AudioStream; media: SdpMedia[] } {
  const offer = parseSdp(text);
  const { chosen, stream } = choose(offer);
  const media = offer.media.map((medium) => {
    // RFC 3264 6: a rejected stream keeps its formats, which have no meaning.
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

/** @returns undefined if the medium is not a usable audio stream */
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
    farEndReceives: direction === 'sendrecv' || direction === 'recvonly',
    farEndSends: direction === 'sendrecv' || direction === 'sendonly',
    held: direction === 'sendonly' || direction === 'inactive',
  };
}

/** AVPF (RFC 4585) is accepted, because feedback is optional. SAVP is rejected, because SRTP is not supported. */
function isPlainRtp(protocol: string): boolean {
  return protocol === 'RTP/AVP' || protocol === 'RTP/AVPF';
}

function nameOf(map: RtpMap | undefined): Codec | 'telephone-event' | undefined {
  if (map?.clockRate !== 8_000 || map.channels !== 1) return undefined;
  if (map.encoding === 'pcmu') return 'PCMU';
  if (map.encoding === 'pcma') return 'PCMA';
  return map.encoding === 'telephone-event' ? 'telephone-event' : undefined;
}

/** The direction of a medium. The old way to signal hold is the address 0.0.0.0 (RFC 3264 8.4). */
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
  // Host names are not resolved: packets of the far end soon show its address.
  const family = isIP(connection);
  // The zone of a link-local address has no meaning on another machine.
  if (family === 0 || connection.includes('%')) return undefined;
  const multicast = family === 4 ? Number(connection.split('.', 1)[0]) >= 224 : /^ff/i.test(connection);
  return multicast ? undefined : { address: connection, port };
}

type Format = readonly [format: string, name: Codec | 'telephone-event'];

/** The formats of a medium of this end. */
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
