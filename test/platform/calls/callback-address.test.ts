/** Which addresses events are sent to. */
import type { LookupAddress } from 'node:dns';
import { createInternalErrors } from '../../../src/internal-errors';
import { createCallbackClient, type CallbackRules } from '../../../src/platform/calls/callback-client';
import { isPublicAddress } from '../../../src/platform/media/sounds/address';
import { recordingLog } from '../../helpers/builders';
import { receiver, world, type Receiver } from '../support/harness';

const EVENT = { method: 'POST', fields: { eventType: 'hangup' }, timeoutMs: 5_000 } as const;

let app: Receiver;
beforeEach(async () => {
  app = await receiver();
});
afterEach(() => app.close());

/** A name server that gives one answer after the other, the last one again and again. */
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

it('no event is sent to a name that leads to such an address', async () => {
  const callbacks = client({ lookup: names('127.0.0.1').lookup! });
  const outcome = await callbacks.send({ ...EVENT, url: `http://app.example:${port()}/` });
  expect(outcome).toHaveProperty('error', expect.stringMatching(/app\.example is not on the public internet/));
  expect(app.received).toEqual([]);
  callbacks.close();
});

it('the address that was checked is the one that is connected to', async () => {
  // The test's own public address; a second question would get another answer.
  const { lookup, asked } = names('127.0.0.1', '10.0.0.1');
  const callbacks = client({ lookup: lookup!, isAllowed: (address) => address === '127.0.0.1' });
  expect(await callbacks.send({ ...EVENT, url: `http://app.example:${port()}/` })).toEqual({ ok: true, status: 200 });
  expect(asked()).toBe(1);
  callbacks.close();
});

it('a trusted URL is reached wherever it is, and its connection does not serve others', async () => {
  const callbacks = client({ isTrusted: ({ pathname }) => pathname === '/webhooks/voice' });
  const to = (path: string) => callbacks.send({ ...EVENT, url: `http://localhost:${port()}${path}` });
  expect(await to('/webhooks/voice')).toEqual({ ok: true, status: 200 });
  expect(await to('/other')).toMatchObject({ ok: false, status: undefined });
  expect(app.received.map(({ path }) => path)).toEqual(['/webhooks/voice']);
  callbacks.close();
});

it('the failure shows in /errors; loopback is open to a platform that listens on loopback only', async () => {
  const w = await world();
  await w.dial('+15552223333', { callbackUrl: 'http://169.254.169.254/latest/meta-data', fallbackUrl: w.app.url });
  await w.app.next('answer');
  const { body } = await w.v1.get('/errors');
  expect(body[0]).toMatchObject({ code: 'callback-failed', message: expect.stringMatching(/AUDIO_PRIVATE_HOSTS/) });
  await w.close();
});
