import fc from 'fast-check';
import { parseNameAddr, parseVia, printNameAddr } from '../../../src/sip/header-values';
import { Headers, type SipMessage } from '../../../src/sip/message';
import { parseMessage } from '../../../src/sip/parse';
import { printMessage } from '../../../src/sip/print';
import { parseUri, printUri } from '../../../src/addresses/uri';
import { printVia } from './print-via';

const token = fc.stringMatching(/^[-.!%*_+`'~A-Za-z0-9]{1,12}$/);
const name = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,10}[a-z0-9]$/);
const host = fc.oneof(name, fc.ipV4(), fc.ipV6());
const port = fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined });
/** Any content of a quoted string. */
const text = fc.string({ unit: 'binary', maxLength: 20 }).filter((value) => !/[\r\n]/.test(value));
const params = (value: fc.Arbitrary<string>) =>
  fc.uniqueArray(
    fc.tuple(
      token.map((key) => key.toLowerCase()),
      fc.option(value, { nil: undefined }),
    ),
    {
      selector: ([key]) => key,
      maxLength: 4,
    },
  );
const without = (object: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));

it('parses a printed URI back', () => {
  const user = fc.option(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), { nil: undefined });
  const word = fc.string({ unit: 'binary', minLength: 1, maxLength: 10 });
  const pairs = fc.uniqueArray(
    fc.tuple(
      word.map((key) => key.toLowerCase()),
      fc.option(word, { nil: undefined }),
    ),
    {
      selector: ([key]) => key.toLowerCase(),
      maxLength: 3,
    },
  );
  fc.assert(
    fc.property(fc.constantFrom('sip', 'sips'), user, host, port, pairs, (scheme, user, host, port, pairs) => {
      // Lone surrogates are not UTF-8. The lower case of some letters has yet another lower case.
      fc.pre([user ?? '', ...pairs.flat()].every((value) => (value ?? '').isWellFormed()));
      fc.pre(pairs.every(([key]) => key.toLowerCase() === key));
      const uri = { scheme, host, params: new Map(pairs), ...without({ user, port }) };
      expect(parseUri(printUri(uri))).toEqual(uri);
    }),
  );
});

it('parses a printed name and address back', () => {
  fc.assert(
    fc.property(text, host, params(text), (displayName, host, pairs) => {
      const uri = printUri({ scheme: 'sip', host, params: new Map() });
      const value = { ...(displayName !== '' && { displayName }), uri, params: new Map(pairs) };
      expect(parseNameAddr(printNameAddr(value))).toEqual(value);
    }),
  );
});

it('parses a printed Via back', () => {
  fc.assert(
    fc.property(
      token.map((value) => value.toUpperCase()),
      host,
      port,
      params(text),
      (transport, host, port, pairs) => {
        const via = { transport, host, params: new Map(pairs), ...without({ port }) };
        expect(parseVia(printVia(via))).toEqual(via);
      },
    ),
  );
});

it('parses a printed message back', () => {
  const subject = text.map((value) => value.trim());
  const start = fc.oneof(
    fc.record({
      kind: fc.constant('request' as const),
      method: token,
      uri: host.map((host) => printUri({ scheme: 'sip', host, params: new Map() })),
    }),
    fc.record({ kind: fc.constant('response' as const), status: fc.integer({ min: 100, max: 699 }), reason: text }),
  );
  fc.assert(
    fc.property(start, subject, fc.array(token, { maxLength: 5 }), fc.uint8Array(), (start, subject, tokens, bytes) => {
      // A method that looks like a status line.
      fc.pre(start.kind === 'response' || !start.method.toUpperCase().startsWith('SIP/'));
      const body = Buffer.from(bytes);
      const headers = new Headers([
        ['Via', 'SIP/2.0/UDP 192.0.2.4;branch=z9hG4bKa'],
        ['From', '<sip:a@b>;tag=1'],
        ['To', '<sip:a@b>'],
        ['Call-ID', 'a'],
        ['CSeq', `1 ${start.kind === 'request' ? start.method : 'INVITE'}`],
        ...tokens.map((value): [string, string] => ['Supported', value]),
        ['Subject', subject],
        ['Content-Length', String(body.length)],
      ]);
      const message: SipMessage = { ...start, headers, body };
      const parsed = parseMessage(printMessage(message), 'stream');
      if (parsed.kind !== 'message') throw new Error(parsed.reason);
      expect({ ...parsed.message, headers: [...parsed.message.headers] }).toEqual({
        ...message,
        headers: [...headers],
      });
      expect(printMessage(parsed.message)).toEqual(printMessage(message));
    }),
  );
});
