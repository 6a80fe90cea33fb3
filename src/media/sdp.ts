/** Parses and prints session descriptions (RFC 8866) of audio calls. Unknown lines are ignored. */
import { isIP } from 'node:net';
import { SdpError } from '../support/sdp-error';

/** From the point of view of the description's author (RFC 8866 6.7). */
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

export interface SdpOrigin {
  username: string;
  sessionId: string;
  sessionVersion: string;
  address: string;
}

export interface RtpMap {
  /** Lower case when parsed: encoding names are case-insensitive. */
  encoding: string;
  clockRate: number;
  channels: number;
}

export interface SdpMedia {
  /** `audio`, `video`, … */
  kind: string;
  /** 0 if the medium is rejected or disabled. */
  port: number;
  /** `RTP/AVP`, … */
  protocol: string;
  /** Formats in order. For RTP, these are payload types. */
  formats: string[];
  /** Address or host name of the medium, otherwise of the session. */
  connection: string | undefined;
  /** Direction of the medium, otherwise of the session. Undefined means `sendrecv`. */
  direction: Direction | undefined;
  rtpmap: Map<string, RtpMap>;
  fmtp: Map<string, string>;
  /** ms */
  ptime: number | undefined;
}

export interface SessionDescription {
  origin: SdpOrigin;
  connection: string | undefined;
  media: SdpMedia[];
}

// Descriptions with many video codecs and candidates have about 6 kB and 150 lines.
const MAX_CHARACTERS = 32_768;
const MAX_LINES = 1_000;
const MAX_MEDIA = 32;
const MAX_FORMATS = 128;

const EQUALS = 0x3d;
const LETTER_A = 0x61;
const LINE = /^([A-Za-z])[ \t]*=[ \t]*(.*)$/;
/** Used if `o=` is missing or malformed. Nothing depends on it. */
const NO_ORIGIN: SdpOrigin = { username: '-', sessionId: '0', sessionVersion: '0', address: '0.0.0.0' };

const unreadable = (message: string): SdpError => new SdpError('sdp-unreadable', message);

/**
 * Parses media, addresses, directions and codecs. Everything else is ignored, and so are wrong order, spelling and
 * malformed lines: phones do not follow the strict grammar of RFC 8866 5.
 * @throws SdpError `sdp-unreadable` if the text is too long, has another version, or is not a session description
 */
export function parseSdp(text: string): SessionDescription {
  if (text.length > MAX_CHARACTERS) throw unreadable('The session description is too long');
  const lines = text.split(/\r\n|\n|\r/, MAX_LINES + 1);
  if (lines.length > MAX_LINES) throw unreadable('The session description has too many lines');

  let version: string | undefined;
  let origin: SdpOrigin | undefined;
  let connection: string | undefined;
  let direction: Direction | undefined;
  const media: SdpMedia[] = [];
  let current: SdpMedia | undefined;
  for (const raw of lines) {
    const { type, value } = lineOf(raw);
    switch (type) {
      case 'v':
        version ??= value;
        break;
      case 'o':
        origin ??= parseOrigin(value);
        break;
      case 'c':
        if (current) current.connection = parseConnection(value) ?? current.connection;
        else connection = parseConnection(value) ?? connection;
        break;
      case 'm':
        if (media.length === MAX_MEDIA) throw unreadable('The session description has too many media');
        current = parseMedia(value);
        media.push(current);
        break;
      case 'a':
        if (value.includes(':')) {
          if (current) parseAttribute(current, value);
          break;
        }
        if (current) current.direction = directionOf(value) ?? current.direction;
        else direction = directionOf(value) ?? direction;
        break;
      default: // s=, t=, b=, … and malformed lines
    }
  }
  if (version !== '0' && (version !== undefined || media.length === 0))
    throw unreadable('The session description has no v=0');
  for (const medium of media) {
    medium.connection ??= connection;
    medium.direction ??= direction;
  }
  return { origin: origin ?? NO_ORIGIN, connection, media };
}

/** Parses a line. The type is in lower case; empty if the line is malformed. */
function lineOf(raw: string): { type: string; value: string } {
  // Fast path: nearly all lines.
  if (raw.charCodeAt(1) === EQUALS && raw.charCodeAt(0) >= LETTER_A) {
    const value = raw.slice(2).trim();
    if (!value.includes('\0')) return { type: raw.charAt(0), value };
  }
  const [, type = '', value = ''] = LINE.exec(raw.replaceAll('\0', ' ').trim()) ?? [];
  return { type: type.toLowerCase(), value };
}

/** Prints a description. A medium gets its own `c=` line only if it differs from that of the session. */
export function printSdp({ origin, connection, media }: SessionDescription): string {
  const lines = [
    'v=0',
    `o=${origin.username} ${origin.sessionId} ${origin.sessionVersion} ${internetAddress(origin.address)}`,
    's=-',
  ];
  if (connection !== undefined) lines.push(`c=${internetAddress(connection)}`);
  lines.push('t=0 0');
  for (const medium of media) {
    lines.push(`m=${medium.kind} ${medium.port} ${medium.protocol} ${medium.formats.join(' ')}`);
    if (medium.connection !== undefined && medium.connection !== connection)
      lines.push(`c=${internetAddress(medium.connection)}`);
    for (const [format, { encoding, clockRate, channels }] of medium.rtpmap)
      lines.push(`a=rtpmap:${format} ${encoding}/${clockRate}${channels === 1 ? '' : `/${channels}`}`);
    for (const [format, parameters] of medium.fmtp) lines.push(`a=fmtp:${format} ${parameters}`);
    if (medium.ptime !== undefined) lines.push(`a=ptime:${medium.ptime}`);
    if (medium.direction !== undefined) lines.push(`a=${medium.direction}`);
  }
  return `${lines.join('\r\n')}\r\n`;
}

function internetAddress(address: string): string {
  return `IN ${isIP(address) === 6 ? 'IP6' : 'IP4'} ${address}`;
}

/** o=<username> <sess-id> <sess-version> <nettype> <addrtype> <unicast-address> */
function parseOrigin(value: string): SdpOrigin | undefined {
  const [username, sessionId, sessionVersion, , , address] = value.split(' ', 7);
  if (username === undefined || sessionId === undefined || sessionVersion === undefined || address === undefined)
    return undefined;
  return { username, sessionId, sessionVersion, address };
}

/** c=<nettype> <addrtype> <connection-address>[/ttl]. @returns undefined if it is not an internet address */
function parseConnection(value: string): string | undefined {
  const [network, , address] = value.split(/[ \t]+/, 4);
  if (network?.toUpperCase() !== 'IN' || address === undefined || address === '') return undefined;
  return address.split('/', 1)[0] ?? address;
}

/** m=<media> <port>[/count] <proto> <fmt> ... A malformed medium keeps its position (RFC 3264 6), with port 0. */
function parseMedia(value: string): SdpMedia {
  const [kind, ports, protocol, ...formats] = value.split(/[ \t]+/, MAX_FORMATS + 3).filter((field) => field !== '');
  const port = Number(/^\d{1,5}(?=\/|$)/.exec(ports ?? '')?.[0] ?? 0);
  return {
    kind: kind?.toLowerCase() ?? 'audio',
    port: port <= 65_535 ? port : 0,
    protocol: protocol?.toUpperCase() ?? 'RTP/AVP',
    formats: formats.length > 0 ? formats : ['0'],
    connection: undefined,
    direction: undefined,
    rtpmap: new Map(),
    fmtp: new Map(),
    ptime: undefined,
  };
}

const RTPMAP = /^rtpmap[ \t]*:[ \t]*(\d{1,3})[ \t]+([^ \t/]{1,64})\/(\d{1,9})(?:\/(\d{1,3}))?/i;
const FMTP = /^fmtp[ \t]*:[ \t]*(\d{1,3})[ \t]+(.+)$/i;
const PTIME = /^ptime[ \t]*:[ \t]*(\d{1,4})/i;

/** Parses an attribute. Malformed and unknown attributes are ignored. */
function parseAttribute(medium: SdpMedia, value: string): void {
  const name = value.slice(0, 6).toLowerCase();
  if (name === 'rtpmap') {
    const [, format, encoding, clockRate, channels] = RTPMAP.exec(value) ?? [];
    if (format === undefined || encoding === undefined) return;
    medium.rtpmap.set(format, {
      encoding: encoding.toLowerCase(),
      clockRate: Number(clockRate),
      channels: channels === undefined ? 1 : Number(channels),
    });
  } else if (name.startsWith('fmtp')) {
    const [, format, parameters] = FMTP.exec(value) ?? [];
    if (format !== undefined && parameters !== undefined) medium.fmtp.set(format, parameters);
  } else if (name.startsWith('ptime')) {
    const ptime = PTIME.exec(value)?.[1];
    if (ptime !== undefined) medium.ptime = Number(ptime);
  }
}

const DIRECTIONS = new Map<string, Direction>(
  (['sendrecv', 'sendonly', 'recvonly', 'inactive'] as const).map((direction) => [direction, direction]),
);

function directionOf(attribute: string): Direction | undefined {
  return DIRECTIONS.get(attribute) ?? DIRECTIONS.get(attribute.toLowerCase());
}
