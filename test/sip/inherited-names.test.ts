/** Names of Object.prototype anywhere in a SIP message: nothing throws, and none is mistaken for a known name. */
import fc from 'fast-check';
import { Headers, type SipRequest } from '../../src/sip/message';
import { parseMessage } from '../../src/sip/parse';
import { dtmfOfInfo } from '../../src/sip/session/info';
import { parseSdp } from '../../src/media/sdp';
import { answerOffer } from '../../src/media/negotiate';
import { causeReason } from '../../src/flows/reasons';
import { parseEvent } from '../../src/v1-wire/events';
import { spokenVoice } from '../../src/media/speech/voices';

const name = fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf');

it('INFO bodies of either type yield no key', () => {
  fc.assert(
    fc.property(name, fc.constantFrom('application/dtmf', 'application/dtmf-relay'), (text, type) => {
      const body = Buffer.from(type === 'application/dtmf' ? text : `Signal=${text}\r\nDuration=160\r\n`);
      const headers = new Headers([['Content-Type', type]]);
      const request: SipRequest = { kind: 'request', method: 'INFO', uri: 'sip:a@b', headers, body };
      expect(dtmfOfInfo(request)).toEqual({ fault: 'body' });
    }),
  );
});

it('methods, header names, header values and parameters', () => {
  fc.assert(
    fc.property(name, name, name, (method, header, value) => {
      const text = [
        `${method} sip:${value}@${value};${value}=${value} SIP/2.0`,
        `Via: SIP/2.0/UDP h;branch=z9hG4bK${value};${value}=${value}`,
        `From: <sip:${value}@h>;tag=${value}`,
        `To: <sip:${value}@h>;${value}`,
        `Call-ID: ${value}`,
        `CSeq: 1 ${method}`,
        `${header}: ${value}`,
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n');
      const parsed = parseMessage(Buffer.from(text), 'datagram');
      if (parsed.kind === 'message') expect(parsed.message.headers.get(header)).toBe(value);
    }),
  );
});

it('encodings and attributes of SDP are unknown', () => {
  fc.assert(
    fc.property(name, (text) => {
      const sdp = [
        'v=0',
        'o=- 1 1 IN IP4 192.0.2.1',
        's=-',
        'c=IN IP4 192.0.2.1',
        't=0 0',
        'm=audio 4000 RTP/AVP 0 96',
        `a=rtpmap:96 ${text}/8000`,
        `a=fmtp:96 ${text}=${text}`,
        `a=${text}:${text}`,
        `a=${text}`,
        '',
      ].join('\r\n');
      expect(() => parseSdp(sdp)).not.toThrow();
      expect(answerOffer(sdp, 4002).stream.codec).toBe('PCMU');
    }),
  );
});

it('webhook events: a cause is unknown, and fields keep their own values', () => {
  fc.assert(
    fc.property(name, name, (text, field) => {
      const body = JSON.parse(
        `{"eventType":"hangup","callId":"${text}","from":"${text}","to":"${text}","cause":"${text}","tag":"${text}","${field}":"x"}`,
      ) as unknown;
      expect(parseEvent({ ...(body as object), eventType: text })).not.toHaveProperty('event');
      const parsed = parseEvent(body);
      if ('event' in parsed) expect(parsed.event.callId).toBe(text);
      expect(causeReason({ role: 'callee', state: 'gone', callId: 'c-1', cause: text })).toBe('callee-failed');
    }),
  );
});

it('a voice of that name is the first voice', () => {
  fc.assert(fc.property(name, (text) => expect(spokenVoice(text).voice).toEqual(spokenVoice(undefined).voice)));
});
