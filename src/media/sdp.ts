/** Session descriptions (RFC 8866), as far as calls with sound need them: what is not known is passed over. */
import { isIP } from 'node:net';
import { SdpError } from '../support/sdp-error';

/** Seen from the side that wrote it (RFC 8866 6.7). */
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

export interface SdpOrigin {
  username: string;
  sessionId: string;
  sessionVersion: string;
  address: string;
}

export interface RtpMap {
  /** Lower case; encoding names are compared without regard to case. */
  encoding: string;
  clockRate: number;
  channels: number;
}

export interface SdpMedia {
  /** `audio`, `video`, … */
  kind: string;
  /** 0: refused, or given up. */
  port: number;
  /** `RTP/AVP`, … */
  protocol: string;
  /** As listed: payload types, where the protocol is RTP's. */
  formats: string[];
  /** Of the medium, or of the session: an address or a host name. */
  connection: string | undefined;
  /** Of the medium, or of the session; undefined: not said, which means `sendrecv`. */
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

// Descriptions with many video codecs and candidates are some 6 kB and 150 lines long.
const MOST_CHARACTERS = 32_768;
const MOST_LINES = 1_000;
const MOST_MEDIA = 32;
const MOST_FORMATS = 128;

const EQUALS = 0x3d;
const LETTER_A = 0x61;
const LINE = /^([A-Za-z])[ \t]*=[ \t]*(.*)$/;
/** Of a description without a readable `o=`: nothing here depends on it. */
const NO_ORIGIN: SdpOrigin = { username: '-', sessionId: '0', sessionVersion: '0', address: '0.0.0.0' };

const unreadable = (message: string): SdpError => new SdpError('sdp-unreadable', message);

/**
 * Reads what a call needs: media, addresses, directions, codecs. Anything else is passed over, in any order or spelling
 * it comes, and however it is malformed (RFC 8866 5 wants strict writers; phones are not).
 * @throws SdpError `sdp-unreadable` where it is too large, of another version, or no description at all
 */
export function parseSdp(text: string): SessionDescription {
  if (text.length > MOST_CHARACTERS) throw unreadable('The session description is too long');
  const lines = text.split(/\r\n|\n|\r/, MOST_LINES + 1);
  if (lines.length > MOST_LINES) throw unreadable('The session description has too many lines');

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
        if (media.length === MOST_MEDIA) throw unreadable('The session description has too many media');
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
      default: // s=, t=, b=, …, and what is no line of a description
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

/** The type in lower case; empty where there is none. */
function lineOf(raw: string): { type: string; value: string } {
  // As nearly every line is written.
  if (raw.charCodeAt(1) === EQUALS && raw.charCodeAt(0) >= LETTER_A) {
    const value = raw.slice(2).trim();
    if (!value.includes('\0')) return { type: raw.charAt(0), value };
  }
  const [, type = '', value = ''] = LINE.exec(raw.replaceAll('\0', ' ').trim()) ?? [];
  return { type: type.toLowerCase(), value };
}

/** With the media's connection and direction where they differ from the session's. */
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

/** c=<nettype> <addrtype> <connection-address>[/ttl]; undefined: no internet address. */
function parseConnection(value: string): string | undefined {
  const [network, , address] = value.split(/[ \t]+/, 4);
  if (network?.toUpperCase() !== 'IN' || address === undefined || address === '') return undefined;
  return address.split('/', 1)[0] ?? address;
}

/** m=<media> <port>[/count] <proto> <fmt> ...; what cannot be read keeps its place (RFC 3264 6), with port 0. */
function parseMedia(value: string): SdpMedia {
  const [kind, ports, protocol, ...formats] = value.split(/[ \t]+/, MOST_FORMATS + 3).filter((field) => field !== '');
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

/** An attribute that is written wrongly is passed over like one that is not known. */
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
