/** Whatever is sent: never a 5xx, never a hang, and the server goes on. */
import fc from 'fast-check';
import http, { createServer, type Server } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { CALLER, testApp, type TestApp } from './helpers/builders';
import { answerBody, incomingCallBody } from './helpers/v1-events';

const PATIENCE_MS = 20_000;
let app: TestApp;
let server: Server;
let port: number;
const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });

beforeAll(async () => {
  app = testApp();
  server = createServer(app.app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(async () => {
  agent.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** The status; rejects where there is none in time. */
function send(
  method: string,
  path: string,
  body?: string | Buffer,
  headers: http.OutgoingHttpHeaders = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = http.request({ agent, port, host: '127.0.0.1', method, path, headers }, (response) => {
      response.resume();
      response.on('end', () => {
        clearTimeout(timer);
        resolve(response.statusCode ?? 0);
      });
    });
    const timer = setTimeout(() => request.destroy(new Error(`${method} ${path} hangs`)), PATIENCE_MS);
    request.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    request.end(body);
  });
}

/** Without lone surrogates, which have no percent-encoding. */
const wellFormed = (text: string) => Buffer.from(text).toString();

const json = { 'content-type': 'application/json' };

/** After everything: it is alive, nothing failed inside, and a real call still works. */
afterEach(async () => {
  const failed = app.lines.filter(({ event }) => event === 'request-failed');
  expect(failed).toEqual([]);
  app.lines.length = 0;
  expect(await send('GET', '/healthz')).toBe(200);
  const callId = `c-${Math.random()}`;
  expect(await send('POST', '/webhooks/voice', JSON.stringify(incomingCallBody({ callId })), json)).toBe(200);
  expect((await app.store.get(callId))?.phase).toBe('dialling');
  await app.engine.end(callId);
});

const name = fc.constantFrom(
  ...['eventType', 'callId', 'from', 'to', 'tag', 'time', 'cause', 'status', 'state', 'dtmfDigit', 'digits'],
  ...['sentence', 'voice', 'gender', 'locale', 'limit', 'phase', 'kind', '__proto__', 'constructor', 'toString'],
);
const eventType = fc.constantFrom(
  ...['incomingcall', 'answer', 'speak', 'playback', 'dtmf', 'gather', 'recording', 'timeout', 'hangup', 'sms', ''],
);
const word = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    CALLER,
    'c-callee',
    '+15552223333',
    'sip:jsmith_mobile@xyz-corp-testing.bwapp.bwsip.io',
    '\ud800',
    '\0',
    '1e999',
  ),
);
/** Almost an event, or almost a new call: right names, any values. */
const almost = fc
  .tuple(
    fc.dictionary(name, fc.oneof({ weight: 4, arbitrary: word }, { weight: 1, arbitrary: fc.jsonValue() })),
    eventType,
    word,
  )
  .map(([fields, type, callId]) => ({ callId, ...fields, eventType: type }));
const anything = fc.oneof({ weight: 3, arbitrary: almost }, { weight: 1, arbitrary: fc.jsonValue() });

const runs = { numRuns: 1_500 };
const refusedOrTaken = (status: number) => status >= 200 && status < 500;

describe('random requests', () => {
  jest.setTimeout(120_000);

  it.each(['/webhooks/voice', '/calls'])('bodies at POST %s', async (path) => {
    await fc.assert(
      fc.asyncProperty(anything, async (body) => refusedOrTaken(await send('POST', path, JSON.stringify(body), json))),
      runs,
    );
  });

  it.each(['/webhooks/voice', '/calls'])('bytes at POST %s', async (path) => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const status = await send('POST', path, Buffer.from(bytes), json);
        return refusedOrTaken(status);
      }),
      { numRuns: 500 },
    );
  });

  it.each(['/webhooks/voice', '/calls'])('queries at GET %s', async (path) => {
    const pair = fc.tuple(name, fc.oneof(word, fc.webQueryParameters()));
    const query = fc
      .array(pair, { maxLength: 8 })
      .map((pairs) =>
        pairs.map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(wellFormed(value))}`).join('&'),
      );
    await fc.assert(
      fc.asyncProperty(query, eventType, async (text, type) =>
        refusedOrTaken(await send('GET', `${path}?eventType=${type}&${text}`)),
      ),
      runs,
    );
  });

  it('paths below /calls', async () => {
    const id = fc.oneof(
      word.map((text) => encodeURIComponent(wellFormed(text))),
      fc.webSegment(),
      fc.webPath(),
    );
    await fc.assert(
      fc.asyncProperty(id, fc.constantFrom('GET', 'DELETE', 'PUT', 'HEAD', 'OPTIONS'), async (segment, method) =>
        refusedOrTaken(await send(method, `/calls/${segment}`)),
      ),
      runs,
    );
  });

  it('sequences of events of a few calls', async () => {
    const call = fc.constantFrom(CALLER, 'c-callee', 'c-2', 'c-3');
    const event = fc.record({
      eventType,
      callId: call,
      from: word,
      to: word,
      tag: call,
      status: fc.constantFrom('done', 'started'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 12 }), async (events) => {
        for (const one of events) {
          if (!refusedOrTaken(await send('POST', '/webhooks/voice', JSON.stringify(one), json))) return false;
        }
        return true;
      }),
      { numRuns: 200 },
    );
  });
});

describe('nasty requests', () => {
  const event = JSON.stringify(answerBody(CALLER));
  const bodies: [string, string | Buffer][] = [
    ['arrays nested thirty thousand deep', '['.repeat(30_000) + ']'.repeat(30_000)],
    ['objects nested nine thousand deep', '{"a":'.repeat(9_000) + '1' + '}'.repeat(9_000)],
    ['depth in a field', `{"eventType":"hangup","callId":"c","x":${'['.repeat(9_000)}${']'.repeat(9_000)}}`],
    ['unclosed arrays', '['.repeat(60_000)],
    ['numbers without end', `{"eventType":"dtmf","callId":"c","dtmfDigit":1e999}`],
    ['a number of sixty thousand digits', `{"eventType":"dtmf","callId":"c","dtmfDigit":${'9'.repeat(60_000)}}`],
    ['__proto__', '{"__proto__":{"eventType":"hangup","callId":"c"},"eventType":"hangup","callId":"c"}'],
    ['__proto__ alone', '{"__proto__":{"to":"+15552223333","sentence":"x"}}'],
    ['constructor', '{"constructor":{"prototype":{"polluted":1}},"eventType":"hangup","callId":"constructor"}'],
    ['doubled keys', '{"eventType":"hangup","eventType":"answer","callId":"a","callId":["b"]}'],
    ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x22, 0xc3, 0x28, 0x22, 0x7d])],
    [
      'invalid UTF-8 in an id',
      Buffer.concat([Buffer.from('{"eventType":"hangup","callId":"'), Buffer.from([0xff, 0xc0]), Buffer.from('"}')]),
    ],
    ['lone surrogates', '{"eventType":"incomingcall","callId":"\\ud800","from":"\\udfff","to":"\\ud800"}'],
    ['NUL', '{"eventType":"incomingcall","callId":"\\u0000","from":"\\u0000","to":"\\u0000"}'],
    [
      'line breaks in ids',
      '{"eventType":"incomingcall","callId":"a\\r\\nX: y","from":"+15551112222","to":"+1555444333"}',
    ],
    ['UTF-16', Buffer.from(event, 'utf16le')],
    ['a byte order mark', `\ufeff${event}`],
  ];
  it.each(bodies)('%s', async (_, body) => {
    for (const path of ['/webhooks/voice', '/calls']) expect(await send('POST', path, body, json)).toBeLessThan(500);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it.each([
    { 'content-type': 'text/html' },
    { 'content-type': 'multipart/form-data; boundary=x' },
    { 'content-type': 'application/json; charset=latin1' },
    { 'content-type': 'application/json; charset="' },
    { 'content-type': ';;;' },
    { 'content-type': '' },
    { 'content-encoding': 'gzip' },
    { 'content-encoding': 'br' },
    { 'content-encoding': 'zstd' },
    { 'content-encoding': 'nonsense' },
    { authorization: 'x'.repeat(8_000) },
    { 'x-request-id': '\xff'.repeat(100) },
  ])('headers %j', async (headers: http.OutgoingHttpHeaders) => {
    for (const path of ['/webhooks/voice', '/calls'])
      expect(await send('POST', path, event, headers)).toBeLessThan(500);
  });

  it.each([
    '/webhooks/voice?callId=%',
    '/webhooks/voice?eventType=%E0%A4%A&callId=%ff',
    '/webhooks/voice?eventType=hangup&callId=a&callId=b',
    '/webhooks/voice?eventType[]=hangup&callId[x]=y',
    '/webhooks/voice?__proto__=x&eventType=hangup&callId=__proto__',
    `/webhooks/voice?${'a&'.repeat(5_000)}`,
    `/webhooks/voice?eventType=hangup&callId=${'x'.repeat(10_000)}`,
    '/webhooks/voice/../../etc/passwd',
    '/calls/%',
    '/calls/%00',
    '/calls/%E0%A4%A',
    '/calls/..%2f..%2f',
    '/calls?limit=1e3&limit=%',
    '/calls?limit=NaN',
    '/calls?__proto__[x]=1',
    '//calls',
    '/calls//',
    '/%',
    '/?%',
  ])('GET %s', async (path) => {
    expect(await send('GET', path)).toBeLessThan(500);
  });

  /** What comes back over a bare connection, until it is closed. */
  function raw(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      let received = '';
      const socket = net.connect(port, '127.0.0.1', () => socket.end(text));
      socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error('hangs')));
      socket.on('data', (data) => (received += data.toString()));
      socket.on('error', (error: NodeJS.ErrnoException) =>
        error.code === 'ECONNRESET' ? resolve(received) : reject(error),
      );
      socket.on('close', () => resolve(received));
    });
  }
  const head = 'POST /webhooks/voice HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
  it.each([
    ['a chunk size that is none', `${head}Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n`],
    ['a chunk that is cut off', `${head}Transfer-Encoding: chunked\r\n\r\n5\r\n{}`],
    ['both lengths', `${head}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`],
    ['a body that is cut off', `${head}Content-Length: 500\r\n\r\n{"eventType":`],
    ['a length that is none', `${head}Content-Length: -1\r\n\r\n{}`],
    ['no HTTP', 'INVITE sip:x SIP/2.0\r\n\r\n'],
    ['no host', 'GET /webhooks/voice HTTP/1.1\r\n\r\n'],
    ['a header without end', `${head}X: ${'x'.repeat(20_000)}\r\n\r\n`],
    [
      'an absolute target',
      'GET http://[::bad/webhooks/voice?eventType=x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    ],
    ['an asterisk', 'OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'],
  ])('%s on the wire', async (_, text) => {
    expect(await raw(text)).not.toMatch(/^HTTP\/1\.1 5/m);
  });
});
