/** RFC 3261 17.2.2, RFC 4320 */
import { responseTo } from '../../../src/sip/respond';
import type { TransportName } from '../../../src/sip/transport/transport';
import { incoming, scene } from './scene';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const T1 = 500;

function asked(transport: TransportName = 'UDP') {
  const begun = scene(transport);
  const { layer, flow, last } = begun;
  const request = incoming('OPTIONS');
  layer.receive(request, flow);
  return {
    ...begun,
    respond: (status: number): void => last().respond(responseTo(request, status)),
    retransmit: (): void => layer.receive(incoming('OPTIONS'), flow),
  };
}

describe('trying', () => {
  it('sends nothing, and absorbs retransmissions', () => {
    const { flow, told, retransmit } = asked();
    retransmit();
    jest.advanceTimersByTime(3_499);
    expect(flow.names).toEqual([]);
    expect(told).toEqual(['request OPTIONS']);
  });

  it('provisional responses of the user are not sent (RFC 4320 4.1)', () => {
    const { flow, respond } = asked();
    respond(100);
    respond(183);
    expect(flow.names).toEqual([]);
  });
});

describe('proceeding', () => {
  it.each(['UDP', 'TCP'] as const)(
    'is entered with a 100 when timer E of the client has reached T2, over %s',
    (transport) => {
      const { flow } = asked(transport);
      jest.advanceTimersByTime(3_500);
      expect(flow.times('100')).toEqual([3_500]);
    },
  );

  it('MUST answer a retransmission with the 100', () => {
    const { flow, retransmit } = asked();
    jest.advanceTimersByTime(3_500);
    retransmit();
    expect(flow.names).toEqual(['100', '100']);
  });
});

describe.each([
  ['trying', 0],
  ['proceeding', 4_000],
])('%s, a final response', (_state, after) => {
  it.each([200, 302, 401, 500, 603])('%i: is sent once', (status) => {
    const { flow, respond } = asked();
    jest.advanceTimersByTime(after);
    respond(status);
    respond(500);
    jest.advanceTimersByTime(60_000);
    expect(flow.times(String(status))).toEqual([after]);
    expect(flow.names.filter((name) => name !== '100')).toEqual([String(status)]);
  });

  it('is missing: gives up after 64*T1, when the client has given up', () => {
    const { layer, told } = asked();
    jest.advanceTimersByTime(after);
    jest.advanceTimersByTime(64 * T1 - after - 1);
    expect(layer.size).toBe(1);
    jest.advanceTimersByTime(1);
    expect(told).toEqual(['request OPTIONS', 'failed sip-no-response']);
    expect(layer.size).toBe(0);
  });
});

describe('completed', () => {
  it('MUST answer retransmissions with the final response for 64*T1 (timer J) over UDP', () => {
    const { layer, flow, told, respond, retransmit } = asked();
    respond(200);
    retransmit();
    jest.advanceTimersByTime(64 * T1 - 1);
    retransmit();
    expect(flow.times('200')).toEqual([0, 0, 31_999]);
    expect(layer.size).toBe(1);
    jest.advanceTimersByTime(1);
    expect(layer.size).toBe(0);
    expect(told).toEqual(['request OPTIONS']);
  });

  it('ends at once over a reliable transport (timer J is zero)', () => {
    const { layer, flow, respond } = asked('WSS');
    respond(200);
    expect(flow.names).toEqual(['200']);
    expect(layer.size).toBe(0);
  });
});

it('the response cannot be sent over UDP: reported, and a retransmission is answered again', () => {
  const { flow, told, respond, retransmit } = asked();
  flow.broken = new Error('no buffer space');
  respond(200);
  jest.advanceTimersByTime(1);
  expect(told).toEqual(['request OPTIONS', 'failed no buffer space']);
  flow.broken = undefined;
  retransmit();
  expect(flow.names).toEqual(['200']);
});
