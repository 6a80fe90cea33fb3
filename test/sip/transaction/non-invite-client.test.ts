/** RFC 3261 17.1.2 */
import type { TransportName } from '../../../src/sip/transport/transport';
import { answer, outgoing, recordingClient, scene } from './scene';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

function options(transport: TransportName = 'UDP') {
  const { layer, flow } = scene(transport);
  const user = recordingClient();
  const transaction = layer.request(outgoing('OPTIONS'), flow, user);
  const respond = (status: number): void => layer.receive(answer(flow.request('OPTIONS'), status), flow);
  return { layer, flow, user, transaction, respond };
}

const T1 = 500;

describe('trying', () => {
  it('MUST retransmit after T1, 2*T1, 4*T1, then every T2 (timer E)', () => {
    const { flow } = options();
    jest.advanceTimersByTime(64 * T1 - 1);
    expect(flow.times('OPTIONS')).toEqual([
      0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500,
    ]);
  });

  it('MUST NOT retransmit over a reliable transport', () => {
    const { flow } = options('TLS');
    jest.advanceTimersByTime(64 * T1 - 1);
    expect(flow.names).toEqual(['OPTIONS']);
  });

  it.each(['UDP', 'WS'] as const)('reports a timeout after 64*T1 (timer F), over %s', (transport) => {
    const { layer, user } = options(transport);
    jest.advanceTimersByTime(64 * T1 - 1);
    expect(user.told).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(user.told).toEqual(['timeout']);
    expect(layer.size).toBe(0);
  });
});

describe('proceeding', () => {
  it('MUST continue to retransmit, after the running interval every T2', () => {
    const { flow, respond } = options();
    jest.advanceTimersByTime(600);
    respond(100);
    jest.advanceTimersByTime(14_900);
    expect(flow.times('OPTIONS')).toEqual([0, 500, 1_500, 5_500, 9_500, 13_500]);
  });

  it('provisional responses go to the user', () => {
    const { user, respond } = options();
    respond(100);
    respond(183);
    expect(user.told).toEqual(['100', '183']);
  });

  it('reports a timeout 64*T1 after the request (timer F)', () => {
    const { layer, user, respond } = options();
    jest.advanceTimersByTime(20_000);
    respond(100);
    jest.advanceTimersByTime(12_000);
    expect(user.told).toEqual(['100', 'timeout']);
    expect(layer.size).toBe(0);
  });
});

describe.each(['trying', 'proceeding'])('%s, a final response', (state) => {
  it.each([200, 301, 401, 500, 603])('%i: is reported and ends the retransmissions', (status) => {
    const { flow, user, respond } = options();
    if (state === 'proceeding') respond(100);
    respond(status);
    jest.advanceTimersByTime(40_000);
    expect(flow.names).toEqual(['OPTIONS']);
    expect(user.told.at(-1)).toBe(String(status));
  });
});

describe('completed', () => {
  it('absorbs retransmitted responses for T4 (timer K) over UDP', () => {
    const { layer, user, respond } = options();
    respond(200);
    jest.advanceTimersByTime(4_999);
    respond(200);
    expect(user.told).toEqual(['200']);
    expect(layer.size).toBe(1);
    jest.advanceTimersByTime(1);
    expect(layer.size).toBe(0);
    respond(200);
    expect(user.told).toEqual(['200']);
  });

  it('ends at once over a reliable transport (timer K is zero)', () => {
    const { layer, user, respond } = options('TCP');
    respond(200);
    expect(user.told).toEqual(['200']);
    expect(layer.size).toBe(0);
  });
});

it('cancel() has no effect: only an INVITE can be cancelled', () => {
  const { flow, transaction, respond } = options();
  transaction.cancel();
  respond(100);
  transaction.cancel();
  expect(flow.names).toEqual(['OPTIONS']);
});

it('the request cannot be sent: reported asynchronously, once', () => {
  const { layer, flow } = scene();
  flow.broken = new Error('network is unreachable');
  const user = recordingClient();
  layer.request(outgoing('OPTIONS'), flow, user);
  expect(user.told).toEqual([]);
  jest.advanceTimersByTime(40_000);
  expect(user.told).toEqual(['failed: network is unreachable']);
  expect(layer.size).toBe(0);
});

it('the connection closes before a response: reported once', () => {
  const { layer, flow, user } = options('TCP');
  flow.drop();
  flow.drop();
  jest.advanceTimersByTime(40_000);
  expect(user.told).toEqual(['failed: The connection TCP fake was closed']);
  expect(layer.size).toBe(0);
});

it('a user that throws does not affect the layer', () => {
  const { layer, flow } = scene();
  layer.request(outgoing('OPTIONS'), flow, {
    ...recordingClient(),
    response() {
      throw new Error('a bug');
    },
  });
  layer.receive(answer(flow.request('OPTIONS'), 200), flow);
  jest.advanceTimersByTime(5_000);
  expect(layer.size).toBe(0);
});
