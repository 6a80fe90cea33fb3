/** How large a reply of the platform may be. */
import { ReplyLostError } from '../../../src/providers/errors';
import { createApiHttp } from '../../../src/providers/bandwidth-v1/http';
import { MAX_REPLY_BYTES } from '../../../src/providers/bandwidth-v1/http-adapter';
import { apiServer } from '../../helpers/api-server';
import { world } from '../../platform/support/harness';

it('a larger reply is given up, so that it cannot fill the memory', async () => {
  const server = await apiServer();
  const http = createApiHttp({ url: server.url, userId: 'u-1', token: 't', secret: 's', timeoutMs: 20_000 });
  server.answer = () => ({ status: 200, body: 'x'.repeat(MAX_REPLY_BYTES) });
  expect((await http.send('GET', '/calls')).body).toHaveLength(MAX_REPLY_BYTES);
  server.answer = () => ({ status: 200, body: 'x'.repeat(MAX_REPLY_BYTES + 1) });
  const failure = await http.send('GET', '/calls').catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ReplyLostError);
  expect(String(failure)).toContain(`larger than ${MAX_REPLY_BYTES} bytes`);
  http.close();
  await server.close();
});

it('a list of 1,000 calls fits, with the longest URLs and tags', async () => {
  const w = await world();
  const long = (length: number) => `${w.app.url}/`.padEnd(length, 'x');
  await w.dial('+15552223333', { callbackUrl: long(2_048), fallbackUrl: long(2_048), tag: 'x'.repeat(1_024) });
  const { text } = await w.v1.get('/calls');
  expect(text.length).toBeGreaterThan(5_000);
  expect(text.length * 1_000).toBeLessThan(MAX_REPLY_BYTES);
  await w.close();
});
