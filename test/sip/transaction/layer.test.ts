/**
 * Matching (RFC 3261 17.1.3, 17.2.3), CANCEL (9.2), ACK of a 2xx (13.3.1.4), merged requests (8.2.2.2), overload
 * (21.5.4).
 */
import pino from 'pino';
import { responseTo } from '../../../src/sip/respond';
import { createTransactionLayer } from '../../../src/sip/transaction/layer';
import { answer, FakeFlow, incoming, outgoing, recordingClient, scene } from './scene';
import { silentLog } from '../../helpers/silent-log';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const VIA = 'SIP/2.0/UDP client.atlanta.example.com:5060';

describe('server transactions are matched', () => {
  it.each([
    ['the same Via', `${VIA};branch=z9hG4bK74bf9`, 1],
    [
      'the host in another case, without the default port',
      'SIP/2.0/UDP CLIENT.atlanta.example.com;branch=z9hG4bK74bf9',
      1,
    ],
    ['another source port (NAT)', `${VIA};branch=z9hG4bK74bf9;received=198.51.100.7;rport=1`, 1],
    ['another branch', `${VIA};branch=z9hG4bK74bf8`, 2],
    ['the same branch of another sender', 'SIP/2.0/UDP evil.example.com:5060;branch=z9hG4bK74bf9', 2],
    ['the same branch from another port', 'SIP/2.0/UDP client.atlanta.example.com:5070;branch=z9hG4bK74bf9', 2],
  ])('%s', (_what, via, announced) => {
    const { layer, flow, told } = scene();
    layer.receive(incoming('OPTIONS'), flow);
    layer.receive(incoming('OPTIONS', { Via: via }), flow);
    expect(told).toHaveLength(announced);
  });

  it('by the method too: the ids of a CANCEL and its INVITE are the same', () => {
    const { layer, flow, told } = scene();
    layer.receive(incoming('INFO'), flow);
    layer.receive(incoming('OPTIONS'), flow);
    expect(told).toEqual(['request INFO', 'request OPTIONS']);
  });

  it('a request with a Via that cannot be read is dropped', () => {
    const { layer, flow, told } = scene();
    layer.receive(incoming('OPTIONS', { Via: 'SIP/2.0/UDP' }), flow);
    layer.receive(incoming('OPTIONS', { Via: undefined }), flow);
    expect([told, flow.names, layer.size]).toEqual([[], [], 0]);
  });
});

describe.each(['', ';branch=1', ';branch=z9hG4bK'])('RFC 2543: a Via with "%s"', (branch) => {
  const old = (method: string, changes: Record<string, string> = {}, uri?: string) =>
    incoming(method, { Via: `${VIA}${branch}`, ...changes }, uri);

  it('matches a retransmission', () => {
    const { layer, flow, told } = scene();
    layer.receive(old('INVITE'), flow);
    layer.receive(old('INVITE'), flow);
    expect(told).toEqual(['request INVITE']);
    expect(flow.names).toEqual(['100', '100']);
  });

  it.each([
    ['CSeq', { CSeq: '2 INVITE' }, undefined],
    ['Call-ID', { 'Call-ID': 'other' }, undefined],
    ['From tag', { From: '<sip:alice@atlanta.example.com>;tag=other' }, undefined],
    ['Request-URI', { CSeq: '1  INVITE' }, 'sip:carol@biloxi.example.com'],
  ])('another %s: a new request', (_what, changes, uri) => {
    const { layer, flow, told } = scene();
    layer.receive(old('INVITE'), flow);
    layer.receive(old('INVITE', changes, uri), flow);
    expect(told).toEqual(['request INVITE', 'request INVITE']);
  });

  it('the ACK of a 486 is absorbed, but not one with another To tag', () => {
    const { layer, flow, told, last } = scene();
    layer.receive(old('INVITE'), flow);
    last().respond(responseTo(last().request, 486, { toTag: 'mine' }));
    layer.receive(old('ACK', { CSeq: '1 ACK', To: '<sip:bob@biloxi.example.com>;tag=other' }), flow);
    expect(told).toEqual(['request INVITE', 'ack']);
    layer.receive(old('ACK', { CSeq: '1 ACK', To: '<sip:bob@biloxi.example.com>;tag=mine' }), flow);
    jest.advanceTimersByTime(5_000);
    expect([told.length, layer.size]).toEqual([2, 0]);
  });

  it('CANCEL matches its INVITE', () => {
    const { layer, flow, told } = scene();
    layer.receive(old('INVITE'), flow);
    layer.receive(old('CANCEL', { CSeq: '1 CANCEL' }), flow);
    expect(told).toEqual(['request INVITE', 'cancel']);
  });
});

describe('responses are matched', () => {
  it('by branch and method of the CSeq', () => {
    const { layer, flow } = scene();
    const [invite, bye] = [recordingClient(), recordingClient()];
    layer.request(outgoing('INVITE'), flow, invite);
    layer.request(outgoing('BYE'), flow, bye);
    layer.receive(answer(flow.request('BYE'), 200), flow);
    layer.receive(answer(flow.request('INVITE'), 180), flow);
    expect([invite.told, bye.told]).toEqual([['180'], ['200']]);
  });

  it('the 200 to a CANCEL does not match the INVITE, despite its branch', () => {
    const { layer, flow } = scene();
    const user = recordingClient();
    const transaction = layer.request(outgoing('INVITE'), flow, user);
    layer.receive(answer(flow.request('INVITE'), 180), flow);
    transaction.cancel();
    layer.receive(answer(flow.request('CANCEL'), 200), flow);
    layer.receive(answer(flow.request('INVITE'), 487), flow);
    expect(user.told).toEqual(['180', '487']);
  });

  it.each([
    ['a 200 to an INVITE with an unknown branch', 'INVITE', 200],
    ['a 401 to a REGISTER with an unknown branch', 'REGISTER', 401],
  ])('%s is dropped', (_what, method, status) => {
    const { layer, flow, told } = scene();
    layer.receive(responseTo(incoming(method), status), flow);
    expect([told, flow.names, layer.size]).toEqual([[], [], 0]);
  });

  it('a response without Via or with a malformed CSeq is dropped', () => {
    const { layer, flow } = scene();
    const user = recordingClient();
    layer.request(outgoing('OPTIONS'), flow, user);
    const [noVia, badCSeq] = [answer(flow.request('OPTIONS'), 200), answer(flow.request('OPTIONS'), 200)];
    noVia.headers.set('via', undefined);
    badCSeq.headers.set('cseq', 'OPTIONS');
    layer.receive(noVia, flow);
    layer.receive(badCSeq, flow);
    expect(user.told).toEqual([]);
  });
});

describe('CANCEL (9.2)', () => {
  it('INVITE without a final response: 200 with the tag of its responses, then reported', () => {
    const { layer, flow, told, last } = scene();
    layer.receive(incoming('INVITE'), flow);
    last().respond(responseTo(last().request, 180, { toTag: 'mine' }));
    layer.receive(incoming('CANCEL', { CSeq: '1 CANCEL' }), flow);
    expect(flow.names).toEqual(['100', '180', '200']);
    expect(flow.response(200).headers.get('to')).toBe('Bob <sip:bob@biloxi.example.com>;tag=mine');
    expect(flow.response(200).headers.get('cseq')).toBe('1 CANCEL');
    expect(told).toEqual(['request INVITE', 'cancel']);
  });

  it('retransmitted: answered again, reported once', () => {
    const { layer, flow, told } = scene();
    layer.receive(incoming('INVITE'), flow);
    for (let i = 0; i < 3; i++) layer.receive(incoming('CANCEL', { CSeq: '1 CANCEL' }), flow);
    expect(flow.names).toEqual(['100', '200', '200', '200']);
    expect(told).toEqual(['request INVITE', 'cancel']);
  });

  it.each([200, 486])('INVITE answered with %i: 200, not reported', (status) => {
    const { layer, flow, told, last } = scene();
    layer.receive(incoming('INVITE'), flow);
    last().respond(responseTo(last().request, status));
    layer.receive(incoming('CANCEL', { CSeq: '1 CANCEL' }), flow);
    expect(flow.names).toEqual(['100', String(status), '200']);
    expect(told).toEqual(['request INVITE']);
  });

  it.each([
    ['nothing to cancel', 'z9hG4bK74bf9', undefined],
    ['an INVITE of another branch', 'z9hG4bKother', 'INVITE'],
    ['another method', 'z9hG4bK74bf9', 'OPTIONS'],
  ])('%s: 481', (_what, branch, method) => {
    const { layer, flow, told } = scene();
    if (method) layer.receive(incoming(method), flow);
    told.length = 0;
    layer.receive(incoming('CANCEL', { CSeq: '1 CANCEL', Via: `${VIA};branch=${branch}` }), flow);
    expect(flow.names.at(-1)).toBe('481');
    expect(told).toEqual([]);
  });
});

describe('ACK of a 2xx', () => {
  it('is reported each time if it has its own branch', () => {
    const { layer, flow, told, last } = scene();
    layer.receive(incoming('INVITE'), flow);
    last().respond(responseTo(last().request, 200));
    const ack = incoming('ACK', { CSeq: '1 ACK', Via: `${VIA};branch=z9hG4bKack` });
    layer.receive(ack, flow);
    layer.receive(ack, flow);
    expect(told).toEqual(['request INVITE', 'ack', 'ack']);
    expect(layer.size).toBe(1);
  });

  it('is sent with its own Via, without a transaction', () => {
    const { layer, flow } = scene();
    layer.ack(outgoing('ACK', { CSeq: '1 ACK' }), flow);
    layer.ack(outgoing('ACK', { CSeq: '1 ACK' }), flow);
    expect(flow.names).toEqual(['ACK', 'ACK']);
    expect(flow.request('ACK').headers.get('via')).toMatch(
      /^SIP\/2\.0\/UDP 192\.0\.2\.1:5060;branch=z9hG4bK\w{24};rport$/,
    );
    expect(layer.size).toBe(0);
  });
});

describe('merged requests (8.2.2.2)', () => {
  const copy = (changes: Record<string, string> = {}) =>
    incoming('INVITE', { Via: `${VIA};branch=z9hG4bKcopy`, ...changes });

  it('a copy of an INVITE that rings or was answered is rejected with 482', () => {
    const { layer, flow, told, last } = scene();
    layer.receive(incoming('INVITE'), flow);
    layer.receive(copy(), flow);
    expect(flow.names).toEqual(['100', '482']);
    last().respond(responseTo(last().request, 200));
    layer.receive(copy({ Via: `${VIA};branch=z9hG4bKthird` }), flow);
    expect(flow.names.slice(2)).toEqual(['200', '482']);
    expect(told).toEqual(['request INVITE']);
  });

  it('after a 401, the same INVITE is accepted, even with the same CSeq', () => {
    const { layer, flow, told, last } = scene();
    layer.receive(incoming('INVITE'), flow);
    last().respond(responseTo(last().request, 401));
    layer.receive(copy(), flow);
    expect(told).toEqual(['request INVITE', 'request INVITE']);
  });

  it.each([
    ['CSeq', { CSeq: '2 INVITE' }],
    ['Call-ID', { 'Call-ID': 'other' }],
    ['From tag', { From: 'Alice <sip:alice@atlanta.example.com>;tag=other' }],
  ])('another %s: another request', (_what, changes) => {
    const { layer, flow, told } = scene();
    layer.receive(incoming('INVITE'), flow);
    layer.receive(copy(changes), flow);
    expect(told).toEqual(['request INVITE', 'request INVITE']);
  });
});

describe('overload', () => {
  const numbered = (method: string, i: number) =>
    incoming(method, { Via: `${VIA};branch=z9hG4bK${method}${i}`, 'Call-ID': `${i}` });

  it('above the limit: 503 with Retry-After, without a transaction, one log line per second', () => {
    const lines: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
    const { layer, flow, told } = scene('UDP', { log, limits: { maxServerTransactions: 2 } });
    for (let i = 0; i < 5; i++) layer.receive(numbered('OPTIONS', i), flow);
    expect(told).toHaveLength(2);
    expect(flow.names).toEqual(['503', '503', '503']);
    expect(flow.response(503).headers.get('retry-after')).toBe('5');
    expect(layer.size).toBe(2);
    expect(lines).toHaveLength(1);
    jest.advanceTimersByTime(1_000);
    layer.receive(numbered('OPTIONS', 9), flow);
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ refused: 3, waiting: 2 });
  });

  it('a final response frees capacity', () => {
    const { layer, flow, told, last } = scene('UDP', { limits: { maxServerTransactions: 1 } });
    layer.receive(numbered('OPTIONS', 1), flow);
    last().respond(responseTo(last().request, 200));
    layer.receive(numbered('OPTIONS', 2), flow);
    expect(told).toHaveLength(2);
  });

  it.each(['OPTIONS', 'INVITE'])('%s: so does a request that times out', (method) => {
    const { layer, flow, told, last } = scene('UDP', { limits: { maxServerTransactions: 1 } });
    layer.receive(numbered(method, 1), flow);
    flow.broken = new Error('network is unreachable');
    last().respond(responseTo(last().request, method === 'INVITE' ? 180 : 183));
    jest.advanceTimersByTime(32_000);
    expect(told).toHaveLength(2);
    layer.receive(numbered(method, 2), flow);
    expect(told[2]).toBe(`request ${method}`);
  });

  it('too many transactions that only absorb: 503', () => {
    const { layer, flow, last } = scene('UDP', { limits: { maxAbsorbing: 1 } });
    layer.receive(numbered('OPTIONS', 1), flow);
    last().respond(responseTo(last().request, 200));
    layer.receive(numbered('OPTIONS', 2), flow);
    expect(flow.names).toEqual(['200', '503']);
    jest.advanceTimersByTime(32_000);
    layer.receive(numbered('OPTIONS', 3), flow);
    expect(flow.names).toEqual(['200', '503']);
  });

  it('requests that free resources are accepted up to twice the limit', () => {
    const { layer, flow, told, last } = scene('UDP', { limits: { maxServerTransactions: 1 } });
    layer.receive(numbered('INVITE', 1), flow);
    const cancel = numbered('CANCEL', 1);
    cancel.headers.set('via', `${VIA};branch=z9hG4bKINVITE1`);
    layer.receive(cancel, flow);
    layer.receive(numbered('BYE', 2), flow);
    layer.receive(numbered('BYE', 3), flow);
    expect(told).toEqual(['request INVITE', 'cancel', 'request BYE']);
    expect(flow.names).toEqual(['100', '200', '503']);
    expect(last().request.method).toBe('BYE');
    layer.receive(numbered('ACK', 9), flow);
    expect(told.at(-1)).toBe('ack');
  });
});

describe('branches and Via', () => {
  it('are unique', () => {
    const { layer, flow } = scene();
    for (let i = 0; i < 2_000; i++) layer.ack(outgoing('ACK'), flow);
    expect(new Set(flow.sent.map(({ message }) => message.headers.get('via'))).size).toBe(2_000);
  });

  it('an IPv6 address has brackets, and the transport is that of the flow', () => {
    const { layer } = scene();
    const flow = new FakeFlow('TLS');
    flow.local.host = '2001:db8::1';
    flow.local.port = 5061;
    layer.request(outgoing('OPTIONS'), flow, recordingClient());
    expect(flow.request('OPTIONS').headers.get('via')).toMatch(/^SIP\/2\.0\/TLS \[2001:db8::1\]:5061;branch=z9hG4bK/);
  });

  it('the request of the user is not changed', () => {
    const { layer, flow } = scene();
    const request = outgoing('OPTIONS');
    layer.request(request, flow, recordingClient());
    expect(request.headers.has('via')).toBe(false);
  });
});

describe('close', () => {
  it('ends every timer and listener, without callbacks', () => {
    const { layer, told } = scene();
    const [udp, tcp] = [new FakeFlow('UDP'), new FakeFlow('TCP')];
    const user = recordingClient();
    layer.request(outgoing('INVITE'), udp, user);
    layer.request(outgoing('OPTIONS'), tcp, user);
    layer.receive(incoming('INVITE'), udp);
    layer.close();
    expect(layer.size).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
    expect(tcp.listeners.size).toBe(0);
    layer.receive(incoming('OPTIONS'), udp);
    layer.request(outgoing('OPTIONS'), udp, user).cancel();
    expect(jest.getTimerCount()).toBe(0);
    expect([user.told, told]).toEqual([[], ['request INVITE']]);
  });

  it('works within a callback', () => {
    const { layer, flow } = scene('TCP');
    layer.request(outgoing('INVITE'), flow, { ...recordingClient(), response: () => layer.close() });
    layer.receive(answer(flow.request('INVITE'), 486), flow);
    expect([layer.size, jest.getTimerCount()]).toEqual([0, 0]);
  });
});

it('a user that throws: 500, and the layer continues', () => {
  const flow = new FakeFlow();
  const bug = (): never => {
    throw new Error('a bug');
  };
  const layer = createTransactionLayer({ user: { request: bug, ack: bug, cancel: bug, failed: bug }, log: silentLog });
  layer.receive(incoming('OPTIONS'), flow);
  layer.receive(incoming('ACK', { CSeq: '1 ACK' }), flow);
  expect(flow.names).toEqual(['500']);
});

it('after 10,000 transactions of each kind, no transaction and no timer remains', () => {
  const flow = new FakeFlow();
  const layer = createTransactionLayer({
    user: {
      request: (transaction) =>
        transaction.respond(responseTo(transaction.request, transaction.request.method === 'INVITE' ? 486 : 200)),
      ack: () => undefined,
      cancel: () => undefined,
    },
    log: silentLog,
    limits: { maxAbsorbing: 1e6 },
  });
  for (let i = 0; i < 10_000; i++) {
    for (const method of ['INVITE', 'ACK', 'OPTIONS'])
      layer.receive(
        incoming(method, {
          Via: `${VIA};branch=z9hG4bK${method === 'OPTIONS' ? 'o' : 'i'}${i}`,
          'Call-ID': `${i}`,
          CSeq: `1 ${method}`,
        }),
        flow,
      );
    flow.sent.length = 0;
    for (const method of ['INVITE', 'OPTIONS']) {
      layer.request(outgoing(method), flow, recordingClient());
      layer.receive(answer(flow.request(method), 486), flow);
    }
    flow.sent.length = 0;
  }
  expect(layer.size).toBe(40_000);
  // Timers of the same duration share one system timer.
  expect(jest.getTimerCount()).toBeLessThan(10);
  jest.advanceTimersByTime(32_000);
  expect(layer.size).toBe(0);
  expect(jest.getTimerCount()).toBe(0);
});
