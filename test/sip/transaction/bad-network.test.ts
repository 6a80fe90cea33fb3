/**
 * Two transaction layers over a network that loses, duplicates and reorders packets: RFC 3665's flows still complete.
 */
import { Headers, NO_BODY, type SipRequest } from '../../../src/sip/message';
import { responseTo } from '../../../src/sip/respond';
import { createTransactionLayer } from '../../../src/sip/transaction/layer';
import type { ClientTransaction, ServerTransaction, TransactionLayer } from '../../../src/sip/transaction/transaction';
import type { Flow } from '../../../src/sip/transport/transport';
import { lossyFlows, type Weather } from '../support/lossy-flows';
import { silentLog } from '../../helpers/silent-log';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const [T1, T2] = [500, 4_000];

function request(method: string, cseq: number, tags: { to?: string } = {}): SipRequest {
  return {
    kind: 'request',
    method,
    uri: 'sip:bob@192.0.2.2',
    headers: new Headers([
      ['Max-Forwards', '70'],
      ['From', '<sip:alice@192.0.2.1>;tag=alice'],
      ['To', tags.to ? `<sip:bob@192.0.2.2>;tag=${tags.to}` : '<sip:bob@192.0.2.2>'],
      ['Call-ID', 'one@192.0.2.1'],
      ['CSeq', `${cseq} ${method}`],
      ['Contact', '<sip:alice@192.0.2.1>'],
    ]),
    body: NO_BODY,
  };
}

/** The behaviour of Alice, on the left; `log` records what she receives. */
type Caller = (layer: TransactionLayer, flow: Flow, log: string[]) => void;
/** The behaviour of Bob for a received request. */
type Callee = (request: SipRequest, respond: Respond) => void;
type Respond = (status: number) => void;

function ask(
  layer: TransactionLayer,
  flow: Flow,
  sent: SipRequest,
  log: string[],
  then?: (status: number) => void,
): ClientTransaction {
  const { method } = sent;
  return layer.request(sent, flow, {
    response({ status }) {
      if (status >= 200) log.push(`${method} ${status}`);
      then?.(status);
    },
    timeout: () => void log.push(`${method} timeout`),
    failed: () => void log.push(`${method} failed`),
  });
}

function responder(transaction: ServerTransaction): Respond {
  return (status) => transaction.respond(responseTo(transaction.request, status, { toTag: 'bob' }));
}

/** Retransmits the 2xx until `acknowledged`, as a dialog does (RFC 3261 13.3.1.4). */
function accept(respond: Respond, acknowledged: () => boolean): void {
  const end = Date.now() + 64 * T1;
  const send = (interval: number): void => {
    if (acknowledged() || Date.now() >= end) return;
    respond(200);
    setTimeout(() => send(Math.min(interval * 2, T2)), interval);
  };
  send(T1);
}

interface Scenario {
  alice: Caller;
  bob: Callee;
  /** What both see if the flow completes. */
  sees: string[];
}

/** `acks` counts the ACKs that reached Bob's user. */
function scenarios(acks: () => number): Record<string, Scenario> {
  return {
    'INVITE, 180, 200, ACK, BYE': {
      alice(layer, flow, log) {
        let hungUp = false;
        ask(layer, flow, request('INVITE', 1), log, (status) => {
          if (status !== 200) return;
          layer.ack(request('ACK', 1, { to: 'bob' }), flow);
          if (hungUp) return;
          hungUp = true;
          setTimeout(() => ask(layer, flow, request('BYE', 2, { to: 'bob' }), log), 20_000);
        });
      },
      bob(request, respond) {
        if (request.method === 'BYE') return respond(200);
        setTimeout(() => respond(180), 10);
        setTimeout(() => accept(respond, () => acks() > 0), 2_000);
      },
      sees: ['INVITE 200', 'BYE 200', 'ack'],
    },
    'INVITE, 180, 486': {
      alice: (layer, flow, log) => void ask(layer, flow, request('INVITE', 1), log),
      bob(_request, respond) {
        setTimeout(() => respond(180), 10);
        setTimeout(() => respond(486), 3_000);
      },
      sees: ['INVITE 486'],
    },
    'INVITE, CANCEL, 487': {
      alice(layer, flow, log) {
        const transaction = ask(layer, flow, request('INVITE', 1), log);
        setTimeout(() => transaction.cancel(), 5_000);
      },
      bob: (_request, respond) => void setTimeout(() => respond(180), 10),
      sees: ['INVITE 487', 'cancel'],
    },
    'REGISTER, 401, REGISTER, 200': {
      alice(layer, flow, log) {
        ask(layer, flow, request('REGISTER', 1), log, (status) => {
          if (status === 401) ask(layer, flow, request('REGISTER', 2), log);
        });
      },
      bob: (request, respond) => respond(request.headers.get('cseq')?.startsWith('1') ? 401 : 200),
      sees: ['REGISTER 401', 'REGISTER 200'],
    },
    'OPTIONS, 200': {
      alice: (layer, flow, log) => void ask(layer, flow, request('OPTIONS', 1), log),
      bob: (_request, respond) => respond(200),
      sees: ['OPTIONS 200'],
    },
    'MESSAGE, 200 after ten seconds': {
      alice: (layer, flow, log) => void ask(layer, flow, request('MESSAGE', 1), log),
      bob: (_request, respond) => void setTimeout(() => respond(200), 10_000),
      sees: ['MESSAGE 200'],
    },
  };
}

function play(name: string, weather: Weather) {
  const log: string[] = [];
  const requests: string[] = [];
  let acks = 0;
  const scenario = scenarios(() => acks)[name];
  if (!scenario) throw new Error(name);
  const flows = lossyFlows(weather);
  const noopUser = { request: () => undefined, ack: () => undefined, cancel: () => undefined };
  const alice = createTransactionLayer({ user: noopUser, log: silentLog });
  const bob = createTransactionLayer({
    user: {
      request(transaction) {
        requests.push(transaction.request.headers.get('cseq') ?? '');
        scenario.bob(transaction.request, responder(transaction));
      },
      ack() {
        if (++acks === 1) log.push('ack');
      },
      cancel(transaction) {
        log.push('cancel');
        responder(transaction)(487);
      },
      failed: (_transaction, error) => void log.push(`bob failed: ${error.message}`),
    },
    log: silentLog,
  });
  flows.connect(alice, bob);
  scenario.alice(alice, flows.left, log);
  jest.advanceTimersByTime(180_000);
  // Alice acknowledges and logs every 2xx. Compare it once.
  const seen = [...new Set(log)];
  return {
    seen,
    sees: scenario.sees,
    requests,
    trace: flows.trace,
    left: [alice.size, bob.size, jest.getTimerCount()],
  };
}

const names = Object.keys(scenarios(() => 0));
const sorted = (texts: string[]): string[] => [...texts].sort();

describe.each(names)('%s', (name) => {
  it('over a good network: nothing is retransmitted', () => {
    const { seen, sees, trace, left } = play(name, {});
    expect(sorted(seen)).toEqual(sorted(sees));
    expect(new Set(trace.filter((line) => !/REGISTER|MESSAGE/.test(line))).size).toBe(
      trace.filter((line) => !/REGISTER|MESSAGE/.test(line)).length,
    );
    expect(left).toEqual([0, 0, 0]);
  });

  it('over TCP', () => {
    const { seen, sees, left } = play(name, { transport: 'TCP' });
    expect(sorted(seen)).toEqual(sorted(sees));
    expect(left).toEqual([0, 0, 0]);
  });

  it('the first packet of every kind is lost, each way', () => {
    const { seen, sees, requests, left, trace } = play(name, { dropFirst: true });
    expect(sorted(seen)).toEqual(sorted(sees));
    expect(new Set(requests).size).toBe(requests.length);
    expect(trace.some((line) => line.startsWith('x'))).toBe(true);
    expect(left).toEqual([0, 0, 0]);
  });

  it('everything duplicated and reordered: every request is reported once', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const { seen, sees, requests, left } = play(name, { seed, duplicates: 1, late: 0.5 });
      expect([seed, ...sorted(seen)]).toEqual([seed, ...sorted(sees)]);
      expect(new Set(requests).size).toBe(requests.length);
      expect(left).toEqual([0, 0, 0]);
    }
  });

  it('30 % lost each way, some duplicated, some late: all end, nearly all successfully', () => {
    let well = 0;
    for (let seed = 1; seed <= 100; seed++) {
      const { seen, sees, requests, left } = play(name, { seed, loss: 0.3, duplicates: 0.1, late: 0.2 });
      if (sorted(seen).join() === sorted(sees).join()) well++;
      // In any case, Alice has a result, and no transaction remains.
      expect(seen.length).toBeGreaterThan(0);
      expect(new Set(requests).size).toBe(requests.length);
      expect([seed, ...left]).toEqual([seed, 0, 0, 0]);
    }
    expect(well).toBeGreaterThanOrEqual(95);
  });
});
