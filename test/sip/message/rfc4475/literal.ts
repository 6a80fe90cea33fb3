/**
 * A message as printed in an RFC: the lines between the first and the last line end, CRLF after each, backslashes
 * literally. UTF-8 only; messages with other bytes are buffers.
 */
export function literal(strings: TemplateStringsArray, ...values: string[]): Buffer {
  return Buffer.from(
    String.raw(strings, ...values)
      .slice(1)
      .replaceAll('\n', '\r\n'),
  );
}

/** RFC 4475 2.3 */
export const repeat = (text: string, count: number): string => text.repeat(count);

/** The session description of most messages. */
export const sdp = (address: string, time = '0 0', origin = address): string =>
  `v=0
o=mhandley 29739 7272939 IN IP4 ${origin}
s=-
c=IN IP4 ${address}
t=${time}
m=audio 49217 RTP/AVP 0 12
m=video 3227 RTP/AVP 31
a=rtpmap:31 LPC
`;
