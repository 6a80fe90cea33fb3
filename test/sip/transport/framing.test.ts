import { Framing } from '../../../src/sip/transport/framing';
import { fastestMs } from '../../helpers/fastest';
import { options } from './harness';

function framing(): { framing: Framing; happened: string[] } {
  const happened: string[] = [];
  return {
    happened,
    framing: new Framing({
      message: (data) => happened.push(data.toString()),
      ping: () => happened.push('ping'),
      broken: (reason) => happened.push(`broken: ${reason}`),
    }),
  };
}

const WITH_BODY = Buffer.from('MESSAGE sip:a@b SIP/2.0\r\nl : 12\r\nX: y\r\n\r\nhello\r\n\r\nyou');

it('splits a chunk into messages', () => {
  const { framing: stream, happened } = framing();
  stream.push(Buffer.concat([options('a'), WITH_BODY, options('b')]));
  expect(happened).toEqual([options('a'), WITH_BODY, options('b')].map(String));
  expect(stream.buffered).toBe(0);
});

it.each([1, 2, 3, 7, 50])('joins messages from chunks of %i bytes', (size) => {
  const { framing: stream, happened } = framing();
  const data = Buffer.concat([options('a'), WITH_BODY, options('b')]);
  for (let at = 0; at < data.length; at += size) stream.push(data.subarray(at, at + size));
  expect(happened).toEqual([options('a'), WITH_BODY, options('b')].map(String));
});

it('does not reuse the memory of reported messages', () => {
  const told: Buffer[] = [];
  const stream = new Framing({ message: (data) => told.push(data), ping: () => undefined, broken: () => undefined });
  for (const byte of Buffer.concat([options('a'), options('b')])) stream.push(Buffer.from([byte]));
  expect(told.map(String)).toEqual([options('a'), options('b')].map(String));
});

it('reports a ping for two line ends, not for one, once per chunk', () => {
  const { framing: stream, happened } = framing();
  stream.push(Buffer.from('\r\n'));
  expect(happened).toEqual([]);
  stream.push(Buffer.from('\r'));
  stream.push(Buffer.from('\n'));
  expect(happened).toEqual(['ping']);
  stream.push(Buffer.from('\r\n'.repeat(1_000)));
  expect(happened).toEqual(['ping', 'ping']);
});

it.each([
  ['another protocol', 'GET / HTTP/1.1\r\n'],
  ['a TLS handshake', '\x16\x03\x01\x02\x00'],
  ['a start line without end', 'a'.repeat(8_193)],
  ['headers without end', `OPTIONS sip:a@b SIP/2.0\r\n${'X: y\r\n'.repeat(11_000)}`],
])('breaks on %s', (_what, text) => {
  const { framing: stream, happened } = framing();
  stream.push(Buffer.from(text));
  expect(happened).toEqual([expect.stringContaining('broken')]);
  stream.push(options('a'));
  expect(happened).toHaveLength(1);
});

it.each([
  '',
  'Content-Length: -1\r\n',
  'Content-Length: 5\r\nContent-Length: 6\r\n',
  'Content-Length: 99999\r\n',
  'Content-Length: x\r\n',
])('reports a message with %j, and breaks', (lengths) => {
  const { framing: stream, happened } = framing();
  stream.push(Buffer.from(`OPTIONS sip:a@b SIP/2.0\r\n${lengths}\r\nhello`));
  expect(happened).toEqual([expect.stringMatching(/^OPTIONS/), 'broken: no usable Content-Length']);
});

it('processes 60 KiB byte by byte without rescanning', () => {
  const body = 'x'.repeat(60_000);
  const message = Buffer.from(`MESSAGE sip:a@b SIP/2.0\r\nl: 60000\r\n\r\n${body}`);
  const readIt = (): void => {
    const { framing: stream, happened } = framing();
    for (const byte of message) stream.push(Buffer.from([byte]));
    expect(happened).toHaveLength(1);
  };
  expect(fastestMs(readIt, 3)).toBeLessThan(2_000);
});
