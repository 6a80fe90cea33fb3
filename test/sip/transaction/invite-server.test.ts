/** RFC 3261 17.2.1, RFC 6026 7.1 */
import { responseTo } from '../../../src/sip/respond';
import type { TransportName } from '../../../src/sip/transport/transport';
import { incoming, scene } from './scene';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const T1 = 500;

function invited(transport: TransportName = 'UDP') {
  const begun = scene(transport);
  const { layer, flow, last } = begun;
  const request = incoming('INVITE');
  layer.receive(request, flow);
  return {
    ...begun,
    transaction: last(),
    respond: (status: number): void => last().respond(responseTo(request, status, { toTag: 'callee' })),
    retransmit: (): void => layer.receive(incoming('INVITE'), flow),
    ack: (): void =>
      layer.receive(incoming('ACK', { CSeq: '1 ACK', To: 'Bob <sip:bob@biloxi.example.com>;tag=callee' }), flow),
  };
}

describe('rejected at once', () => {
  function refused() {
    const made = scene('UDP', {
      user: {
        request: (transaction) => transaction.respond(responseTo(transaction.request, 401, { toTag: 'callee' })),
        ack: () => undefined,
        cancel: () => undefined,
      },
    });
    made.layer.receive(incoming('INVITE'), made.flow);
    return made;
  }

  it('is sent once, and not retransmitted to an address that may be forged (26.3.2.4)', () => {
    const { layer, flow } = refused();
    jest.advanceTimersByTime(64 * T1 - 1);
    expect(flow.names).toEqual(['401']);
    jest.advanceTimersByTime(1);
    expect(layer.size).toBe(0);
  });

  it('is sent again for a retransmitted INVITE', () => {
    const { layer, flow } = refused();
    jest.advanceTimersByTime(T1);
    layer.receive(incoming('INVITE'), flow);
    layer.receive(incoming('ACK', { CSeq: '1 ACK', To: 'Bob <sip:bob@biloxi.example.com>;tag=callee' }), flow);
    layer.receive(incoming('INVITE'), flow);
    expect(flow.names).toEqual(['401', '401']);
    jest.advanceTimersByTime(5_000);
    expect(layer.size).toBe(0);
  });
});

describe('proceeding', () => {
  it('sends 100 at once, without a To tag, when the user has not answered', () => {
    const { flow, told } = invited();
    expect(flow.names).toEqual(['100']);
    expect(flow.response(100).headers.get('to')).toBe('Bob <sip:bob@biloxi.example.com>');
    expect(flow.response(100).headers.get('via')).toBe(
      'SIP/2.0/UDP client.atlanta.example.com:5060;branch=z9hG4bK74bf9;received=198.51.100.7;rport=40000',
    );
    expect(told).toEqual(['request INVITE']);
  });

  it('MUST answer a retransmitted INVITE with the last provisional response, and report it once', () => {
    const { flow, told, respond, retransmit } = invited();
    retransmit();
    respond(180);
    retransmit();
    respond(183);
    retransmit();
    expect(flow.names).toEqual(['100', '100', '180', '180', '183', '183']);
    expect(told).toEqual(['request INVITE']);
  });

  it('lasts as long as it rings', () => {
    const { layer, flow, told, respond } = invited();
    respond(180);
    jest.advanceTimersByTime(600_000);
    expect(layer.size).toBe(1);
    expect(flow.names).toEqual(['100', '180']);
    expect(told).toEqual(['request INVITE']);
  });

  it('ignores an ACK before a final response', () => {
    const { told, ack, layer } = invited();
    ack();
    expect(told).toEqual(['request INVITE']);
    expect(layer.size).toBe(1);
  });
});

describe('completed: 300-699', () => {
  it('MUST retransmit the response after T1, 2*T1, 4*T1, then every T2 (timer G) over UDP', () => {
    const { flow, respond } = invited();
    respond(486);
    jest.advanceTimersByTime(64 * T1 - 1);
    expect(flow.times('486')).toEqual([0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
  });

  it('MUST NOT retransmit over a reliable transport', () => {
    const { flow, respond } = invited('TCP');
    respond(486);
    jest.advanceTimersByTime(64 * T1 - 1);
    expect(flow.names).toEqual(['100', '486']);
  });

  it('MUST answer a retransmitted INVITE with the response', () => {
    const { flow, respond, retransmit } = invited('TCP');
    respond(486);
    retransmit();
    expect(flow.names).toEqual(['100', '486', '486']);
  });

  it.each(['UDP', 'TCP'] as const)('fails without an ACK within 64*T1 (timer H), over %s', (transport) => {
    const { layer, told, respond } = invited(transport);
    respond(486);
    jest.advanceTimersByTime(64 * T1 - 1);
    expect(told).toEqual(['request INVITE']);
    jest.advanceTimersByTime(1);
    expect(told).toEqual(['request INVITE', 'failed sip-no-ack']);
    expect(layer.size).toBe(0);
  });

  it('further responses of the user are ignored', () => {
    const { flow, respond } = invited('TCP');
    respond(486);
    respond(180);
    respond(200);
    respond(500);
    expect(flow.names).toEqual(['100', '486']);
  });
});

describe('confirmed', () => {
  it('the ACK ends the retransmissions and is not reported', () => {
    const { flow, told, respond, ack } = invited();
    respond(486);
    jest.advanceTimersByTime(600);
    ack();
    jest.advanceTimersByTime(60_000);
    expect(flow.times('486')).toEqual([0, 500]);
    expect(told).toEqual(['request INVITE']);
  });

  it('absorbs ACKs and INVITEs for T4 (timer I) over UDP', () => {
    const { layer, flow, told, respond, ack, retransmit } = invited();
    respond(486);
    ack();
    jest.advanceTimersByTime(4_999);
    ack();
    retransmit();
    expect(flow.names).toEqual(['100', '486']);
    expect(told).toEqual(['request INVITE']);
    expect(layer.size).toBe(1);
    jest.advanceTimersByTime(1);
    expect(layer.size).toBe(0);
  });

  it('ends at once over a reliable transport (timer I is zero)', () => {
    const { layer, respond, ack } = invited('TCP');
    respond(486);
    ack();
    expect(layer.size).toBe(0);
  });
});

describe('accepted: 2xx (RFC 6026 7.1)', () => {
  it.each(['UDP', 'TCP'] as const)('sends it once: the user retransmits it, over %s', (transport) => {
    const { flow, respond } = invited(transport);
    respond(200);
    jest.advanceTimersByTime(700);
    respond(200);
    jest.advanceTimersByTime(20_000);
    expect(flow.times('200')).toEqual([0, 700]);
  });

  it('absorbs retransmitted INVITEs', () => {
    const { flow, told, respond, retransmit } = invited();
    respond(200);
    retransmit();
    expect(flow.names).toEqual(['100', '200']);
    expect(told).toEqual(['request INVITE']);
  });

  it('other responses of the user are ignored', () => {
    const { flow, respond } = invited();
    respond(200);
    respond(180);
    respond(487);
    expect(flow.names).toEqual(['100', '200']);
  });

  it('reports an ACK with the branch of the INVITE, as RFC 2543 phones send it', () => {
    const { told, respond, ack } = invited();
    respond(200);
    ack();
    ack();
    expect(told).toEqual(['request INVITE', 'ack', 'ack']);
  });

  it.each(['UDP', 'TCP'] as const)('ends after 64*T1 (timer L), over %s', (transport) => {
    const { layer, told, respond } = invited(transport);
    respond(200);
    jest.advanceTimersByTime(64 * T1 - 1);
    expect(layer.size).toBe(1);
    jest.advanceTimersByTime(1);
    expect(layer.size).toBe(0);
    expect(told).toEqual(['request INVITE']);
  });
});

describe('transport errors (17.2.4)', () => {
  it.each([180, 486])(
    'the %i cannot be sent: reports the failure, and a retransmitted INVITE is not a new call',
    (status) => {
      const { layer, flow, told, respond, retransmit } = invited();
      flow.broken = new Error('network is unreachable');
      respond(status);
      expect(told).toEqual(['request INVITE']);
      jest.advanceTimersByTime(1);
      expect(told).toEqual(['request INVITE', 'failed network is unreachable']);
      retransmit();
      jest.advanceTimersByTime(64 * T1 - 10);
      expect(told).toHaveLength(2);
      expect(layer.size).toBe(1);
      jest.advanceTimersByTime(10);
      expect(layer.size).toBe(0);
    },
  );

  it('the 200 cannot be sent: reports the failure', () => {
    const { layer, flow, told, respond } = invited('TCP');
    flow.broken = new Error('connection reset');
    respond(200);
    jest.advanceTimersByTime(1);
    expect(told).toEqual(['request INVITE', 'failed connection reset']);
    jest.advanceTimersByTime(64 * T1);
    expect(layer.size).toBe(0);
  });
});
