/** Calls between two ends according to RFC 3261 13 to 15 and RFC 3665 3, with fake timers. */
import { responseTo } from '../../../src/sip/respond';
import { pair, withHeader, type Pair, type PairOptions } from './pair';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

/** Longer than the lifetime of any transaction. */
const LINGER_MS = 70_000;

function pass(ms = 100): void {
  jest.advanceTimersByTime(ms);
}

function answered(options: Parameters<typeof pair>[0] = {}): Pair {
  const made = pair(options);
  pass();
  made.callee().call.accept('answer of callee');
  pass();
  return made;
}

/** An RFC 2543 far end, whose responses have no tag in To. */
const untagged: Parameters<typeof pair>[0] = {
  tamper: (message) =>
    message.kind === 'response' && message.headers.get('cseq')?.endsWith('INVITE')
      ? withHeader(message, 'to', '<sip:bob@biloxi.example.com>')
      : message,
};

describe('a 2xx without a To tag (12.1.2)', () => {
  it('is acknowledged, and the call is up', () => {
    const { callerTold, trace } = answered(untagged);
    expect(callerTold).toEqual(['ringing', 'answered']);
    expect(trace.at(-1)).not.toBe('< 200 INVITE');
  });

  it('is ended by a BYE with a tag', () => {
    const made = answered(untagged);
    // The ACK had no tag. The far end sends BYE within the dialog as it knows it.
    made.callee().call.hangUp(603);
    pass(40_000);
    expect(made.callerTold).toEqual(['ringing', 'answered', 'ended BYE']);
  });
});

describe('an answer in a provisional response (13.2.1)', () => {
  const onInvite: PairOptions['onInvite'] = ({ transaction }) => {
    const response = (status: number, tag: string, body: string) =>
      transaction.respond(
        responseTo(transaction.request, status, {
          toTag: tag,
          headers: [['Content-Type', 'application/sdp']],
          body: Buffer.from(body),
        }),
      );
    response(183, 'one', 'answer one');
    response(183, 'two', 'answer two');
    response(200, 'two', '');
  };

  it('is used for a 2xx without a description of the same branch', () => {
    const { callerMedia, callerTold } = pair({ onInvite });
    pass();
    expect(callerTold).toEqual(['ringing', 'answered']);
    expect(callerMedia.took).toEqual(['answer two']);
  });

  it('does not replace the answer in the 2xx', () => {
    const { callerMedia } = pair({
      onInvite,
      tamper: (message) =>
        message.kind === 'response' && message.status === 200
          ? { ...message, body: Buffer.from('the answer') }
          : message,
    });
    pass();
    expect(callerMedia.took).toEqual(['the answer']);
  });
});

describe('an ACK with an unreadable CSeq', () => {
  it.each(['1 INVITE', 'x', ''])('%j: the call is up', (cseq) => {
    const wire = (data: Buffer): Buffer =>
      data.toString().startsWith('ACK') ? Buffer.from(data.toString().replace(/CSeq: .*/, `CSeq: ${cseq}`)) : data;
    const { callee, trace } = answered({ wire });
    pass(5_000);
    expect(callee().told).toEqual(['answered']);
    expect(trace.filter((line) => line === '< 200 INVITE')).toHaveLength(1);
  });
});

describe('setting up', () => {
  it('RFC 3665 3.1: INVITE, 180, 200, ACK, BYE from the caller', () => {
    const { caller, callerMedia, callerTold, callee, trace, leftovers } = answered();
    expect(callerTold).toEqual(['ringing', 'answered']);
    expect(callee().told).toEqual(['answered']);
    expect(callerMedia.took).toEqual(['answer of callee']);
    caller.hangUp();
    pass();
    expect(callee().told).toEqual(['answered', 'ended BYE']);
    expect(callerTold).toEqual(['ringing', 'answered']); // no callback after its own hang-up
    expect(trace).toEqual(['> INVITE', '< 100 INVITE', '< 180 INVITE', '< 200 INVITE', '> ACK', '> BYE', '< 200 BYE']);
    pass(LINGER_MS);
    expect(leftovers()).toBe(0);
  });

  it('BYE from the callee', () => {
    const { callerTold, callee, leftovers } = answered();
    callee().call.hangUp(603);
    pass();
    expect(callerTold).toEqual(['ringing', 'answered', 'ended BYE']);
    expect(callee().told).toEqual(['answered']);
    pass(LINGER_MS);
    expect(leftovers()).toBe(0);
  });

  it('both hang up at once: each BYE is answered, no listener is called twice', () => {
    const { caller, callerTold, callee, leftovers } = answered();
    caller.hangUp();
    callee().call.hangUp(603);
    pass(LINGER_MS);
    expect(callerTold).toEqual(['ringing', 'answered']);
    expect(callee().told).toEqual(['answered']);
    expect(leftovers()).toBe(0);
  });

  it('RFC 3665 3.8: CANCEL while it rings', () => {
    const made = pair();
    pass();
    made.caller.hangUp();
    pass();
    expect(made.callee().told).toEqual(['ended 487']);
    expect(made.callerTold).toEqual(['ringing']);
    expect(made.trace).toEqual([
      '> INVITE',
      '< 100 INVITE',
      '< 180 INVITE',
      '> CANCEL',
      '< 200 CANCEL',
      '< 487 INVITE',
      '> ACK',
    ]);
    pass(LINGER_MS);
    expect(made.leftovers()).toBe(0);
  });

  it('MUST NOT send CANCEL before a provisional response (9.1)', () => {
    const made = pair();
    made.caller.hangUp();
    expect(made.trace).toEqual(['> INVITE']);
    pass();
    expect(made.trace[1]).toBe('< 100 INVITE');
    expect(made.trace).toContain('> CANCEL');
    pass(LINGER_MS);
    expect(made.leftovers()).toBe(0);
  });

  it('a 2xx that crosses the CANCEL is acknowledged, then ended with BYE', () => {
    const made = pair();
    pass();
    made.callee().call.accept('answer of callee');
    made.caller.hangUp();
    pass();
    expect(made.trace.slice(3)).toEqual([
      '< 200 INVITE',
      '> CANCEL',
      '> ACK',
      '> BYE',
      expect.stringMatching(/^< (200|481) CANCEL$/),
      '< 200 BYE',
    ]);
    expect(made.callerTold).toEqual(['ringing']);
    expect(made.callee().told).toEqual(['answered', 'ended BYE']);
    pass(LINGER_MS);
    expect(made.leftovers()).toBe(0);
  });

  it.each([486, 603, 404, 503])('RFC 3665 3.7, 3.10: rejected with %i', (status) => {
    const made = pair({ onInvite: ({ call }) => call.hangUp(status) });
    pass();
    expect(made.callerTold).toEqual([`ended ${status}`]);
    expect(made.callee().told).toEqual([]);
    pass(LINGER_MS);
    expect(made.leftovers()).toBe(0);
  });

  it('an INVITE without any response ends with 408 after 64*T1', () => {
    const made = pair({ loss: 1 });
    pass(31_900);
    expect(made.callerTold).toEqual([]);
    pass(200);
    expect(made.callerTold).toEqual(['ended 408']);
    expect(made.trace.filter((what) => what === 'x > INVITE')).toHaveLength(7);
  });

  it('the callee hangs up between its 200 and the ACK: BYE waits for the ACK (15)', () => {
    const made = pair();
    pass();
    const { call } = made.callee();
    call.accept('answer of callee');
    call.hangUp(603);
    expect(made.trace).not.toContain('< BYE');
    pass();
    expect(made.trace.indexOf('< BYE')).toBeGreaterThan(made.trace.indexOf('> ACK'));
    expect(made.callerTold).toEqual(['ringing', 'answered', 'ended BYE']);
    pass(LINGER_MS);
    expect(made.leftovers()).toBe(0);
  });

  it('the 200 is retransmitted until the ACK. Without an ACK, BYE follows after 64*T1 (13.3.1.4)', () => {
    const made = pair();
    pass();
    // From now on, the caller receives nothing.
    made.flows.right.send = () => undefined;
    let sent = 0;
    made.flows.right.send = (message) => void (message.kind === 'response' && message.status === 200 && sent++);
    made.callee().call.accept('answer of callee');
    pass(31_000);
    expect(sent).toBeGreaterThan(8);
    expect(made.callee().told).toEqual([]);
    pass(2_000);
    expect(made.callee().told).toEqual(['ended 408']);
    made.close();
  });

  it('an answer without a common codec is acknowledged, then ended with BYE', () => {
    const made = pair();
    pass();
    made.callerMedia.refuse = true;
    made.callee().call.accept('answer of callee');
    pass();
    expect(made.callerTold).toEqual(['ringing', 'ended 488']);
    expect(made.callee().told).toEqual(['answered', 'ended BYE']);
    pass(LINGER_MS);
    expect(made.leftovers()).toBe(0);
  });

  it('a 200 without Contact: requests go to the Request-URI of the INVITE', () => {
    const made = answered({
      tamper: (message) => (message.kind === 'response' ? withHeader(message, 'contact', undefined) : message),
    });
    expect(made.callerTold).toEqual(['ringing', 'answered']);
    expect(made.callee().told).toEqual(['answered']);
    const [call] = made.dialogs.caller.values();
    expect(call!.dialog.remoteTarget).toBe('sip:bob@192.0.2.2');
    made.caller.hangUp();
    pass();
    expect(made.callee().told).toEqual(['answered', 'ended BYE']);
    pass(LINGER_MS);
    expect(made.leftovers()).toBe(0);
  });

  it('BYE of the caller in the early dialog ends the INVITE with 487 (15)', () => {
    const made = pair();
    pass();
    const [call] = made.dialogs.callee.values();
    expect(call).toBeDefined();
    // The caller would know the dialog from the 180. The test sends the BYE itself.
    const { request } = made.callee().transaction;
    call!.request({
      request: withHeader({ ...request, method: 'BYE', body: Buffer.alloc(0) }, 'cseq', '2 BYE'),
      flow: made.flows.right,
      respond: (response) => expect(response.status).toBe(200),
    });
    pass();
    expect(made.callee().told).toEqual(['ended 487']);
    expect(made.callerTold).toEqual(['ringing', 'ended 487']);
    pass(LINGER_MS);
    expect(made.leftovers()).toBe(0);
  });
});

describe('the callee rings', () => {
  it('180 is sent every minute until a final response (13.3.1.1)', () => {
    const made = pair();
    const ringings = (): number => made.trace.filter((what) => what === '< 180 INVITE').length;
    pass(59_000);
    expect(ringings()).toBe(1);
    pass(2_000);
    expect(ringings()).toBe(2);
    pass(60_000);
    expect(ringings()).toBe(3);
    made.callee().call.accept('answer of callee');
    pass(120_000);
    expect(ringings()).toBe(3);
    expect(made.callerTold).toEqual(['ringing', 'answered']);
    made.close();
  });

  it('an INVITE that has expired is ended with 487 (13.3.1)', () => {
    const made = pair({ inviteHeaders: { Expires: '20' } });
    pass(19_900);
    expect(made.callee().told).toEqual([]);
    pass(200);
    expect(made.callee().told).toEqual(['ended 487']);
    pass();
    expect(made.callerTold).toEqual(['ringing', 'ended 487']);
    pass(LINGER_MS);
    expect(made.leftovers()).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('an answered INVITE does not expire, and neither does one with an expiry of years', () => {
    for (const seconds of ['20', '4294967295']) {
      const made = pair({ inviteHeaders: { Expires: seconds } });
      pass();
      made.callee().call.accept('answer of callee');
      pass(30_000);
      expect(made.callee().told).toEqual(['answered']);
      made.close();
    }
  });
});

it('a caller whose connection closes during ringing counts as cancelled', () => {
  const made = pair({ transport: 'TCP' });
  pass();
  made.drop();
  expect(made.callee().told).toEqual(['ended 487']);
  made.close();
});

describe('a forking proxy', () => {
  it('a second 2xx with another tag is acknowledged, then ended with one BYE, however often it arrives (13.2.2.4)', () => {
    const branch: { tag?: string } = {};
    const made = answered({
      tamper: (message) => {
        if (message.kind !== 'response' || message.status !== 200 || branch.tag === undefined) return message;
        return withHeader(message, 'to', `<sip:bob@biloxi.example.com>;tag=${branch.tag}`);
      },
    });
    branch.tag = 'branch2';
    const { transaction } = made.callee();
    // The same 200 from another branch.
    const again = () => made.callee().call.accept('x');
    again(); // no effect: it has been handled
    const sent = made.trace.length;
    transaction.respond({
      kind: 'response',
      status: 200,
      reason: 'OK',
      headers: withHeader(transaction.request, 'contact', '<sip:bob2@192.0.2.2>').headers.set(
        'to',
        '<sip:bob@biloxi.example.com>;tag=branch2',
      ),
      body: Buffer.from('answer of branch 2'),
    });
    pass();
    expect(made.trace.slice(sent)).toEqual(['< 200 INVITE', '> ACK', '> BYE', '< 481 BYE']);
    transaction.respond({
      kind: 'response',
      status: 200,
      reason: 'OK',
      headers: withHeader(transaction.request, 'contact', '<sip:bob2@192.0.2.2>').headers.set(
        'to',
        '<sip:bob@biloxi.example.com>;tag=branch2',
      ),
      body: Buffer.from('answer of branch 2'),
    });
    pass();
    expect(made.trace.slice(sent + 4)).toEqual(['< 200 INVITE', '> ACK']);
    expect(made.callerTold).toEqual(['ringing', 'answered']);
    made.close();
  });
});

describe('within the dialog', () => {
  it('re-INVITE with an offer: the 200 has the answer, the ACK ends its retransmission', () => {
    const made = answered();
    const answers = made.fromCallee('INVITE', { body: 'hold' });
    pass(5_000);
    expect(answers).toEqual(['200 answer to hold']);
    expect(made.callerMedia.took).toEqual(['answer of callee', 'hold']);
    made.close();
  });

  it('re-INVITE without an offer: the 200 has the offer, an ACK without an answer changes nothing', () => {
    const made = answered();
    const before = made.trace.length;
    const answers = made.fromCallee('INVITE');
    pass(50);
    expect(answers).toEqual(['200 offer caller 2']);
    pass(1_000);
    expect(made.trace.slice(before)).toEqual(['< INVITE', '> 200 INVITE', '< ACK']);
    expect(made.callerTold).toEqual(['ringing', 'answered']);
    made.close();
  });

  it('re-INVITE without an offer, whose ACK has an unacceptable answer: the call ends (14.1)', () => {
    const wire = (data: Buffer): Buffer => {
      const text = data.toString();
      if (!text.startsWith('ACK') || !text.includes('CSeq: 2 ')) return data;
      return Buffer.from(text.replace(/Content-Length: 0[^]*$/, 'Content-Length: 5\r\n\r\nvideo'));
    };
    const made = answered({ wire });
    made.callerMedia.refuse = true;
    made.fromCallee('INVITE');
    pass();
    made.fromCallee('INVITE');
    pass();
    expect(made.callerTold.at(-1)).toBe('ended 488');
    made.close();
  });

  it('a re-INVITE with an unacceptable offer gets 488, and the call continues', () => {
    const made = answered();
    made.callerMedia.refuse = true;
    const answers = made.fromCallee('INVITE', { body: 'video only' });
    pass();
    expect(answers).toEqual(['488']);
    expect(made.callerTold).toEqual(['ringing', 'answered']);
    made.close();
  });

  it('a re-INVITE before the call is confirmed gets 500 with Retry-After (14.2)', () => {
    const made = pair();
    pass();
    const [call] = made.dialogs.callee.values();
    const { request } = made.callee().transaction;
    const statuses: number[] = [];
    call!.request({
      request: withHeader(request, 'cseq', '2 INVITE'),
      flow: made.flows.right,
      respond: (response) => void statuses.push(response.status),
    });
    expect(statuses).toEqual([500]);
    made.close();
  });

  it('UPDATE during ringing starts no session timer', () => {
    const made = pair();
    pass();
    const [call] = made.dialogs.callee.values();
    const { request } = made.callee().transaction;
    const update = { ...request, method: 'UPDATE', body: Buffer.alloc(0) };
    const statuses: number[] = [];
    call!.request({
      request: withHeader(withHeader(update, 'cseq', '2 UPDATE'), 'session-expires', '90;refresher=uac'),
      flow: made.flows.right,
      respond: (response) => void statuses.push(response.status),
    });
    pass(100_000);
    expect(statuses).toEqual([200]);
    expect(made.callee().told).toEqual([]);
    expect(made.trace).not.toContain('< BYE');
    made.close();
  });

  it('BYE has no Contact (20, table 2), but target refresh requests do', () => {
    const made = answered();
    const { dialog } = [...made.dialogs.callee.values()][0]!;
    expect(['BYE', 'UPDATE'].map((method) => dialog.request(method).headers.has('contact'))).toEqual([false, true]);
    made.close();
  });

  it('UPDATE with and without an offer (RFC 3311)', () => {
    const made = answered();
    const answers = [...[made.fromCallee('UPDATE', { body: 'hold' })]];
    pass();
    const empty = made.fromCallee('UPDATE');
    pass();
    expect(answers[0]).toEqual(['200 answer to hold']);
    expect(empty).toEqual(['200']);
    made.close();
  });

  it.each([
    ['OPTIONS', '200'],
    ['REFER', '603'],
    ['PRACK', '405'],
    ['MESSAGE', '405'],
    ['CHANGE-EVERYTHING', '405'],
  ])('%s is answered %s', (method, status) => {
    const made = answered();
    const answers = made.fromCallee(method);
    pass();
    expect(answers).toEqual([status]);
    expect(made.callerTold).toEqual(['ringing', 'answered']);
    made.close();
  });

  it.each([
    ['application/dtmf-relay', 'Signal=5\r\nDuration=160', '200', ['dtmf 5']],
    ['application/dtmf-relay', 'Signal= 11\r\nDuration= 160', '200', ['dtmf #']],
    ['application/dtmf', '*', '200', ['dtmf *']],
    ['application/dtmf', 'x', '400', []],
    ['application/dtmf-relay', 'Signal=x', '400', []],
    ['application/dtmf-relay', 'Duration=160', '400', []],
    ['application/media_control+xml', '<picture_fast_update/>', '415', []],
  ])('INFO of %s: %j is answered %s', (type, body, status, keys) => {
    const made = answered();
    const answers = made.fromCallee('INFO', { body, type });
    pass();
    expect(answers).toEqual([status]);
    expect(made.callerTold.slice(2)).toEqual(keys);
    made.close();
  });

  it('glare of two re-INVITEs: the far end’s gets 491, and this end’s refresh is retried (14.2)', () => {
    const made = answered({
      tamper: (message) =>
        message.kind === 'response' && message.headers.has('allow') ? withHeader(message, 'allow', 'INVITE') : message,
    });
    pass(900_000 - 90 - 5); // in transit when the caller sends its refresh: 90 ms have passed since the answer
    const answers = made.fromCallee('INVITE', { body: 'hold' });
    pass(200);
    expect(answers).toEqual(['491']);
    pass(10_000);
    expect(made.callerTold).toEqual(['ringing', 'answered']);
    made.close();
  });

  it('a request whose CSeq is not higher than the last gets 500 (12.2.2)', () => {
    const made = answered();
    made.fromCaller('OPTIONS');
    pass();
    const [call] = made.dialogs.callee.values();
    const { request } = made.callee().transaction; // CSeq 1, within the dialog
    const statuses: number[] = [];
    call!.request({
      request: { ...request, method: 'OPTIONS' },
      flow: made.flows.right,
      respond: (response) => void statuses.push(response.status),
    });
    expect(statuses).toEqual([500]);
    made.close();
  });
});

describe('the route set (12.2.1.1)', () => {
  const answeredOver = (...routes: string[]) => {
    const made = answered({
      tamper(message) {
        if (message.kind !== 'response' || message.status !== 200) return message;
        const { headers } = withHeader(message, 'contact', '<sip:bob@192.0.2.2>');
        for (const route of routes) headers.add('record-route', route);
        return { ...message, headers };
      },
    });
    const [call] = made.dialogs.caller.values();
    const { uri, headers } = call!.dialog.request('INFO');
    made.close();
    return [uri, ...headers.all('route')];
  };

  it('loose routers are in Route, the last recorded one first', () => {
    expect(answeredOver('<sip:p1.example;lr>', '<sip:p2.example;lr>')).toEqual([
      'sip:bob@192.0.2.2',
      '<sip:p2.example;lr>',
      '<sip:p1.example;lr>',
    ]);
  });

  it('a strict router that is first becomes the Request-URI, and the far end the last Route', () => {
    expect(answeredOver('<sip:p1.example;lr>', '<sip:p2.example?x=y>')).toEqual([
      'sip:p2.example',
      '<sip:p1.example;lr>',
      '<sip:bob@192.0.2.2>',
    ]);
  });

  it('a later strict router stays in Route', () => {
    expect(answeredOver('<sip:p1.example>', '<sip:p2.example;lr>')).toEqual([
      'sip:bob@192.0.2.2',
      '<sip:p2.example;lr>',
      '<sip:p1.example>',
    ]);
  });
});

describe('session timers (RFC 4028)', () => {
  it('the caller refreshes after half the interval, with UPDATE if the far end supports it', () => {
    const made = answered();
    const before = made.trace.length;
    pass(900_000);
    expect(made.trace.slice(before)).toEqual(['> UPDATE', '< 200 UPDATE']);
    pass(900_000);
    expect(made.trace.slice(before)).toHaveLength(4);
    expect(made.callerTold).toEqual(['ringing', 'answered']);
    made.close();
  });

  it('with INVITE if it does not', () => {
    const made = answered({
      tamper: (message) =>
        message.kind === 'response' && message.headers.has('allow') ? withHeader(message, 'allow', 'INVITE') : message,
    });
    const before = made.trace.length;
    pass(900_100);
    expect(made.trace.slice(before)).toEqual(['> INVITE', '< 200 INVITE', '> ACK']);
    expect(made.callerMedia.took.at(-1)).toBe('answer to offer caller 2');
    made.close();
  });

  it('an unreachable far end ends the call: the refresh times out', () => {
    const made = answered();
    made.flows.right.send = () => undefined;
    pass(900_000);
    expect(made.callerTold).toEqual(['ringing', 'answered']);
    pass(32_100);
    expect(made.callerTold).toEqual(['ringing', 'answered', 'ended 408']);
    made.close();
  });

  it('the end that does not refresh ends the call if no refresh arrives', () => {
    const made = answered();
    made.flows.left.send = () => undefined; // the caller sends nothing any more
    pass(1_800_000 - 32_000 - 1_000);
    expect(made.callee().told).toEqual(['answered']);
    pass(1_100);
    expect(made.callee().told).toEqual(['answered', 'ended 408']);
    made.close();
  });

  it('422: the caller retries with the interval that the far end requires', () => {
    let refused = false;
    const expires: (string | undefined)[] = [];
    const made = pair({
      onInvite({ call, transaction }) {
        expires.push(transaction.request.headers.get('session-expires'));
        if (refused) return call.ring();
        refused = true;
        call.hangUp(422);
      },
      tamper: (message) =>
        message.kind === 'response' && message.status === 422 ? withHeader(message, 'min-se', '3600') : message,
    });
    pass();
    expect(expires).toEqual(['1800', '3600']);
    expect(made.callerTold).toEqual(['ringing']);
    made.close();
  });

  it('422 again and again: the call fails', () => {
    let least = 3_600;
    const made = pair({
      onInvite: ({ call }) => call.hangUp(422),
      tamper: (message) =>
        message.kind === 'response' && message.status === 422 ? withHeader(message, 'min-se', `${least++}`) : message,
    });
    pass(1_000);
    expect(made.trace.filter((what) => what === '> INVITE')).toHaveLength(4);
    expect(made.callerTold).toEqual(['ended 422']);
    made.close();
  });

  it('422: the required interval is in Min-SE of the next INVITE (RFC 4028 7.1)', () => {
    const least: (string | undefined)[] = [];
    const made = pair({
      onInvite({ call, transaction }) {
        least.push(transaction.request.headers.get('min-se'));
        if (least.length === 1) call.hangUp(422);
      },
      tamper: (message) =>
        message.kind === 'response' && message.status === 422 ? withHeader(message, 'min-se', '3600') : message,
    });
    pass();
    expect(least).toEqual(['90', '3600']);
    made.close();
  });

  it('422 to a refresh: the required interval is in Min-SE of the next one (RFC 4028 7.1)', () => {
    let refused = false;
    const made = answered({
      tamper(message) {
        if (refused || message.kind !== 'response' || !message.headers.get('cseq')?.includes('UPDATE')) return message;
        refused = true;
        return { ...withHeader(message, 'min-se', '3600'), status: 422 };
      },
    });
    const [far] = made.dialogs.callee.values();
    const asked: string[] = [];
    const request = far!.request.bind(far);
    far!.request = (transaction) => {
      const { headers } = transaction.request;
      asked.push(`${headers.get('session-expires')} ${headers.get('min-se')}`);
      request(transaction);
    };
    pass(902_000);
    expect(asked).toEqual(['1800;refresher=uac 90', '3600;refresher=uac 3600']);
    made.close();
  });

  it.each(['0', '1'])('an interval of %s s in the 2xx causes no flood, and does not end the call', (seconds) => {
    const made = pair({
      tamper: (message) =>
        message.kind === 'response' && message.headers.has('session-expires')
          ? withHeader(message, 'session-expires', `${seconds};refresher=uac`)
          : message,
    });
    pass();
    made.callee().call.accept('answer of callee');
    pass();
    const before = made.trace.length;
    pass(100_000);
    // One each 45 s: half the shortest interval (RFC 4028 4).
    expect(made.trace.slice(before)).toEqual(['> UPDATE', '< 200 UPDATE', '> UPDATE', '< 200 UPDATE']);
    expect(made.callerTold).toEqual(['ringing', 'answered']);
    made.close();
  });

  it('an interval beyond the maximum of timers does not expire at once', () => {
    const made = pair({
      tamper: (message) =>
        message.kind === 'response' && message.headers.has('session-expires')
          ? withHeader(message, 'session-expires', '4294967295;refresher=uac')
          : message,
    });
    pass();
    made.callee().call.accept('answer of callee');
    pass();
    const before = made.trace.length;
    pass(60_000);
    expect(made.trace).toHaveLength(before);
    expect(made.callerTold).toEqual(['ringing', 'answered']);
    made.close();
  });

  it('a rejected refresh is retried once before the session expires', () => {
    const made = answered({
      tamper: (message) =>
        message.kind === 'response' && message.headers.has('allow') ? withHeader(message, 'allow', 'INVITE') : message,
    });
    const [far] = made.dialogs.callee.values();
    far!.confirmed = false; // answers 500 with Retry-After
    const invites = (): number => made.trace.filter((what) => what === '> INVITE').length - 1;
    pass(909_000);
    expect(invites()).toBe(1);
    pass(2_000);
    expect(invites()).toBe(2);
    pass(600_000);
    expect(invites()).toBe(2);
    expect(made.callerTold).toEqual(['ringing', 'answered']);
    made.close();
  });

  it('a refresh that is always rejected with 422 causes no flood', () => {
    const made = answered({
      tamper: (message) =>
        message.kind === 'response' && message.headers.get('cseq')?.includes('UPDATE')
          ? { ...message, status: 422 }
          : message,
    });
    const before = made.trace.length;
    pass(901_000);
    expect(made.trace.length - before).toBeLessThan(12);
    expect(made.callerTold).toEqual(['ringing', 'answered']);
    made.close();
  });
});

describe('a bad network', () => {
  const run = (weather: Parameters<typeof pair>[0]): Pair => {
    const made = pair(weather);
    for (let i = 0; i < 400 && made.callees.length === 0; i++) pass(100);
    made.callee().call.accept('answer of callee');
    for (let i = 0; i < 400 && !made.callee().told.includes('answered'); i++) pass(100);
    return made;
  };

  it.each(['UDP', 'TCP'] as const)(
    'the first packet of every kind is lost: the call is set up and ended (%s)',
    (transport) => {
      const made = run({ dropFirst: transport === 'UDP', transport });
      expect(made.callerTold).toEqual(['ringing', 'answered'].slice(made.callerTold.includes('ringing') ? 0 : 1));
      made.callee().call.hangUp(603);
      pass(LINGER_MS);
      expect(made.callerTold.at(-1)).toBe('ended BYE');
      expect(made.leftovers()).toBe(0);
    },
  );

  it.each(Array.from({ length: 30 }, (_, seed) => seed + 1))(
    '30 %% loss, duplicates and late packets, seed %i',
    (seed) => {
      const made = run({ seed, loss: 0.3, duplicates: 0.1, late: 0.1 });
      expect(made.callees).toHaveLength(1);
      made.caller.hangUp();
      pass(2 * LINGER_MS);
      expect(['answered', 'ended BYE']).toEqual(made.callee().told.slice(0, 2));
      expect(made.callerTold.filter((what) => what === 'answered')).toHaveLength(1);
      expect(made.leftovers()).toBe(0);
    },
  );
});
