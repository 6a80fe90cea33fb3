/** Addresses that may receive events. */
import type { LookupAddress } from 'node:dns';
import { createInternalErrors } from '../../../src/support/internal-errors';
import { createCallbackClient, type CallbackRules } from '../../../src/platform/calls/callback-client';
import { createDelivery } from '../../../src/platform/calls/delivery';
import { isPublicAddress } from '../../../src/media/sounds/address';
import { createErrorLog } from '../../../src/platform/resources/error-log';
import { recordingLog } from '../../helpers/builders';
import { NUMBER, receiver, world, type Answer, type Receiver } from '../support/harness';

const EVENT = { method: 'POST', fields: { eventType: 'hangup' }, timeoutMs: 5_000 } as const;

let app: Receiver;
beforeEach(async () => {
  app = await receiver();
});
afterEach(() => app.close());

/** A name server that returns the answers in order, and repeats the last one. */
function names(...answers: string[]): { lookup: CallbackRules['lookup']; asked: () => number } {
  let asked = 0;
  const lookup = (_name: string, _options: object, callback: (error: null, found: LookupAddress[]) => void): void => {
    const address = answers[Math.min(asked++, answers.length - 1)] ?? '';
    callback(null, [{ address, family: 4 }]);
  };
  return { lookup: lookup as never, asked: () => asked };
}

function client(rules: Partial<CallbackRules> = {}) {
  return createCallbackClient(createInternalErrors(recordingLog().log), { isAllowed: isPublicAddress, ...rules });
}
const port = (): string => new URL(app.url).port;

it.each(['127.0.0.1', '127.1', '2130706433', '0', '[::1]', '[::ffff:127.0.0.1]', '169.254.169.254', '10.1.2.3'])(
  'no event is sent to the address %s',
  async (host) => {
    const callbacks = client();
    const outcome = await callbacks.send({ ...EVENT, url: `http://${host}:${port()}/` });
    expect(outcome).toMatchObject({ ok: false, status: undefined });
    expect(outcome).toHaveProperty('error', expect.stringMatching(/AUDIO_PRIVATE_HOSTS/));
    expect(app.received).toEqual([]);
    callbacks.close();
  },
);

it('no event is sent to a name with such an address', async () => {
  const callbacks = client({ lookup: names('127.0.0.1').lookup! });
  const outcome = await callbacks.send({ ...EVENT, url: `http://app.example:${port()}/` });
  expect(outcome).toHaveProperty('error', expect.stringMatching(/app\.example is not on the public internet/));
  expect(app.received).toEqual([]);
  callbacks.close();
});

it('the client connects to the address that was checked', async () => {
  // A public address of the test. A second look-up would get another answer.
  const { lookup, asked } = names('127.0.0.1', '10.0.0.1');
  const callbacks = client({ lookup: lookup!, isAllowed: (address) => address === '127.0.0.1' });
  expect(await callbacks.send({ ...EVENT, url: `http://app.example:${port()}/` })).toEqual({ ok: true, status: 200 });
  expect(asked()).toBe(1);
  callbacks.close();
});

it('a trusted URL may have any address, and its connection is not reused for others', async () => {
  const callbacks = client({ isTrusted: ({ pathname }) => pathname === '/webhooks/voice' });
  const to = (path: string) => callbacks.send({ ...EVENT, url: `http://localhost:${port()}${path}` });
  expect(await to('/webhooks/voice')).toEqual({ ok: true, status: 200 });
  expect(await to('/other')).toMatchObject({ ok: false, status: undefined });
  expect(app.received.map(({ path }) => path)).toEqual(['/webhooks/voice']);
  callbacks.close();
});

it('the failure shows in /errors', async () => {
  const callbacks = client({ lookup: names('169.254.169.254').lookup! });
  const { log } = recordingLog();
  const errors = createErrorLog(10);
  const queue = createDelivery({ client: callbacks, errors, log }).createQueue();
  const event = { id: 'e', callId: 'c', time: '', name: 'answer', fields: {}, outcome: 'pending' } as const;
  const target = { url: 'http://app.example/', method: 'POST', timeoutMs: 5_000 } as const;
  expect(await queue.send({ ...event, attempts: [] }, target)).toBe(false);
  const [error] = errors.list();
  expect(error).toMatchObject({ code: 'callback-failed', message: expect.stringMatching(/AUDIO_PRIVATE_HOSTS/) });
  callbacks.close();
});

describe('a request with a literal address', () => {
  const METADATA = 'http://169.254.169.254/latest/meta-data';
  const code = ({ status, body }: Answer): [number, string] => [status, body?.code];

  it('is refused with the names of field, address and setting', async () => {
    const w = await world();
    const callId = await w.dial('+15550000002');
    const call = { from: NUMBER, to: '+15550000002' };
    for (const [path, body] of [
      ['/calls', { ...call, callbackUrl: METADATA }],
      ['/calls', { ...call, callbackUrl: w.app.url, fallbackUrl: 'http://[::ffff:10.1.2.3]:8080/' }],
      [`/calls/${callId}`, { callbackUrl: 'https://user:secret@192.168.1.1/' }],
      [`/calls/${callId}`, { state: 'transferring', transferTo: '+15552223333', callbackUrl: METADATA }],
      ['/applications', { name: 'x', incomingCallUrl: METADATA }],
      [`/applications/${w.applicationId}`, { incomingCallFallbackUrl: 'http://172.16.0.1/' }],
    ] as const)
      expect([path, ...code(await w.v1.post(path, body))]).toEqual([path, 400, 'callback-url-invalid']);
    const { body } = await w.v1.post('/calls', { ...call, callbackUrl: METADATA });
    expect(body.message).toMatch(/^callbackUrl: 169\.254\.169\.254 .*AUDIO_PRIVATE_HOSTS/);
    expect(body.details).toMatchObject([{ name: 'callbackUrl' }]);
    expect((await w.v1.get('/calls')).body).toHaveLength(1);
    expect((await w.v1.get(`/applications/${w.applicationId}`)).body).not.toHaveProperty('incomingCallFallbackUrl');
    await w.close();
  });

  it('is accepted with AUDIO_PRIVATE_HOSTS=on', async () => {
    const w = await world({ privateHosts: true });
    expect((await w.v1.post('/applications', { name: 'x', incomingCallUrl: 'http://10.1.2.3/' })).status).toBe(201);
    await w.close();
  });

  it("is accepted if it is the operator's webhook", async () => {
    const w = await world({ ownCallbackUrls: () => ['http://10.1.2.3:8080/webhooks/voice'] });
    const to = (incomingCallUrl: string) => w.v1.post('/applications', { name: 'x', incomingCallUrl });
    expect((await to('http://hook:secret@10.1.2.3:8080/webhooks/voice')).status).toBe(201);
    expect(code(await to('http://10.1.2.3:8080/other'))).toEqual([400, 'callback-url-invalid']);
    await w.close();
  });
});
