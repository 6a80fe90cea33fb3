/** The session description in a message: RFC 3261 8.2.3, 20.1, 20.11; RFC 5621. */
import { Headers } from '../../../src/sip/message';
import { acceptsDescription, answerIn, descriptionIn, offerIn } from '../../../src/sip/session/description';

const SDP = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n';

const message = (body: string, ...headers: [string, string][]) => ({
  headers: new Headers(headers),
  body: Buffer.from(body),
});

const multipart = (...parts: string[]): string =>
  `Nobody reads this.\r\n${parts.map((part) => `--b1 \r\n${part}\r\n`).join('')}--b1--\r\nNor this.\r\n`;

const sdpPart = `Content-Type: application/sdp\r\nContent-Disposition: session\r\n\r\n${SDP}`;

/** SDP nested in the given number of multipart bodies. */
const nested = (levels: number): string => {
  const inner =
    levels === 1 ? sdpPart : `Content-Type: multipart/mixed;boundary=n${levels - 1}\r\n\r\n${nested(levels - 1)}`;
  return `--n${levels}\r\n${inner}\r\n--n${levels}--`;
};

it.each([
  ['no body', message(''), undefined],
  ['SDP', message(SDP, ['Content-Type', 'Application/SDP;charset=utf-8']), SDP],
  ['SDP, with spaces in its type', message(SDP, ['Content-Type', 'application / sdp']), SDP],
  ['SDP, with a malformed type', message(SDP, ['Content-Type', '"application/sdp"']), SDP],
  [
    'a part of it, with bare line feeds',
    message(multipart(sdpPart).replaceAll('\r', ''), ['Content-Type', 'multipart/mixed;boundary=b1']),
    SDP.replaceAll('\r', ''),
  ],
  ['not encoded', message(SDP, ['Content-Type', 'application/sdp'], ['Content-Encoding', 'identity']), SDP],
  [
    'an optional body',
    message('x', ['Content-Type', 'a/b'], ['Content-Disposition', 'render;handling=optional']),
    undefined,
  ],
  [
    'a part of it',
    message(multipart('\r\nplain text without a header', sdpPart), ['Content-Type', 'multipart/mixed;boundary=b1']),
    SDP,
  ],
  [
    'a part of a part',
    message(multipart(`c: multipart/alternative;\r\n boundary="b 2"\r\n\r\n--b 2\r\n${sdpPart}\r\n--b 2--`), [
      'Content-Type',
      'multipart/mixed; boundary="b1"',
    ]),
    SDP,
  ],
  ['three levels down', message(nested(3), ['Content-Type', 'multipart/mixed;boundary=n3']), SDP],
  ['truncated after the part', message(`--b1\r\n${sdpPart}`, ['Content-Type', 'multipart/mixed;boundary=b1']), SDP],
])('%s', (_name, body, sdp) => {
  expect(descriptionIn(body)).toEqual({ sdp });
  expect(offerIn(body)).toBe(sdp);
  expect(answerIn(body)).toBe(sdp ?? '');
});

it.each([
  ['of another type', message('x', ['Content-Type', 'text/plain']), 'Accept'],
  ['encoded', message(SDP, ['Content-Type', 'application/sdp'], ['Content-Encoding', 'gzip']), 'Accept-Encoding'],
  ['without a boundary', message(multipart(sdpPart), ['Content-Type', 'multipart/mixed']), 'Accept'],
  ['with another boundary', message(multipart(sdpPart), ['Content-Type', 'multipart/mixed;boundary=b2']), 'Accept'],
  ['without SDP in it', message(multipart('\r\nx'), ['Content-Type', 'multipart/mixed;boundary=b1']), 'Accept'],
  [
    'with SDP after the last boundary',
    message(`--b1--\r\n--b1\r\n${sdpPart}\r\n--b1--`, ['Content-Type', 'multipart/mixed;boundary=b1']),
    'Accept',
  ],
  ['nested too deep', message(nested(4), ['Content-Type', 'multipart/mixed;boundary=n4']), 'Accept'],
])('a body %s is unsupported', (_name, body, header) => {
  const described = descriptionIn(body);
  expect(described).toEqual({ unsupported: [header, expect.any(String)] });
  // A body that begins like SDP counts as an answer, because a 2xx or an ACK cannot be rejected.
  expect(answerIn(body)).toBe(body.body.toString().startsWith('v=0') ? SDP : '');
});

it.each([
  [[], true],
  [['application/sdp'], true],
  [['application / sdp;level=1'], true],
  [['text/plain', 'Application/SDP;level=1'], true],
  [['application/*;q=0.2'], true],
  [['*/*'], true],
  [['text/nobodyKnowsThis'], false],
  [[''], false],
  [['garbage', ';;'], true],
])('Accept %j: allows a description: %p', (ranges, accepted) => {
  expect(acceptsDescription(new Headers(ranges.map((range) => ['Accept', range] as const)))).toBe(accepted);
});

it('a body without a type is SDP if it begins like SDP', () => {
  expect(descriptionIn(message(SDP))).toEqual({ sdp: SDP });
  expect(descriptionIn(message('hello'))).toEqual({ unsupported: ['Accept', 'application/sdp, multipart/mixed'] });
  expect(answerIn(message(SDP, ['Content-Type', 'application/x-garbage']))).toBe(SDP);
});
