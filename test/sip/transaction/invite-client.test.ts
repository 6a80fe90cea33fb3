/** RFC 3261 17.1.1, RFC 6026 7.2, RFC 3261 9.1 */
import type { ClientTransaction } from '../../../src/sip/transaction/transaction';
import type { TransportName } from '../../../src/sip/transport/transport';
import { answer, outgoing, recordingClient, scene } from './scene';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

function invite(transport: TransportName = 'UDP', headers: Record<string, string> = {}) {
  const { layer, flow } = scene(transport);
  const user = recordingClient();
  const transaction: ClientTransaction = layer.request(outgoing('INVITE', headers), flow, user);
  const respond = (status: number, toTag?: string): void =>
    layer.receive(answer(flow.request('INVITE'), status, toTag), flow);
  return { layer, flow, user, transaction, respond };
}

const T1 = 500;

describe('calling', () => {
  it('sends the INVITE at once with its own Via on top', () => {
    const { flow, transaction } = invite();
    const via = flow.request('INVITE').headers.all('via');
    expect(via).toHaveLength(1);
    expect(via[0]).toMatch(/^SIP\/2\.0\/UDP 192\.0\.2\.1:5060;branch=z9hG4bK[0-9a-f]{24};rport$/);
    expect(transaction.request).toBe(flow.request('INVITE'));
  });

  it('MUST retransmit INVITE after T1, 2*T1, 4*T1 … (timer A), beyond T2 too', () => {
    const { flow } = invite();
    jest.advanceTimersByTime(64 * T1 - 1);
    expect(flow.times('INVITE')).toEqual([0, 500, 1_500, 3_500, 7_500, 15_500, 31_500]);
  });

  it('MUST NOT retransmit over a reliable transport', () => {
    const { flow } = invite('TCP');
    jest.advanceTimersByTime(64 * T1 - 1);
    expect(flow.times('INVITE')).toEqual([0]);
  });

  it.each(['UDP', 'TCP'] as const)(
    'reports a timeout after 64*T1 without any response (timer B), over %s',
    (transport) => {
      const { layer, user } = invite(transport);
      jest.advanceTimersByTime(64 * T1 - 1);
      expect(user.told).toEqual([]);
      jest.advanceTimersByTime(1);
      expect(user.told).toEqual(['timeout']);
      expect(layer.size).toBe(0);
    },
  );

  it('a late response after the timeout is dropped', () => {
    const { respond, user } = invite();
    jest.advanceTimersByTime(64 * T1);
    respond(200);
    expect(user.told).toEqual(['timeout']);
  });

  it.each([100, 180, 183])('%i: goes to the user and ends the retransmissions', (status) => {
    const { flow, user, respond } = invite();
    jest.advanceTimersByTime(T1);
    respond(status);
    jest.advanceTimersByTime(10 * 64 * T1);
    expect(flow.times('INVITE')).toEqual([0, 500]);
    expect(user.told).toEqual([String(status)]);
  });
});

describe('proceeding', () => {
  it('every further provisional response goes to the user, and none of the timers ends it', () => {
    const { layer, user, respond } = invite();
    for (const status of [100, 180, 180, 183]) respond(status);
    jest.advanceTimersByTime(600_000);
    expect(user.told).toEqual(['100', '180', '180', '183']);
    expect(layer.size).toBe(1);
  });
});

describe.each(['calling', 'proceeding'])('%s, a final response', (state) => {
  const begin = (transport: TransportName = 'UDP') => {
    const begun = invite(transport);
    if (state === 'proceeding') begun.respond(180);
    begun.user.told.length = 0;
    return begun;
  };

  it.each([300, 404, 486, 503, 603])('%i: MUST be acknowledged, and is reported once', (status) => {
    const { flow, user, respond } = begin();
    respond(status);
    jest.advanceTimersByTime(31_000);
    expect(flow.names).toEqual(['INVITE', 'ACK']);
    expect(user.told).toEqual([String(status)]);
  });

  it('2xx: is reported, and not acknowledged by the transaction', () => {
    const { flow, user, respond } = begin();
    respond(200);
    jest.advanceTimersByTime(31_000);
    expect(flow.names).toEqual(['INVITE']);
    expect(user.told).toEqual(['200']);
  });
});

describe('completed', () => {
  it('MUST resend the ACK for every retransmission of the response, without reporting it again', () => {
    const { flow, user, respond } = invite();
    respond(486);
    respond(486);
    jest.advanceTimersByTime(20_000);
    respond(486);
    expect(flow.times('ACK')).toEqual([0, 0, 20_000]);
    expect(user.told).toEqual(['486']);
  });

  it('ignores provisional responses and 2xx', () => {
    const { user, respond } = invite();
    respond(486);
    respond(180);
    respond(200);
    expect(user.told).toEqual(['486']);
  });

  it('ends after 32 s over UDP (timer D), then drops responses', () => {
    const { layer, flow, respond } = invite();
    respond(486);
    jest.advanceTimersByTime(31_999);
    expect(layer.size).toBe(1);
    jest.advanceTimersByTime(1);
    expect(layer.size).toBe(0);
    respond(486);
    expect(flow.names).toEqual(['INVITE', 'ACK']);
  });

  it('ends at once over a reliable transport (timer D is zero), the ACK sent', () => {
    const { layer, flow, user, respond } = invite('TCP');
    respond(486);
    expect(layer.size).toBe(0);
    expect(flow.names).toEqual(['INVITE', 'ACK']);
    expect(user.told).toEqual(['486']);
  });

  it('does not report that the ACK cannot be sent: the response was final', () => {
    const { flow, user, respond } = invite();
    flow.broken = new Error('network is unreachable');
    respond(486);
    jest.advanceTimersByTime(100);
    expect(user.told).toEqual(['486']);
  });
});

describe('the ACK of a non-2xx (17.1.1.3)', () => {
  it('has Request-URI, Via, From, Call-ID, Route and CSeq number of the INVITE, and the To of the response', () => {
    const { layer, flow } = scene();
    const request = outgoing('INVITE', { CSeq: '7 INVITE' });
    request.headers.add('Route', '<sip:p1.example.com;lr>').add('Route', '<sip:p2.example.com;lr>');
    layer.request(request, flow, recordingClient());
    const sent = flow.request('INVITE');
    layer.receive(answer(sent, 486, 'callee'), flow);
    const ack = flow.request('ACK');
    expect(ack.uri).toBe(sent.uri);
    expect([...ack.headers]).toEqual([
      ['Via', sent.headers.get('via')],
      ['Route', '<sip:p1.example.com;lr>'],
      ['Route', '<sip:p2.example.com;lr>'],
      ['Max-Forwards', '70'],
      ['From', 'Alice <sip:alice@atlanta.example.com>;tag=9fxced76sl'],
      ['To', 'Bob <sip:bob@biloxi.example.com>;tag=callee'],
      ['Call-ID', '3848276298220188511@atlanta.example.com'],
      ['CSeq', '7 ACK'],
    ]);
    expect(ack.body).toHaveLength(0);
  });
});

describe('accepted (RFC 6026 7.2)', () => {
  it.each(['UDP', 'TCP'] as const)(
    'reports every 2xx, including other branches, for 64*T1 (timer M) over %s',
    (transport) => {
      const { layer, user, respond } = invite(transport);
      respond(200, 'one');
      respond(200, 'one');
      jest.advanceTimersByTime(64 * T1 - 1);
      respond(200, 'two');
      expect(user.told).toEqual(['200', '200', '200']);
      jest.advanceTimersByTime(1);
      expect(layer.size).toBe(0);
      respond(200, 'one');
      expect(user.told).toHaveLength(3);
    },
  );

  it('ignores other responses', () => {
    const { flow, user, respond } = invite();
    respond(200);
    respond(180);
    respond(486);
    expect(user.told).toEqual(['200']);
    expect(flow.names).toEqual(['INVITE']);
  });
});

describe('cancel (9.1)', () => {
  it('calling: waits for a provisional response, then sends CANCEL', () => {
    const { flow, transaction, respond } = invite();
    transaction.cancel();
    jest.advanceTimersByTime(T1);
    expect(flow.names).toEqual(['INVITE', 'INVITE']);
    respond(100);
    expect(flow.names).toEqual(['INVITE', 'INVITE', 'CANCEL']);
  });

  it('proceeding: sends CANCEL at once, and once only', () => {
    const { flow, transaction, layer, respond } = invite();
    respond(180);
    transaction.cancel();
    transaction.cancel();
    layer.receive(answer(flow.request('CANCEL'), 200), flow);
    expect(flow.names).toEqual(['INVITE', 'CANCEL']);
  });

  it('is the INVITE with another method: its Via, Request-URI, To without a tag, Call-ID, CSeq number, Route', () => {
    const { flow, transaction, respond } = invite('UDP', { CSeq: '4711 INVITE', Route: '<sip:p1.example.com;lr>' });
    respond(180, 'early');
    transaction.cancel();
    const cancel = flow.request('CANCEL');
    expect(cancel.uri).toBe('sip:bob@biloxi.example.com');
    expect([...cancel.headers]).toEqual([
      ['Via', flow.request('INVITE').headers.get('via')],
      ['Route', '<sip:p1.example.com;lr>'],
      ['Max-Forwards', '70'],
      ['From', 'Alice <sip:alice@atlanta.example.com>;tag=9fxced76sl'],
      ['To', 'Bob <sip:bob@biloxi.example.com>'],
      ['Call-ID', '3848276298220188511@atlanta.example.com'],
      ['CSeq', '4711 CANCEL'],
    ]);
  });

  it('is retransmitted by its own transaction until it is answered', () => {
    const { layer, flow, transaction, respond } = invite();
    respond(180);
    transaction.cancel();
    jest.advanceTimersByTime(1_500);
    layer.receive(answer(flow.request('CANCEL'), 200), flow);
    jest.advanceTimersByTime(10_000);
    expect(flow.times('CANCEL')).toEqual([0, 500, 1_500]);
  });

  it('a following 487 is acknowledged and reported', () => {
    const { flow, user, transaction, respond } = invite();
    respond(180);
    transaction.cancel();
    respond(487);
    expect(flow.names).toEqual(['INVITE', 'CANCEL', 'ACK']);
    expect(user.told).toEqual(['180', '487']);
  });

  it('a 200 that crosses it is reported', () => {
    const { user, transaction, respond } = invite();
    respond(180);
    transaction.cancel();
    respond(200);
    expect(user.told).toEqual(['180', '200']);
  });

  it('64*T1 without a final response: timeout', () => {
    const { layer, user, flow, transaction, respond } = invite();
    respond(180);
    jest.advanceTimersByTime(60_000);
    transaction.cancel();
    layer.receive(answer(flow.request('CANCEL'), 200), flow);
    respond(180);
    jest.advanceTimersByTime(64 * T1 - 1);
    expect(user.told).toEqual(['180', '180']);
    jest.advanceTimersByTime(1);
    expect(user.told).toEqual(['180', '180', 'timeout']);
    expect(layer.size).toBe(0);
  });

  it('requested while calling, without any response: timeout of the INVITE', () => {
    const { layer, user, flow, transaction } = invite();
    transaction.cancel();
    jest.advanceTimersByTime(64 * T1);
    expect(user.told).toEqual(['timeout']);
    expect(flow.times('INVITE')).toHaveLength(7);
    expect(flow.times('CANCEL')).toEqual([]);
    expect(layer.size).toBe(0);
  });

  it.each([200, 486])('has no effect after a final %i', (status) => {
    const { flow, transaction, respond } = invite();
    respond(status);
    transaction.cancel();
    expect(flow.times('CANCEL')).toEqual([]);
  });

  it('requested within the callback of a provisional response: CANCEL is sent', () => {
    const { layer, flow } = scene();
    const user = recordingClient();
    const transaction = layer.request(outgoing('INVITE'), flow, { ...user, response: () => transaction.cancel() });
    layer.receive(answer(flow.request('INVITE'), 180), flow);
    expect(flow.names).toEqual(['INVITE', 'CANCEL']);
  });
});

describe('transport errors (17.1.4)', () => {
  it('the INVITE cannot be sent: reported asynchronously, then terminated', () => {
    const { layer, flow } = scene();
    flow.broken = new Error('network is unreachable');
    const user = recordingClient();
    layer.request(outgoing('INVITE'), flow, user);
    expect(user.told).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(user.told).toEqual(['failed: network is unreachable']);
    expect(layer.size).toBe(0);
  });

  it('a retransmission cannot be sent', () => {
    const { flow, user } = invite();
    flow.broken = new Error('network is unreachable');
    jest.advanceTimersByTime(T1 + 1);
    expect(user.told).toEqual(['failed: network is unreachable']);
  });

  it('the connection closes while proceeding: reported at once, not after minutes', () => {
    const { layer, flow, user, respond } = invite('TCP');
    respond(180);
    flow.drop();
    jest.advanceTimersByTime(1);
    expect(user.told).toEqual(['180', 'failed: The connection TCP fake was closed']);
    expect(layer.size).toBe(0);
    expect(flow.listeners.size).toBe(0);
  });

  it.each([200, 486])('after a final %i, the connection has no listeners', (status) => {
    const { flow, user, respond } = invite('TCP');
    respond(status);
    expect(flow.listeners.size).toBe(0);
    flow.drop();
    jest.advanceTimersByTime(100);
    expect(user.told).toEqual([String(status)]);
  });
});

describe('Reason (RFC 3326)', () => {
  const REASON = 'SIP;cause=200;text="Call completed elsewhere"';

  it('is added to the CANCEL, whether sent at once or after a provisional response', () => {
    for (const early of [true, false]) {
      const { flow, transaction, respond } = invite();
      if (!early) respond(180);
      transaction.cancel(REASON);
      if (early) respond(100);
      expect(flow.request('CANCEL').headers.get('reason')).toBe(REASON);
    }
  });

  it('is omitted if none is given', () => {
    const { flow, transaction, respond } = invite();
    respond(180);
    transaction.cancel();
    expect(flow.request('CANCEL').headers.has('reason')).toBe(false);
  });
});
