import { MAX_HEADER_LENGTH, MAX_HEADERS, MAX_MESSAGE, parseMessage, type Parsed } from '../../../src/sip/parse';
import { fastestMs } from '../../helpers/fastest';
import { literal } from './rfc4475/literal';

const OPTIONS = `OPTIONS sip:tandem@192.0.2.1 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.4:5060;branch=z9hG4bKa
Max-Forwards: 70
From: <sip:alice@example.com>;tag=1
To: <sip:tandem@192.0.2.1>
Call-ID: a@192.0.2.4
CSeq: 1 OPTIONS
`;

/** The request above with additional header lines. */
const withHeaders = (...lines: string[]): Buffer => bytes(`${OPTIONS}${lines.map((line) => `${line}\n`).join('')}\n`);
const bytes = (text: string): Buffer => Buffer.from(text.replaceAll('\n', '\r\n'));

const read = (data: Buffer, framing: 'datagram' | 'stream' = 'datagram'): Parsed => parseMessage(data, framing);
const message = (data: Buffer, framing: 'datagram' | 'stream' = 'datagram') => {
  const parsed = read(data, framing);
  if (parsed.kind !== 'message') throw new Error(`not a message: ${parsed.reason}`);
  return parsed.message;
};
const rejected = (data: Buffer, framing: 'datagram' | 'stream' = 'datagram'): [number, string] | string => {
  const parsed = read(data, framing);
  return parsed.kind === 'malformed' ? [parsed.status, parsed.reason] : parsed.kind;
};

describe('headers', () => {
  it('expands compact forms', () => {
    const { headers } = message(literal`
INVITE sip:bob@example.com SIP/2.0
v: SIP/2.0/UDP 192.0.2.4;branch=z9hG4bKa
f: <sip:alice@example.com>;tag=1
t: <sip:bob@example.com>
i: a@192.0.2.4
CSeq: 1 INVITE
m: <sip:alice@192.0.2.4>
c: application/sdp
e: gzip
k: timer
s: Lunch
o: presence
u: dialog
r: <sip:carol@example.com>
x: 1800;refresher=uac
l: 0

`);
    expect([...headers].map(([name]) => name)).toEqual([
      ...[
        'Via',
        'From',
        'To',
        'Call-ID',
        'CSeq',
        'Contact',
        'Content-Type',
        'Content-Encoding',
        'Supported',
        'Subject',
      ],
      ...['Event', 'Allow-Events', 'Refer-To', 'Session-Expires', 'Content-Length'],
    ]);
  });

  it('reads names of Object.prototype as names', () => {
    const { headers } = message(withHeaders('constructor: a', '__proto__: b', 'toString: c'));
    expect([headers.get('Constructor'), headers.get('__proto__'), headers.get('tostring')]).toEqual(['a', 'b', 'c']);
  });

  it('joins folded lines with one space', () => {
    expect(message(withHeaders('Subject: one', '\ttwo', '   three')).headers.get('subject')).toBe('one two three');
  });

  it('splits lists at commas, but not within quotes or angle brackets', () => {
    const { headers } = message(
      withHeaders(
        'Contact: "Bell, \\"A\\"" <sip:a,b@example.com>;x="1,2" , <sip:c@example.com>,sip:d@example.com',
        'Allow: INVITE,ACK , BYE',
      ),
    );
    expect(headers.all('contact')).toEqual([
      '"Bell, \\"A\\"" <sip:a,b@example.com>;x="1,2"',
      '<sip:c@example.com>',
      'sip:d@example.com',
    ]);
    expect(headers.all('allow')).toEqual(['INVITE', 'ACK', 'BYE']);
  });

  it.each([
    'Authorization: Digest username="a", realm="b"',
    'Subject: a, b',
    'User-Agent: a, b',
    'Date: Sat, 13 Nov 2010 23:29:00 GMT',
  ])('leaves the commas of %s alone', (line) => {
    const [name = '', value] = line.split(': ');
    expect(message(withHeaders(line)).headers.all(name)).toEqual([value]);
  });

  it('keeps an empty list', () => {
    expect(message(withHeaders('Supported:')).headers.all('supported')).toEqual(['']);
  });

  it.each([
    ['no colon', 'Subject'],
    ['a space in the name', 'Sub ject: a'],
    ['no name', ': a'],
  ])('ignores a line with %s (RFC 3261 8.2.2)', (_what, line) => {
    expect(message(withHeaders(line, 'Priority: urgent')).headers.get('priority')).toBe('urgent');
  });

  it.each(['a\rb', 'a\nEvil: b'])(
    'keeps a bare line end within an unused header: %j does not begin a header',
    (value) => {
      const data = withHeaders('Subject: x').toString().replace('Subject: x', `Subject: ${value}`);
      const { headers } = message(Buffer.from(data));
      expect([headers.get('subject'), headers.has('evil')]).toEqual([value, false]);
    },
  );

  it.each(['\r', '\n'])('rejects %j within a header that is used', (end) => {
    expect(rejected(Buffer.from(withHeaders().toString().replace('z9hG4bKa', `z9hG4bKa${end}Evil: b`)))).toEqual([
      400,
      'Line End Without CR or LF',
    ]);
  });

  it.each(['From: <sip:b@example.com>', 'To: <sip:b@example.com>', 'Call-ID: b', 'CSeq: 2 OPTIONS', 'Max-Forwards: 1'])(
    'rejects a second %s',
    (line) => expect(rejected(withHeaders(line))).toMatchObject([400, expect.any(String)]),
  );

  it.each([
    'From: <sip:alice@example.com>;tag=1',
    'To: <sip:tandem@192.0.2.1>',
    'Call-ID: a@192.0.2.4',
    'CSeq: 1 OPTIONS',
    'Max-Forwards: 70',
    'Date: Sat, 13 Nov 2010 23:29:00 GMT',
    'Content-Length: 0',
  ])('accepts a second %s with the same value', (line) => {
    const same = line.startsWith('Date') || line.startsWith('Content-Length') ? [line, line] : [line];
    expect(message(withHeaders(...same)).kind).toBe('request');
  });

  it.each(['SIP/2.0/UDP a b:x', 'SIP/2.0/UDP 2001:db8::1:5060;branch=x', 'SIP / 2.0 / TCP [::1'])(
    'checks only the first Via: %s after it is kept',
    (lower) => {
      const { headers } = message(withHeaders(`Via: ${lower}`));
      expect(headers.all('via').at(-1)).toBe(lower);
    },
  );

  it('uses only the tags of From and To in a call, but the address of To in a REGISTER', () => {
    const unreadable = (method: string): Buffer =>
      bytes(`${OPTIONS.replace(/OPTIONS/g, method).replace(/^(From|To): .*/gm, '$1: Jo <Doe>')}\n`);
    expect(message(unreadable('OPTIONS')).headers.get('from')).toBe('Jo <Doe>');
    expect(rejected(unreadable('REGISTER'))).toEqual([400, 'Malformed to']);
  });

  it.each(['From', 'To', 'Call-ID', 'CSeq'])('rejects a request without %s', (name) => {
    const without = bytes(`${OPTIONS.replace(new RegExp(`${name}: .*\n`), '')}\n`);
    expect(rejected(without)).toEqual([400, `Missing ${name}`]);
  });

  it('drops a request without Via, because the response cannot be routed', () => {
    expect(rejected(bytes(`${OPTIONS.replace(/Via: .*\n/, '')}\n`))).toBe('dropped');
  });

  it.each(['CSeq: 2147483648 OPTIONS', 'CSeq: -1 OPTIONS', 'CSeq: OPTIONS', 'CSeq: 1'])('rejects %s', (line) => {
    expect(rejected(bytes(`${OPTIONS.replace('CSeq: 1 OPTIONS', line)}\n`))).toEqual([400, 'Malformed CSeq']);
  });
});

describe('limits', () => {
  it('accepts the longest allowed header and rejects a longer one', () => {
    const longest = `Subject: ${'a'.repeat(MAX_HEADER_LENGTH - 9)}`;
    expect(message(withHeaders(longest)).headers.has('subject')).toBe(true);
    expect(rejected(withHeaders(`${longest}a`))).toEqual([400, 'Header Too Long']);
  });

  it('rejects too many headers, counting elements of lists', () => {
    const own = OPTIONS.split('\n').length - 2;
    const left = MAX_HEADERS - own;
    expect(message(withHeaders(...Array<string>(left).fill('Y: 1'))).headers.size).toBe(MAX_HEADERS);
    expect(rejected(withHeaders(...Array<string>(left + 1).fill('Y: 1')))).toEqual([400, 'Too Many Headers']);
    expect(
      rejected(
        withHeaders(
          `Allow: ${Array<string>(left + 1)
            .fill('X')
            .join(',')}`,
        ),
      ),
    ).toEqual([400, 'Too Many Headers']);
  });

  it('rejects a message that is too large with 513', () => {
    const data = Buffer.concat([withHeaders(), Buffer.alloc(MAX_MESSAGE)]);
    expect(rejected(data)).toEqual([513, 'Message Too Large']);
  });

  it.each([
    ['spaces', (n: number) => `Subject: ${' '.repeat(n)}x`],
    ['quotes', (n: number) => `Contact: ${'"'.repeat(n)}`],
    ['backslashes', (n: number) => `Contact: "${'\\'.repeat(n)}`],
    ['angle brackets', (n: number) => `Contact: ${'<'.repeat(n)}`],
    ['semicolons', (n: number) => `Contact: <sip:a@b>${';'.repeat(n)}`],
    ['commas', (n: number) => `Via: ${','.repeat(n)}`],
    ['slashes with spaces', (n: number) => `Via: SIP${' '.repeat(n)}/`],
    ['dots', (n: number) => `Contact: <sip:a@${'a.-'.repeat(n / 3)}!>`],
    ['parameters', (n: number) => `Contact: <sip:a@b>${';a=b'.repeat(n / 4)};`],
    ['folds', (n: number) => `Subject: a${'\n '.repeat(n / 3)}`],
  ])('parses a message full of %s in a few ms', (_what, line) => {
    const lines = Array.from({ length: 7 }, () => line(8_000));
    const message = withHeaders(...lines);
    expect(fastestMs(() => read(message))).toBeLessThan(100);
  });
});

describe('start line', () => {
  const start = (line: string): Buffer => bytes(`${OPTIONS.replace(/^.*\n/, `${line}\n`)}\n`);

  it.each([
    'GET / HTTP/1.1',
    'OPTIONS sip:a@b',
    'OPTIONS',
    ' SIP/2.0',
    'OPT:IONS sip:a@b SIP/2.0',
    '\0\0\0\0',
    'SIP/2.0',
    'SIP/2.0 99 x',
    'SIP/2.0 700 x',
    'SIP/2.0 2000 x',
    'SIP/3.0 200 OK',
  ])('drops %j', (line) => expect(read(start(line)).kind).toBe('dropped'));

  it.each(['', '\r\n', '\r\n\r\n', 'x', '\0'])('drops %j', (text) => {
    expect(read(Buffer.from(text)).kind).toBe('dropped');
  });

  it('ignores preceding line ends', () => {
    expect(message(Buffer.concat([Buffer.from('\r\n\r\n'), withHeaders()]))).toMatchObject({ method: 'OPTIONS' });
  });

  it.each([
    'OPTIONS sip:2001:db8::10 SIP/2.0',
    'OPTIONS sip:a@ SIP/2.0',
    'OPTIONS sip:a@b:99999 SIP/2.0',
    'OPTIONS sip: SIP/2.0',
    'OPTIONS alice SIP/2.0',
  ])('rejects %s', (line) => expect(rejected(start(line))).toEqual([400, 'Malformed Request-URI']));

  it.each(['OPTIONS  sip:a@b SIP/2.0', 'OPTIONS sip:a@b   SIP/2.0', 'OPTIONS sip:a@b SIP/2.0  '])(
    'accepts the extra spaces of %j',
    (line) => expect(message(start(line))).toMatchObject({ method: 'OPTIONS', uri: 'sip:a@b' }),
  );

  it.each(['OPTIONS SIP/2.0', 'OPTIONS  SIP/2.0'])('rejects %j', (line) =>
    expect(rejected(start(line))).toEqual([400, 'Malformed Request Line']),
  );

  it('accepts headers with bare line feeds, and does not change the body', () => {
    const text = withHeaders('Subject: a\r\n b', 'Content-Type: text/plain').toString();
    const [head = ''] = text.replace(/Content-Length.*\r\n/, '').split('\r\n\r\n');
    const { headers, body } = message(Buffer.from(`${head.replaceAll('\r', '')}\n\na\nb\r\n\n`));
    expect([headers.get('subject'), headers.get('call-id') !== undefined, body.toString()]).toEqual([
      'a b',
      true,
      'a\nb\r\n\n',
    ]);
    expect(read(Buffer.from(text.replaceAll('\r', '')), 'stream').kind).toBe('dropped');
  });

  it('rejects other versions with 505', () => {
    expect(rejected(start('OPTIONS sip:a@b SIP/2.1'))).toEqual([505, 'Version Not Supported']);
  });
});

describe('body', () => {
  const withBody = (length: string, body: string): Buffer =>
    Buffer.concat([
      withHeaders('Content-Type: text/plain', ...(length === '' ? [] : [`Content-Length: ${length}`])),
      Buffer.from(body),
    ]);

  it('is the rest of a datagram without Content-Length', () => {
    expect(message(withBody('', 'hello')).body.toString()).toBe('hello');
  });

  it('ends as Content-Length says', () => {
    expect(message(withBody('4', 'hello')).body.toString()).toBe('hell');
  });

  it.each(['6', '-1', '0x5', '5, 5', '5 5', '1e1', ''.padEnd(30, '9')])(
    'of a datagram is rejected with Content-Length %s',
    (length) => {
      expect(rejected(withBody(length, 'hello'))).toMatchObject([
        expect.any(Number),
        expect.stringMatching(/Content-Length|Too Large/),
      ]);
    },
  );

  it('is rejected with 513 if Content-Length exceeds the limit', () => {
    expect(rejected(withBody('99999', 'hello'))).toEqual([513, 'Message Too Large']);
  });

  it('of a stream must have its exact length', () => {
    expect(message(withBody('5', 'hello'), 'stream').body.toString()).toBe('hello');
    expect(rejected(withBody('4', 'hello'), 'stream')).toEqual([400, 'Content-Length Before The End']);
    expect(rejected(withBody('', 'hello'), 'stream')).toEqual([400, 'Missing Content-Length']);
  });

  it('rejects a request that is truncated in its headers', () => {
    expect(rejected(bytes(OPTIONS))).toEqual([400, 'No Empty Line After Headers']);
  });
});

// RFC 5118 4
describe('IPv6', () => {
  it('reads addresses in URIs, Via and parameters', () => {
    const parsed = message(literal`
REGISTER sip:[2001:db8::10]:5070;transport=udp SIP/2.0
To: <sip:user@example.com>
From: <sip:user@[2001:db8::9]>;tag=81x2
Via: SIP/2.0/UDP [2001:db8::9:1]:5060;received=[2001:db8::9:255];branch=z9hG4bKas3-111
Via: SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3
Call-ID: SSG9559905523997077@hlau_4100
Contact: "Caller" <sip:caller@[2001:db8::1]>
CSeq: 98176 REGISTER
Content-Length: 0

`);
    expect(parsed.headers.all('via')).toHaveLength(2);
  });

  it('rejects addresses without brackets, and invalid ones', () => {
    expect(rejected(bytes(`${OPTIONS.replace('192.0.2.1 SIP', '[2001:db8:::1] SIP')}\n`))).toMatchObject([
      400,
      expect.any(String),
    ]);
    expect(rejected(bytes(`${OPTIONS.replace('192.0.2.4:5060', '2001:db8::1')}\n`))).toMatchObject([
      400,
      'Malformed Via',
    ]);
  });
});

it('parses a response, and drops a defective one', () => {
  const response = bytes(`${OPTIONS.replace(/^.*\n/, 'SIP/2.0 486 Busy Here\n')}\n`);
  expect(message(response)).toMatchObject({ kind: 'response', status: 486, reason: 'Busy Here' });
  expect(read(Buffer.from(response.toString().replace('CSeq: 1', 'CSeq: x')))).toEqual({
    kind: 'dropped',
    reason: 'Malformed CSeq',
  });
});
