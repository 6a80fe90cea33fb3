/**
 * RFC 3261 8.2.2: malformed unused headers are ignored. Calls and registrations have the same result with any content
 * in every unused header of every message of both ends.
 */
import fc from 'fast-check';
import { canonical } from '../../../src/sip/message';
import { requestOf, world } from '../registrar/phone';
import { pair } from './pair';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const RUNS: fc.Parameters<[Change[]]> = {
  numRuns: process.env['CI'] ? 500 : 100,
  // Different malformed session timers.
  examples: [[[{ lines: ['x: ', 'x: ::'], twice: [], viaEnd: '' }]]],
};

const UNUSED = [
  ...['Accept-Contact', 'Accept-Encoding', 'Accept-Language', 'Accept-Resource-Priority', 'Alert-Info', 'Allow'],
  ...[
    'Allow-Events',
    'Authentication-Info',
    'Call-Info',
    'Content-Disposition',
    'Content-Language',
    'Date',
    'Diversion',
  ],
  ...['Error-Info', 'Event', 'Geolocation', 'History-Info', 'In-Reply-To', 'MIME-Version', 'Min-Expires', 'Min-SE'],
  ...['Organization', 'P-Access-Network-Info', 'P-Asserted-Identity', 'P-Preferred-Identity', 'Priority', 'Privacy'],
  ...['Proxy-Authenticate', 'RAck', 'RSeq', 'Reason', 'Refer-To', 'Referred-By', 'Replaces', 'Reply-To', 'Retry-After'],
  ...['Server', 'Session-Expires', 'Subject', 'Supported', 'Timestamp', 'Unsupported', 'User-Agent', 'Warning'],
  ...['X-Anything', '__proto__', 'constructor', 'k', 'o', 'r', 's', 'u', 'x'],
];
const FAVOURITES = [
  ...[
    '',
    ';',
    ';;',
    ',',
    ',,,',
    '"',
    '"""',
    '\\',
    '<',
    '>',
    '<>',
    '<sip:',
    '(null)',
    '(null),X-cisco',
    '*',
    '%',
    '%zz',
  ],
  ...[
    'sip:a@b;',
    'urn:x:y',
    'Wed, 18 Aug 2021 14:43:48 UTC',
    '=',
    '=;=',
    'a=',
    'a="',
    '\0',
    '\x80\xff',
    ':',
    '::',
    '[',
    '-1',
  ],
  ...[
    'a\r\n b',
    '\r\n\tfolded',
    '99999999999999999999',
    '\r',
    '\n',
    'a\rb',
    'a\nVia: SIP/2.0/UDP evil',
    'x'.repeat(5_000),
  ],
];
const garbage = fc.oneof(
  fc.constantFrom(...FAVOURITES),
  fc
    .string({ unit: 'binary', maxLength: 30 })
    // A number of seconds is valid in some headers.
    .filter((text) => !/^\s*\d/.test(text) && !/\r?\n(?![ \t])/.test(text)),
);
/** Lines inserted into a message: unused headers, and lines that are not headers. */
const lines = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.tuple(fc.constantFrom(...UNUSED), garbage).map(([name, value]) => `${name}: ${value}`) },
    { weight: 1, arbitrary: fc.constantFrom('no colon', ': no name', 'na me: x', 'Subject', '"x": y', 'ü: y') },
  ),
  { minLength: 1, maxLength: 4 },
);
/** Used headers that occur twice with the same value. */
const twice = fc.subarray([
  'From',
  'To',
  'Call-ID',
  'CSeq',
  'Max-Forwards',
  'Content-Length',
  'Content-Type',
  'Expires',
]);
const changes = fc.array(fc.record({ lines, twice, viaEnd: fc.constantFrom('', ';', '; ;', ';x=', ';x="') }), {
  minLength: 1,
  maxLength: 5,
});

type Change = { lines: string[]; twice: string[]; viaEnd: string };

/** Inserts lines into a message. They replace headers of the same name, or follow the first line. */
function changed(data: Buffer, { lines: added, twice: doubled, viaEnd }: Change): Buffer {
  const text = data.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  const [start = '', ...own] = text.slice(0, end).split('\r\n');
  const named = (line: string): string => canonical(line.slice(0, line.indexOf(':')));
  const replaced = new Set(added.map(named));
  const kept = own
    .filter((line) => !replaced.has(named(line)))
    .flatMap((line) => (doubled.some((name) => name.toLowerCase() === named(line)) ? [line, line] : [line]))
    .map((line, index) => (index === 0 && named(line) === 'via' ? line + viaEnd : line));
  return Buffer.from([start, ...kept, ...added].join('\r\n') + text.slice(end), 'latin1');
}

/** The result of a call from INVITE to BYE. */
function call(wire?: (data: Buffer) => Buffer) {
  const made = pair(wire ? { wire } : {});
  jest.advanceTimersByTime(100);
  made.callees[0]?.call.accept('answer of callee');
  jest.advanceTimersByTime(100);
  const updated = made.dialogs.callee.size > 0 ? made.fromCallee('INVITE', { body: 'offer' }) : [];
  jest.advanceTimersByTime(100);
  made.callees[0]?.call.hangUp(603);
  jest.advanceTimersByTime(70_000);
  const { callerTold, callerMedia, callees, trace } = made;
  const outcome = {
    callerTold,
    took: callerMedia.took,
    callee: callees[0]?.told,
    updated,
    trace,
    left: made.leftovers(),
  };
  made.close();
  return JSON.stringify(outcome);
}

it('INVITE, 180, 200, ACK, re-INVITE and BYE have the same result', () => {
  const expected = call();
  expect(expected).toContain('"callerTold":["ringing","answered","ended BYE"]');
  fc.assert(
    fc.property(changes, (all) => {
      let sent = 0;
      expect(call((data) => changed(data, all[sent++ % all.length]!))).toBe(expected);
    }),
    RUNS,
  );
});

it('REGISTER has the same result', () => {
  const message = (cseq: number): string =>
    [
      'REGISTER sip:xyz-corp-testing.bwapp.bwsip.io SIP/2.0',
      'Via: SIP/2.0/UDP 192.0.2.201:5060;branch=z9hG4bKa;rport',
      'Max-Forwards: 70',
      'From: "Bob" <sip:bob@xyz-corp-testing.bwapp.bwsip.io>;tag=a',
      'To: <sip:bob@xyz-corp-testing.bwapp.bwsip.io>',
      'Call-ID: a',
      `CSeq: ${cseq} REGISTER`,
      'Contact: <sip:bob@192.0.2.201:5060>',
      'Expires: 120',
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n');
  fc.assert(
    fc.property(changes, (all) => {
      const w = world({ open: true });
      all.forEach((change, index) => {
        const data = changed(Buffer.from(message(index + 1)), change);
        const response = w.register(requestOf(data));
        expect([response.status, response.headers.get('contact')]).toEqual([
          200,
          '<sip:bob@192.0.2.201:5060>;expires=120',
        ]);
      });
      w.registrar.close();
    }),
    RUNS,
  );
});
