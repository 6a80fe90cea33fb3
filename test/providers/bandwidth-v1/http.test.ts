import { apiServer, v1Error, type ApiServer } from '../../helpers/api-server';
import { RefusedError, ReplyLostError, UnreachableError } from '../../../src/providers/errors';
import { createApiHttp, type ApiHttp, type ApiSettings } from '../../../src/providers/bandwidth-v1/http';

let server: ApiServer;
const clients: ApiHttp[] = [];
beforeEach(async () => {
  server = await apiServer();
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await server.close();
});

function http(settings: Partial<ApiSettings> = {}): ApiHttp {
  const client = createApiHttp({
    url: server.url,
    userId: 'u-1',
    token: 't-ä',
    secret: 's:1',
    timeoutMs: 2_000,
    ...settings,
  });
  clients.push(client);
  return client;
}

/** What a request rejects with. */
async function failure(sending: Promise<unknown>): Promise<unknown> {
  return sending.then(
    (reply) => Promise.reject(new Error(`it succeeded with ${JSON.stringify(reply)}`)),
    (error: unknown) => error,
  );
}

describe('what is sent', () => {
  it('has method, path below /v1, Basic credentials and JSON', async () => {
    await http().send('POST', '/users/u-1/calls', { to: '+1', note: 'Grüße' });
    expect(server.requests).toEqual([expect.objectContaining({ method: 'POST', path: '/v1/users/u-1/calls' })]);
    const [{ headers, text } = { headers: {}, text: '' }] = server.requests;
    expect(headers['authorization']).toBe(`Basic ${Buffer.from('t-ä:s:1').toString('base64')}`);
    expect(headers['content-type']).toBe('application/json');
    expect(headers['content-length']).toBe(String(Buffer.byteLength(text)));
    expect(JSON.parse(text)).toEqual({ to: '+1', note: 'Grüße' });
  });

  it('has no body where none is given', async () => {
    await http().send('GET', '/users/u-1/calls?from=%2B1');
    const [{ headers, text, path } = { headers: {}, text: 'x', path: '' }] = server.requests;
    expect([path, text, headers['content-type'], headers['content-length']]).toEqual([
      '/v1/users/u-1/calls?from=%2B1',
      '',
      undefined,
      undefined,
    ]);
  });

  it('goes below a path of the URL, where it has one', async () => {
    await http({ url: `${server.url}/proxy` }).send('DELETE', '/x');
    expect(server.requests[0]).toMatchObject({ method: 'DELETE', path: '/proxy/v1/x' });
  });

  it('has the user id escaped in paths', () => {
    expect(http({ userId: 'a/b c' }).userPath('/calls')).toBe('/users/a%2Fb%20c/calls');
  });

  it('reuses one connection for commands one after the other', async () => {
    const client = http();
    for (let i = 0; i < 5; i++) await client.send('POST', '/x', { i });
    expect([server.requests.length, server.connections()]).toEqual([5, 1]);
  });

  it('reuses the connection after a refusal too', async () => {
    server.answer = () => ({ status: 404, body: v1Error('call-not-found') });
    const client = http();
    for (let i = 0; i < 3; i++) await failure(client.send('GET', '/x'));
    expect(server.connections()).toBe(1);
  });
});

describe('a reply', () => {
  it.each([200, 201, 202])('%i is success, with Location and body', async (status) => {
    server.answer = () => ({ status, headers: { location: '/calls/c-1' }, body: { id: 'c-1' } });
    expect(await http().send('GET', '/x')).toMatchObject({ status, location: '/calls/c-1', body: { id: 'c-1' } });
  });

  it('may be empty', async () => {
    expect(await http().send('POST', '/x', {})).toEqual({
      status: 200,
      location: undefined,
      hasNext: false,
      body: undefined,
    });
  });

  it.each([
    ['a next page', '<http://api/calls?page=0>; rel="first", <http://api/calls?page=2>; rel="next"', true],
    ['a next page, without quotes', '</calls?page=2>;rel=next', true],
    ['the last page', '<http://api/calls?page=0>; rel="first", <http://api/calls?page=1>; rel="previous"', false],
  ])('says in its Link of %s', async (_, link, hasNext) => {
    server.answer = () => ({ status: 200, headers: { Link: link }, body: [] });
    expect(await http().send('GET', '/x')).toMatchObject({ hasNext });
  });

  it('that is no JSON is kept as text', async () => {
    server.answer = () => ({ status: 200, body: '<html>' });
    expect((await http().send('GET', '/x')).body).toBe('<html>');
  });

  it('in many pieces is put together, characters in two bytes too', async () => {
    const text = 'ä'.repeat(200_000);
    server.answer = () => ({ status: 200, body: { text } });
    expect((await http().send('GET', '/x')).body).toEqual({ text });
  });
});

describe('a refusal', () => {
  it.each([
    [400, 'validation-error', 'bad-request'],
    [401, 'user-access-denied', 'authentication'],
    [403, 'call-rate-limit', 'limit'],
    [404, 'call-not-found', 'not-found'],
    [409, 'call-update-conflict', 'conflict'],
    [503, 'call-unavailable', 'unavailable'],
  ])('%i carries the code %s and the category %s', async (status, code, category) => {
    server.answer = () => ({ status, body: v1Error(code, category, 'not so') });
    const error = await failure(http().send('POST', '/x', {}));
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({ status, code, category, message: `${status} ${code}: not so`, retryAt: undefined });
  });

  it('is understood by its code alone', async () => {
    server.answer = () => ({ status: 403, body: { code: 'call-rate-limit' } });
    expect(await failure(http().send('POST', '/x', {}))).toMatchObject({
      code: 'call-rate-limit',
      category: 'unknown',
    });
  });

  it.each([
    ['an error page', '<html>no</html>'],
    ['nothing', undefined],
    ['JSON of another kind', { error: 'no' }],
  ])('with %s has a code made of its status', async (_, body) => {
    server.answer = () => ({ status: 404, body });
    expect(await failure(http().send('GET', '/x'))).toMatchObject({
      status: 404,
      code: 'http-404',
      category: 'unknown',
    });
  });

  it.each([301, 302, 307])('is a redirect, which is not followed: %i', async (status) => {
    server.answer = () => ({ status, headers: { location: `${server.url}/elsewhere` } });
    const error = await failure(http().send('POST', '/x', {}));
    expect(error).toBeInstanceOf(RefusedError);
    expect(server.requests).toHaveLength(1);
  });

  it.each([
    ['seconds', '1700000000', 1_700_000_000_000],
    ['milliseconds', '1700000000123', 1_700_000_000_123],
    ['nothing', undefined, undefined],
    ['no number', 'soon', undefined],
    ['an empty one', '', undefined],
    ['something before 1970', '-1', undefined],
  ])('429 with X-RateLimit-Reset in %s', async (_, reset, retryAt) => {
    const headers: Record<string, string> = reset === undefined ? {} : { 'X-RateLimit-Reset': reset };
    server.answer = () => ({ status: 429, headers, body: v1Error('rate-limit-reached') });
    const error = await failure(http().send('GET', '/x'));
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({ status: 429, code: 'rate-limit-reached', retryAt });
  });
});

describe('a rate limit of a platform', () => {
  it('whose clock is ahead of ours ends when it ends there', async () => {
    const ahead = 90_000;
    const reset = String(Date.now() + ahead + 30_000);
    server.answer = () => ({
      status: 429,
      headers: { 'X-RateLimit-Reset': reset, Date: new Date(Date.now() + ahead).toUTCString() },
      body: v1Error('rate-limit-reached'),
    });
    const { retryAt } = (await failure(http().send('GET', '/x'))) as RefusedError;
    expect(retryAt! - Date.now()).toBeGreaterThan(28_000);
    expect(retryAt! - Date.now()).toBeLessThan(32_000);
  });
});

describe('a reply that says nothing of the effect', () => {
  it.each([500, 502, 504])('%i: lost, with status and code', async (status) => {
    server.answer = () => ({ status, body: v1Error('internal-error') });
    const error = await failure(http().send('POST', '/x', {}));
    expect(error).toBeInstanceOf(ReplyLostError);
    expect(error).toMatchObject({ status, code: 'internal-error' });
  });

  it('5xx with an error page: lost, with a code made of its status', async () => {
    server.answer = () => ({ status: 502, body: '<html>' });
    expect(await failure(http().send('POST', '/x', {}))).toMatchObject({ status: 502, code: 'http-502' });
  });

  it('no reply within the timeout: lost', async () => {
    server.answer = () => 'hang';
    const error = await failure(http({ timeoutMs: 500 }).send('POST', '/x', {}));
    expect(error).toBeInstanceOf(ReplyLostError);
    expect(error).toMatchObject({ code: 'reply-lost', message: 'POST /x: no reply within 500 ms' });
    expect(server.requests).toHaveLength(1);
  });

  it('a reply that stops in its middle: lost within the timeout', async () => {
    server.answer = ({ socket }) => {
      socket.write('HTTP/1.1 201 Created\r\nContent-Length: 100\r\nLocation: /calls/c-1\r\n\r\n{"id"');
      return 'hang';
    };
    expect(await failure(http({ timeoutMs: 500 }).send('POST', '/x', {}))).toBeInstanceOf(ReplyLostError);
  });

  it('a connection that ends in the middle of a reply: lost', async () => {
    server.answer = ({ socket }) => {
      socket.end('HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{"id"');
      return 'hang';
    };
    expect(await failure(http().send('POST', '/x', {}))).toBeInstanceOf(ReplyLostError);
  });

  it('a reset: lost', async () => {
    server.answer = () => 'cut';
    const error = await failure(http().send('POST', '/x', {}));
    expect(error).toBeInstanceOf(ReplyLostError);
    expect((error as ReplyLostError).cause).toMatchObject({ code: 'ECONNRESET' });
  });

  it('no HTTP at all: lost', async () => {
    server.answer = ({ socket }) => {
      socket.end('SSH-2.0-OpenSSH\r\n');
      return 'hang';
    };
    expect(await failure(http().send('POST', '/x', {}))).toBeInstanceOf(ReplyLostError);
  });

  it('a client that is closed while it waits: lost', async () => {
    server.answer = () => 'hang';
    const client = http();
    const sending = failure(client.send('POST', '/x', {}));
    await server.next();
    client.close();
    expect(await sending).toBeInstanceOf(ReplyLostError);
  });
});

describe('a platform that cannot be reached', () => {
  it('refuses the connection: the command was never sent', async () => {
    const { url } = server;
    await server.close();
    const error = await failure(http({ url }).send('POST', '/x', {}));
    server = await apiServer();
    expect(error).toBeInstanceOf(UnreachableError);
    expect((error as Error).message).toMatch(/^POST \/x: ECONNREFUSED, is BANDWIDTH_API_URL right/);
  });

  it('has a name that nobody knows: the command was never sent', async () => {
    const error = await failure(http({ url: 'http://nowhere.invalid' }).send('POST', '/x', {}));
    expect(error).toBeInstanceOf(UnreachableError);
  });
});
