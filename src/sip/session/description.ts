/**
 * The session description in a message: its body (RFC 3261 8.2.3, 20.11) or a part of a multipart body (RFC 5621 4).
 */
import { parseParamsValue } from '../header-values';
import { mediaType, mediaTypeOf } from '../list-values';
import { Headers, type SipMessage } from '../message';
import { SDP } from './session';

/** Media types accepted as bodies of INVITE and UPDATE (20.1). */
export const ACCEPT = `${SDP}, multipart/mixed`;

/**
 * `sdp` is undefined if there is no description. `unsupported` is the header of the 415 for an unreadable body (8.2.3).
 */
export type Described =
  { readonly sdp: string | undefined } | { readonly unsupported: readonly [name: string, value: string] };

const MEDIA_RANGE = /^[^\s/"]+\/[^\s/"]+$/;

type Body = Pick<SipMessage, 'headers' | 'body'>;

/** Maximum nesting of multipart bodies. */
const MAX_LEVELS = 3;

export function descriptionIn({ headers, body }: Body): Described {
  if (body.length === 0) return { sdp: undefined };
  if (isEncoded(headers)) return { unsupported: ['Accept-Encoding', 'identity'] };
  const content = body.toString();
  // RFC 3261 20.15 requires a type. If it is missing or malformed, the first line decides.
  const sdp = !MEDIA_RANGE.test(mediaTypeOf(headers)) && isSdp(content) ? content : sdpOf(headers, content, MAX_LEVELS);
  return sdp !== undefined || isOptional(headers) ? { sdp } : { unsupported: ['Accept', ACCEPT] };
}

/** The offer in an INVITE; undefined if there is none, so that this end must make the offer (13.2.1). */
export function offerIn(invite: Body): string | undefined {
  const described = descriptionIn(invite);
  return 'sdp' in described ? described.sdp : undefined;
}

/**
 * The answer in an ACK or a response; empty if there is none. These messages cannot be rejected, so a body that begins
 * like SDP counts as SDP, whatever its type.
 */
export function answerIn(message: Body): string {
  const described = descriptionIn(message);
  if ('sdp' in described && described.sdp !== undefined) return described.sdp;
  const content = message.body.toString();
  return !message.headers.has('content-type') || isSdp(content) ? content : '';
}

function isSdp(content: string): boolean {
  return /^[\s\0]*[vo][ \t]*=/i.test(content);
}

/** Whether the `Accept` header allows a session description in a 2xx (20.1, 21.4.7). */
export function acceptsDescription(headers: Headers): boolean {
  if (!headers.has('accept')) return true;
  const ranges = headers.all('accept').map(mediaType);
  // An empty header means that nothing is acceptable. Malformed ranges are ignored.
  const readable = ranges.filter((type) => MEDIA_RANGE.test(type));
  if (readable.length === 0) return headers.all('accept').some((range) => range !== '');
  return readable.some((type) => type === SDP || type === 'application/*' || type === '*/*');
}

function isEncoded(headers: Headers): boolean {
  return headers.all('content-encoding').some((coding) => coding !== '' && coding.toLowerCase() !== 'identity');
}

/** Whether an unreadable body must be ignored (20.11). */
function isOptional(headers: Headers): boolean {
  const disposition = parseParamsValue(headers.get('content-disposition') ?? '');
  return disposition?.params.get('handling')?.toLowerCase() === 'optional';
}

function sdpOf(headers: Headers, content: string, levels: number): string | undefined {
  const type = mediaTypeOf(headers);
  if (type === SDP) return isEncoded(headers) ? undefined : content;
  if (!type.startsWith('multipart/') || levels === 0) return undefined;
  const boundary = parseParamsValue(headers.get('content-type') ?? '')?.params.get('boundary') ?? '';
  if (boundary === '') return undefined;
  for (const part of partsOf(content, boundary)) {
    const sdp = sdpOf(part.headers, part.content, levels - 1);
    if (sdp !== undefined) return sdp;
  }
  return undefined;
}

/**
 * Splits a multipart body with CRLF or LF line ends. Text before the first and after the last boundary is ignored (RFC
 * 2046 5.1.1).
 */
function partsOf(text: string, boundary: string): { headers: Headers; content: string }[] {
  const end = text.includes('\r\n') ? '\r\n' : '\n';
  const [, ...between] = `${end}${text}`.split(`${end}--${boundary}`);
  const last = between.findIndex((part) => part.startsWith('--'));
  return (last < 0 ? between : between.slice(0, last)).flatMap((part) => {
    const blank = part.indexOf(end + end);
    if (blank < 0) return [];
    // The first line is the rest of the boundary line.
    const [, ...lines] = part.slice(0, blank).split(/\r?\n(?![ \t])/);
    const headers = new Headers();
    for (const line of lines) {
      const colon = line.indexOf(':');
      if (colon > 0) headers.add(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
    }
    return [{ headers, content: part.slice(blank + 2 * end.length) }];
  });
}
