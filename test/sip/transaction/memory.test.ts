/** A transaction remains for half a minute, but must release its messages (otherwise 640 MB at 600 calls/s). */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { SipRequest } from '../../../src/sip/message';
import { responseTo } from '../../../src/sip/respond';
import { answer, FakeFlow, incoming, outgoing, scene } from './scene';

setFlagsFromString('--expose_gc');
const gc: unknown = runInNewContext('gc');

beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate'] }));
afterEach(() => jest.useRealTimers());

/** A flow that does not keep sent messages. */
class ForgetfulFlow extends FakeFlow {
  override send(): void {}
}

async function isGone(request: WeakRef<SipRequest>): Promise<boolean> {
  for (let i = 0; i < 5 && request.deref(); i++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (typeof gc === 'function') gc();
  }
  return request.deref() === undefined;
}

it.each([
  ['INVITE', 200],
  ['OPTIONS', 200],
  ['REGISTER', 401],
])('a server transaction releases its %s after its %i', async (method, status) => {
  const flow = new ForgetfulFlow();
  const { layer, transactions } = scene();
  const begin = (): WeakRef<SipRequest> => {
    const request = incoming(method);
    layer.receive(request, flow);
    transactions.pop()?.respond(responseTo(request, status));
    return new WeakRef(request);
  };
  expect(await isGone(begin())).toBe(true);
  expect(layer.size).toBe(1);
});

it('a rejected INVITE is released after its ACK', async () => {
  const flow = new ForgetfulFlow();
  const { layer, transactions } = scene();
  const begin = (): WeakRef<SipRequest> => {
    const request = incoming('INVITE');
    layer.receive(request, flow);
    transactions.pop()?.respond(responseTo(request, 486));
    layer.receive(incoming('ACK', { CSeq: '1 ACK' }), flow);
    return new WeakRef(request);
  };
  expect(await isGone(begin())).toBe(true);
  expect(layer.size).toBe(1);
});

it.each([
  ['INVITE', 200],
  ['INVITE', 486],
  ['OPTIONS', 200],
])('a client transaction releases its %s after its %i', async (method, status) => {
  const flow = new ForgetfulFlow();
  const { layer } = scene();
  const begin = (): WeakRef<SipRequest> => {
    const user = { response: () => undefined, timeout: () => undefined, failed: () => undefined };
    const { request } = layer.request(outgoing(method), flow, user);
    layer.receive(answer(request, status), flow);
    return new WeakRef(request);
  };
  expect(await isGone(begin())).toBe(true);
  expect(layer.size).toBe(1);
});
