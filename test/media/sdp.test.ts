import fc from 'fast-check';
import { parseSdp, printSdp } from '../../src/media/sdp';
import { SdpError } from '../../src/support/sdp-error';

const sdp = (...lines: string[]): string => lines.map((line) => `${line}\r\n`).join('');

/** RFC 4317 2.1 */
const ALICE = sdp(
  'v=0',
  'o=alice 2890844526 2890844526 IN IP4 host.atlanta.example.com',
  's=',
  'c=IN IP4 host.atlanta.example.com',
  't=0 0',
  'm=audio 49170 RTP/AVP 0 8 97',
  'a=rtpmap:0 PCMU/8000',
  'a=rtpmap:8 PCMA/8000',
  'a=rtpmap:97 iLBC/8000',
  'm=video 51372 RTP/AVP 31 32',
  'a=rtpmap:31 H261/90000',
  'a=rtpmap:32 MPV/90000',
);

it('reads a description of several media', () => {
  const { origin, connection, media } = parseSdp(ALICE);
  expect(origin).toEqual({
    username: 'alice',
    sessionId: '2890844526',
    sessionVersion: '2890844526',
    address: 'host.atlanta.example.com',
  });
  expect(connection).toBe('host.atlanta.example.com');
  expect(media.map(({ kind, port, protocol, formats }) => [kind, port, protocol, ...formats])).toEqual([
    ['audio', 49_170, 'RTP/AVP', '0', '8', '97'],
    ['video', 51_372, 'RTP/AVP', '31', '32'],
  ]);
  expect(media[0]!.rtpmap.get('97')).toEqual({ encoding: 'ilbc', clockRate: 8_000, channels: 1 });
  expect(media[1]!.connection).toBe('host.atlanta.example.com');
});

it('prefers address and direction of the medium to those of the session', () => {
  const { media } = parseSdp(
    sdp(
      'v=0',
      'o=- 1 1 IN IP6 2001:db8::1',
      's=-',
      'c=IN IP6 2001:db8::1',
      't=0 0',
      'a=sendonly',
      'm=audio 4000/2 RTP/AVP 0 101',
      'c=IN IP4 192.0.2.1/127',
      'a=rtpmap:101 telephone-event/8000',
      'a=fmtp:101 0-15,66',
      'a=ptime:30',
      'a=recvonly',
      'm=audio 4002 RTP/AVP 96',
      'a=rtpmap:96 L16/44100/2',
    ),
  );
  expect(media[0]).toMatchObject({ port: 4_000, connection: '192.0.2.1', direction: 'recvonly', ptime: 30 });
  expect(media[0]!.fmtp.get('101')).toBe('0-15,66');
  expect(media[1]).toMatchObject({ connection: '2001:db8::1', direction: 'sendonly', ptime: undefined });
  expect(media[1]!.rtpmap.get('96')?.channels).toBe(2);
});

it('is liberal: bare line feeds, no s= or t=, trailing spaces, malformed attributes', () => {
  const { media } = parseSdp(
    'v=0\no=- 1 1 IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0 \na=rtpmap:x\na=fmtp:\na=ptime:x\na=foo',
  );
  expect(media[0]).toMatchObject({ formats: ['0'], connection: undefined, direction: undefined });
});

const CALL = ['v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', 'c=IN IP4 192.0.2.1', 't=0 0'];
const AUDIO = ['m=audio 4000 RTP/AVP 0 101', 'a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 0-15', 'a=sendonly'];

it.each([
  ['a blank before lines', sdp(...CALL, ...AUDIO).replaceAll('\r\na=', '\r\n a=')],
  ['a blank before the first line', ` ${sdp(...CALL, ...AUDIO)}`],
  ['blanks around =', sdp(...CALL, ...AUDIO).replaceAll('=', ' = ')],
  ['NULs at the end', `${sdp(...CALL, ...AUDIO)}\0\0`],
  ['empty lines in front', `\r\n\r\n${sdp(...CALL, ...AUDIO)}`],
  ['empty lines between', sdp(...CALL, '', ...AUDIO)],
  ['a line without a value', sdp(...CALL, ...AUDIO, 'a', 'a=', '=', 'b')],
  ['lines that are not known', sdp(...CALL, 'Z=1', '!!', 'k=clear:x', ...AUDIO, 'y=0')],
  ['no s= and t=', sdp('v=0', 'o=- 1 1 IN IP4 192.0.2.1', 'c=IN IP4 192.0.2.1', ...AUDIO)],
  ['no o=', sdp('v=0', 's=-', 'c=IN IP4 192.0.2.1', 't=0 0', ...AUDIO)],
  ['half an o=', sdp('v=0', 'o=-', 'c=IN IP4 192.0.2.1', ...AUDIO)],
  ['no v=', sdp(...CALL.slice(1), ...AUDIO)],
  ['v= late', sdp(...CALL.slice(1), 'v=0', ...AUDIO)],
  ['a c= of another network besides', sdp(...CALL, ...AUDIO, 'c=ATM NSAP 47.0091', 'c=')],
  ['tabs and more than one blank', sdp(...CALL, ...AUDIO).replace(/([a-z]) /gi, '$1 \t ')],
  ['capitals', sdp(...CALL, ...AUDIO).toUpperCase()],
  ['small letters', sdp(...CALL, ...AUDIO).toLowerCase()],
  ['attributes without what they need', sdp(...CALL, ...AUDIO, 'a=rtpmap:', 'a=fmtp', 'a=ptime:', 'a=rtpmap:101')],
])('parses a description despite %s', (_what, text) => {
  const { media } = parseSdp(text);
  expect(media).toHaveLength(1);
  expect(media[0]).toMatchObject({
    ...{ kind: 'audio', port: 4_000, protocol: 'RTP/AVP', formats: ['0', '101'], connection: '192.0.2.1' },
    direction: 'sendonly',
    rtpmap: new Map([['101', { encoding: 'telephone-event', clockRate: 8_000, channels: 1 }]]),
    fmtp: new Map([['101', '0-15']]),
  });
});

it.each(['m=video', 'm=', 'm=video x RTP/AVP 31', 'm=video 65536 RTP/AVP 31', 'm=video 4002'])(
  'keeps the position of the malformed medium %j',
  (line) => {
    const { media } = parseSdp(sdp(...CALL, line, ...AUDIO));
    expect(media.map(({ port }) => port > 0)).toEqual([line === 'm=video 4002', true]);
    expect(media.every(({ formats }) => formats.length > 0)).toBe(true);
  },
);

it.each([
  ['nothing', ''],
  ['another version', sdp('v=1', 'o=- 1 1 IN IP4 192.0.2.1')],
  ['another version behind its media', sdp('m=audio 4000 RTP/AVP 0', 'v=1')],
  ['something else', 'hello'],
  ['too much', sdp('v=0', 'o=- 1 1 IN IP4 192.0.2.1', `a=${'x'.repeat(40_000)}`)],
  ['too many lines', sdp('v=0', 'o=- 1 1 IN IP4 192.0.2.1', ...Array.from({ length: 1_000 }, () => 'a=x'))],
  [
    'too many media',
    sdp('v=0', 'o=- 1 1 IN IP4 192.0.2.1', ...Array.from({ length: 33 }, () => 'm=audio 9 RTP/AVP 0')),
  ],
])('rejects as unreadable: %s', (_, text) => {
  expect(() => parseSdp(text)).toThrow(expect.objectContaining({ code: 'sdp-unreadable', status: 400 }));
});

it('prints what it reads', () => {
  const text = sdp(
    'v=0',
    'o=- 1 2 IN IP6 2001:db8::1',
    's=-',
    'c=IN IP6 2001:db8::1',
    't=0 0',
    'm=audio 4000 RTP/AVP 0 101',
    'c=IN IP4 192.0.2.1',
    'a=rtpmap:0 pcmu/8000',
    'a=rtpmap:101 telephone-event/8000',
    'a=fmtp:101 0-15',
    'a=ptime:20',
    'a=sendrecv',
    'm=video 0 RTP/AVP 31',
  );
  expect(printSdp(parseSdp(text))).toBe(text);
});

it('throws SdpError only, for any text', () => {
  const mutated = fc
    .tuple(
      fc.constant(ALICE),
      fc.array(fc.tuple(fc.nat(600), fc.nat(8), fc.string({ maxLength: 6 })), { maxLength: 6 }),
    )
    .map(([text, edits]) => edits.reduce((now, [at, cut, put]) => now.slice(0, at) + put + now.slice(at + cut), text));
  fc.assert(
    fc.property(mutated, (text) => {
      try {
        printSdp(parseSdp(text));
      } catch (error) {
        if (!(error instanceof SdpError)) throw error;
      }
    }),
    { numRuns: 2_000 },
  );
});
