import fc from 'fast-check';
import { acceptAnswer, answerOffer, checkOffer, offeredMedia, reofferedMedia } from '../../src/media/negotiate';
import { createOwnDescription } from '../../src/media/own-description';
import { SdpError } from '../../src/support/sdp-error';

const from = (address: string, ...lines: string[]): string =>
  ['v=0', 'o=phone 1 1 IN IP4 192.0.2.1', 's=-', `c=IN IP4 ${address}`, 't=0 0', ...lines, ''].join('\r\n');
const sdp = (...lines: string[]): string => from('192.0.2.1', ...lines);

/** The lines from the first m= on. */
function answered(offer: string): string[] {
  const text = createOwnDescription().print('198.51.100.1', answerOffer(offer, 10_000).media);
  return text
    .slice(text.indexOf('m='))
    .split('\r\n')
    .filter((line) => line !== '');
}

const NOT_ACCEPTABLE = expect.objectContaining({ code: 'sdp-not-acceptable', status: 488 }) as Error;

describe('the answer to an offer', () => {
  it('accepts both codecs in the order of the offer, and telephone events with its payload type', () => {
    const offer = sdp('m=audio 4000 RTP/AVP 9 8 0 96', 'a=rtpmap:9 G722/8000', 'a=rtpmap:96 telephone-event/8000');
    expect(answered(offer)).toEqual([
      'm=audio 10000 RTP/AVP 8 0 96',
      'a=rtpmap:8 PCMA/8000',
      'a=rtpmap:0 PCMU/8000',
      'a=rtpmap:96 telephone-event/8000',
      'a=fmtp:96 0-15',
      'a=ptime:20',
      'a=sendrecv',
    ]);
    const { stream } = answerOffer(offer, 10_000);
    expect(stream).toMatchObject({
      remote: { address: '192.0.2.1', port: 4_000 },
      codec: 'PCMA',
      payloadType: 8,
      eventType: 96,
      farEndReceives: true,
      farEndSends: true,
      held: false,
    });
    expect([...stream.receivable]).toEqual([
      [8, 'PCMA'],
      [0, 'PCMU'],
      [96, 'telephone-event'],
    ]);
  });

  // RFC 4317 2.1, but video is rejected in its position.
  it('rejects the other media in their positions', () => {
    const offer = sdp(
      'm=video 51372 RTP/AVP 31 32',
      'm=audio 49170 RTP/AVP 0 97',
      'a=rtpmap:97 iLBC/8000',
      'm=audio 49172 RTP/AVP 98',
      'a=rtpmap:98 telephone-event/8000',
      'm=application 9 UDP/BFCP *',
    );
    expect(answered(offer).filter((line) => line.startsWith('m='))).toEqual([
      'm=video 0 RTP/AVP 31 32',
      'm=audio 10000 RTP/AVP 0',
      'm=audio 0 RTP/AVP 98',
      'm=application 0 UDP/BFCP *',
    ]);
  });

  it('prefers RTP if SRTP is offered, too', () => {
    const offer = sdp('m=audio 4000 RTP/SAVP 0', 'm=audio 4000 RTP/AVP 0');
    expect(answered(offer).filter((line) => line.startsWith('m='))).toEqual([
      'm=audio 0 RTP/SAVP 0',
      'm=audio 10000 RTP/AVP 0',
    ]);
  });

  it('answers AVPF with AVPF', () => {
    expect(answered(sdp('m=audio 4000 RTP/AVPF 0'))[0]).toBe('m=audio 10000 RTP/AVPF 0');
  });

  it('recognises G.711 by name, and payload types by rtpmap', () => {
    const { stream } = answerOffer(
      sdp('m=audio 4000 RTP/AVP 0 118', 'a=rtpmap:0 opus/48000/2', 'a=rtpmap:118 pcma/8000/1'),
      10_000,
    );
    expect(stream).toMatchObject({ codec: 'PCMA', payloadType: 118 });
  });

  it('ignores telephone events with another clock rate', () => {
    const { stream } = answerOffer(sdp('m=audio 4000 RTP/AVP 0 110', 'a=rtpmap:110 telephone-event/48000'), 10_000);
    expect(stream.eventType).toBeUndefined();
  });

  it.each([
    ['sendrecv', 'sendrecv', { held: false, farEndReceives: true, farEndSends: true }],
    ['sendonly', 'recvonly', { held: true, farEndReceives: false, farEndSends: true }],
    ['recvonly', 'sendonly', { held: false, farEndReceives: true, farEndSends: false }],
    ['inactive', 'inactive', { held: true, farEndReceives: false, farEndSends: false }],
  ] as const)('to %s is %s', (offered, answer, stream) => {
    const offer = sdp('m=audio 4000 RTP/AVP 0', `a=${offered}`);
    expect(answered(offer).at(-1)).toBe(`a=${answer}`);
    expect(answerOffer(offer, 10_000).stream).toMatchObject(stream);
  });

  it.each(['0.0.0.0', '::'])('treats c=%s as hold', (address) => {
    const offer = from(address, 'm=audio 4000 RTP/AVP 0');
    expect(answered(offer).at(-1)).toBe('a=recvonly');
    expect(answerOffer(offer, 10_000).stream).toMatchObject({ held: true, farEndReceives: false, remote: undefined });
  });

  it.each(['phone.example.com', '224.2.1.1', 'ff15::101', 'fe80::1%eth0'])(
    'has no destination with c=%s',
    (address) => {
      expect(answerOffer(from(address, 'm=audio 4000 RTP/AVP 0'), 10_000).stream).toMatchObject({
        held: false,
        farEndReceives: true,
        remote: undefined,
      });
    },
  );

  it.each([
    ['SRTP only', ['m=audio 4000 RTP/SAVP 0']],
    ['no common codec', ['m=audio 4000 RTP/AVP 9 18']],
    ['telephone events alone', ['m=audio 4000 RTP/AVP 101', 'a=rtpmap:101 telephone-event/8000']],
    ['video', ['m=video 4000 RTP/AVP 31']],
    ['disabled audio', ['m=audio 0 RTP/AVP 0']],
    ['no media at all', []],
  ])('throws 488 for %s', (_, lines) => {
    expect(() => answerOffer(sdp(...lines), 10_000)).toThrow(NOT_ACCEPTABLE);
    expect(() => checkOffer(sdp(...lines))).toThrow(NOT_ACCEPTABLE);
  });

  it('throws 400 if the offer is unreadable', () => {
    expect(() => checkOffer('hello')).toThrow(expect.objectContaining({ status: 400 }));
  });

  it('throws SdpError only, and has as many media as the offer', () => {
    const line = fc.oneof(
      fc.constantFrom(
        'a=sendonly',
        'a=rtpmap:8 PCMA/8000',
        'a=rtpmap:0 x/1',
        'm=audio 0 RTP/AVP 0',
        'c=IN IP4 0.0.0.0',
      ),
      fc.constantFrom('m=audio 4000 RTP/AVP 0 8', 'm=audio 1 RTP/AVP constructor __proto__ 0x0', 'm=video 1 RTP/AVP 3'),
      fc.string({ maxLength: 20 }),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
        try {
          const { media } = answerOffer(sdp('m=audio 4000 RTP/AVP 0', ...lines), 10_000);
          expect(media).toHaveLength(1 + lines.join('\n').split(/[\r\n]+m=|^m=/).length - 1);
        } catch (error) {
          if (!(error instanceof SdpError)) throw error;
        }
      }),
    );
  });
});

describe('the answer to our offer', () => {
  it('decides what is sent. Received packets may have the payload types of our offer', () => {
    const stream = acceptAnswer(
      sdp('m=audio 4000 RTP/AVP 8 96', 'a=rtpmap:96 telephone-event/8000'),
      offeredMedia(10_000),
    );
    expect(stream).toMatchObject({ codec: 'PCMA', payloadType: 8, eventType: 96, held: false });
    expect(stream.receivable.get(96)).toBe('telephone-event');
    expect(stream.receivable.get(101)).toBe('telephone-event');
    expect(stream.receivable.get(0)).toBe('PCMU');
  });

  it.each([[['m=audio 0 RTP/AVP 0']], [['m=audio 4000 RTP/AVP 9']], [[]]])('is not acceptable: %j', (lines) => {
    expect(() => acceptAnswer(sdp(...lines), offeredMedia(10_000))).toThrow(NOT_ACCEPTABLE);
  });
});

describe('our own description', () => {
  it('offers both codecs and the keys', () => {
    const text = createOwnDescription().print('2001:db8::1', offeredMedia(10_002));
    expect(text.replace(/^o=- \d+ /m, 'o=- ID ').split('\r\n')).toEqual([
      'v=0',
      'o=- ID 1 IN IP6 2001:db8::1',
      's=-',
      'c=IN IP6 2001:db8::1',
      't=0 0',
      'm=audio 10002 RTP/AVP 0 8 101',
      'a=rtpmap:0 PCMU/8000',
      'a=rtpmap:8 PCMA/8000',
      'a=rtpmap:101 telephone-event/8000',
      'a=fmtp:101 0-15',
      'a=ptime:20',
      'a=sendrecv',
      '',
    ]);
  });

  it('keeps its session id, and increases its version only when it changes', () => {
    const description = createOwnDescription();
    const origin = (text: string): string[] => /^o=- (\d+) (\d+) /m.exec(text)!.slice(1);
    const [id, first] = origin(description.print('192.0.2.9', offeredMedia(10_000)));
    expect(origin(description.print('192.0.2.9', offeredMedia(10_000)))).toEqual([id, first]);
    const { media } = answerOffer(sdp('m=audio 4000 RTP/AVP 0', 'a=sendonly'), 10_000);
    expect(origin(description.print('192.0.2.9', media))).toEqual([id, String(Number(first) + 1)]);
    expect(origin(description.print('192.0.2.9', offeredMedia(10_000)))).toEqual([id, String(Number(first) + 2)]);
  });
});

describe('an offer within a call', () => {
  const first = sdp(
    'm=video 51372 RTP/AVP 31',
    'm=audio 49170 RTP/AVP 8 101 96',
    'a=rtpmap:101 opus/48000/2',
    'a=rtpmap:96 telephone-event/8000',
  );
  const again = reofferedMedia(10_000, answerOffer(first, 10_000).media);

  it('keeps positions of media and agreed payload types (RFC 3264 8)', () => {
    expect(again.map(({ kind, port, formats }) => [kind, port, ...formats])).toEqual([
      ['video', 0, '31'],
      ['audio', 10_000, '8', '96', '0'],
    ]);
  });

  it('offers no telephone events with a payload type that has another meaning', () => {
    const { media } = answerOffer(sdp('m=audio 4000 RTP/AVP 0 101', 'a=rtpmap:101 opus/48000/2'), 10_000);
    expect(reofferedMedia(10_000, media)[0]?.formats).toEqual(['0', '8']);
  });

  it('finds the answer in the position of its medium', () => {
    const stream = acceptAnswer(
      sdp('m=video 0 RTP/AVP 31', 'm=audio 4000 RTP/AVP 8 96', 'a=rtpmap:96 telephone-event/8000', 'a=sendonly'),
      again,
    );
    expect(stream).toMatchObject({ codec: 'PCMA', eventType: 96, held: true });
    expect([...stream.receivable.keys()].sort((a, b) => a - b)).toEqual([0, 8, 96]);
  });
});
