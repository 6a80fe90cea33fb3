import { AOR, authorization, challengeOf, flowFrom, HERE, REALM, world, type World } from './phone';

beforeEach(() => jest.useFakeTimers({ now: new Date('2026-11-23T09:00:00Z') }));
afterEach(() => jest.useRealTimers());

let w: World;
let cseq = 0;
beforeEach(() => {
  w = world({ open: true });
});
afterEach(() => w.registrar.close());

interface Asking {
  callId?: string;
  cseq?: number;
  uri?: string;
}

const message = (
  lines: string[],
  { callId = 'one', cseq: number = ++cseq, uri = `sip:${REALM}` }: Asking = {},
): string => `
REGISTER ${uri} SIP/2.0
Via: SIP/2.0/UDP 192.0.2.201:5060;branch=z9hG4bK${number}
Max-Forwards: 70
From: <${AOR}>;tag=a73kszlfl
To: <${AOR}>
Call-ID: ${callId}
CSeq: ${number} REGISTER
${lines.map((line) => `${line}\n`).join('')}Content-Length: 0

`;

const register = (lines: string[], asking?: Asking, flow = HERE) => w.register(message(lines, asking), flow);
const contact = (params = '', uri = 'sip:bob@192.0.2.201:5060'): string => `Contact: <${uri}>${params}`;
const uris = (): string[] => w.registrar.list().map((registration) => registration.contact.uri);
const INSTANCE = ';+sip.instance="<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>"';

describe('a contact', () => {
  it('is stored with all its data', () => {
    const path = 'Path: <sip:edge.example.com;lr>';
    const flow = flowFrom('192.0.2.201', 40_000, 'TCP');
    const uri = 'sip:bob@192.168.1.2:5060;transport=tcp';
    const extra = ['User-Agent: baresip v1.0.0', 'Supported: path, outbound', path];
    const response = register([`Contact: "Bob" <${uri}>;q=0.5${INSTANCE};reg-id=1;expires=600`, ...extra], {}, flow);
    expect(response.headers.all('contact')).toEqual([`<${uri}>;q=0.5;expires=600${INSTANCE};reg-id=1`]);
    expect(response.headers.all('path')).toEqual(['<sip:edge.example.com;lr>']);
    expect(response.headers.all('require')).toEqual(['outbound']);
    expect(w.registrar.contactsOf(w.bob.id)).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f]{16}$/),
        endpointId: w.bob.id,
        uri,
        flow,
        received: { host: '192.0.2.201', port: 40_000 },
        path: ['<sip:edge.example.com;lr>'],
        instance: '<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>',
        regId: 1,
        callId: 'one',
        cseq,
        q: 0.5,
        userAgent: 'baresip v1.0.0',
        registeredAt: new Date('2026-11-23T09:00:00Z'),
        refreshedAt: new Date('2026-11-23T09:00:00Z'),
        expiresAt: new Date('2026-11-23T09:10:00Z'),
      },
    ]);
    expect(w.registrar.list()).toMatchObject([{ endpointId: w.bob.id, sipUri: AOR, contact: { uri } }]);
  });

  it('outbound is not confirmed over UDP, nor if the phone does not support it', () => {
    const tcp = flowFrom('192.0.2.201', 40_000, 'TCP');
    const one = contact(`${INSTANCE};reg-id=1`);
    expect(register([one, 'Supported: outbound']).headers.all('require')).toEqual([]);
    expect(register([one], {}, tcp).headers.all('require')).toEqual([]);
    expect(register([contact(), 'Supported: outbound'], {}, tcp).headers.all('require')).toEqual([]);
    expect(register([one, 'Path: <sip:edge.example.com;lr>']).headers.all('path')).toEqual([]);
  });

  it('is refreshed without notification, and keeps its id', () => {
    register([contact()]);
    const [before] = w.registrar.contactsOf(w.bob.id);
    jest.advanceTimersByTime(1_000_000);
    register([contact()]);
    const [after] = w.registrar.contactsOf(w.bob.id);
    expect(after).toEqual({
      ...before,
      cseq,
      refreshedAt: new Date('2026-11-23T09:16:40Z'),
      expiresAt: new Date('2026-11-23T10:16:40Z'),
    });
    jest.advanceTimersByTime(3_599_999);
    expect(uris()).toHaveLength(1);
    jest.advanceTimersByTime(1);
    expect(w.told).toEqual(['online sip:bob@192.0.2.201:5060', 'offline sip:bob@192.0.2.201:5060 expired']);
  });

  it('is kept even if another one in the same REGISTER is malformed', () => {
    const response = register(['Contact: <sip:bob@192.0.2.9', contact(), 'Contact: ;;']);
    expect([response.status, uris()]).toEqual([200, ['sip:bob@192.0.2.201:5060']]);
  });

  it('is removed by any spelling of its URI. Removing an unknown contact has no effect', () => {
    register([contact()]);
    expect(register([contact(';expires=0', 'sip:bob@192.0.2.9')]).status).toBe(200);
    expect(uris()).toHaveLength(1);
    expect(register([contact('', 'SIP:bob@192.0.2.201:5060'), 'Expires: 0'], { callId: 'two', cseq: 1 }).status).toBe(
      200,
    );
    expect(w.told).toEqual(['online sip:bob@192.0.2.201:5060', 'offline sip:bob@192.0.2.201:5060 unregistered']);
  });
});

describe('expiry', () => {
  it.each([
    ['', '', 3_600],
    ['', 'Expires: 120', 120],
    [';expires=180', 'Expires: 120', 180],
    [';expires=60', '', 60],
    [';expires=7200', '', 3_600],
    ['', 'Expires: 4294967295', 3_600],
    ['', 'Expires: 99999999999', 3_600],
    [';expires="120"', '', 120],
    [';expires=soon', 'Expires: 120', 120],
    [';expires=', 'Expires: soon', 3_600],
  ])('contact %s, header %s: %i s', (params, header, seconds) => {
    const response = register([contact(params), ...(header ? [header] : [])]);
    expect(response.headers.get('contact')).toContain(`;expires=${seconds}`);
  });

  it.each([
    ['another address', flowFrom('198.51.100.7', 5060), 90],
    ['another port', flowFrom('192.0.2.201', 40_000), 90],
    ['another address, but over TCP', flowFrom('198.51.100.7', 5060, 'TCP'), 3_600],
    ['the same', HERE, 3_600],
  ])('REGISTER from %s than in its contact', (_name, flow, seconds) => {
    expect(register([contact()], {}, flow).headers.get('contact')).toContain(`;expires=${seconds}`);
  });

  it('less than a minute: 423, without changes', () => {
    const response = register([contact('', 'sip:bob@192.0.2.1'), contact(';expires=59')]);
    expect([response.status, response.headers.get('min-expires')]).toEqual([423, '60']);
    expect(uris()).toEqual([]);
  });
});

describe('replaced', () => {
  const port2 = 'sip:bob@192.0.2.201:5070';

  it('by instance, after a restart of the phone', () => {
    register([contact(INSTANCE)]);
    register([contact(INSTANCE, port2)], { callId: 'two' });
    expect(w.told).toEqual([
      'online sip:bob@192.0.2.201:5060',
      'offline sip:bob@192.0.2.201:5060 replaced',
      `online ${port2}`,
    ]);
    jest.advanceTimersByTime(3_600_000);
    expect(w.told.slice(3)).toEqual([`offline ${port2} expired`]);
  });

  it('by instance and reg-id: two flows of a phone are two contacts, even with one URI', () => {
    const other = flowFrom('192.0.2.201', 5061, 'TCP');
    register([contact(`${INSTANCE};reg-id=1`)]);
    register([contact(`${INSTANCE};reg-id=2`)], {}, other);
    expect(uris()).toHaveLength(2);
    register([contact(`${INSTANCE};reg-id=2`, port2)], {}, other);
    expect(uris()).toEqual(['sip:bob@192.0.2.201:5060', port2]);
  });

  it('by the same URI under another Call-ID', () => {
    register([contact()]);
    register([contact()], { callId: 'two', cseq: 1 });
    expect(uris()).toHaveLength(1);
  });

  it('by the same Call-ID from another port: the NAT mapping has changed', () => {
    register([contact()]);
    register([contact('', port2)], {}, flowFrom('192.0.2.201', 5070));
    expect(uris()).toEqual([port2]);
  });

  it.each([
    ['', 'one'],
    [INSTANCE, 'one'],
    [INSTANCE, 'two'],
  ])('a phone%s that has moved removes its old address later: the new one stays', (params, callId) => {
    register([contact(params)]);
    register([contact(params, port2)], { callId });
    expect(register([contact(`${params};expires=0`)], { callId }).status).toBe(200);
    expect(uris()).toEqual([port2]);
  });

  it('the same URI from another port is another flow', () => {
    register([contact()]);
    const moved = flowFrom('192.0.2.201', 40_001);
    register([contact()], {}, moved);
    expect(w.registrar.contactsOf(w.bob.id)).toMatchObject([{ flow: moved }]);
    expect(w.told).toHaveLength(3);
  });

  it('not by another phone: other Call-ID, other instance, other user part', () => {
    register([contact()]);
    register([contact('', port2)], { callId: 'two' });
    register([contact(INSTANCE, 'sip:bob@192.0.2.201:5080')], { callId: 'three' });
    register([contact('', 'sip:robert@192.0.2.201:5090')]);
    expect(uris()).toHaveLength(4);
  });

  it('two contacts in one REGISTER stay two, even with one instance', () => {
    register([contact(INSTANCE), contact(INSTANCE, port2)]);
    expect(uris()).toHaveLength(2);
    register([contact(), contact()]); // the same twice
    expect(uris()).toHaveLength(2);
  });

  it('the eleventh replaces the one that was refreshed longest ago', () => {
    for (let n = 0; n < 10; n++) {
      register([contact('', `sip:bob@192.0.2.${n}`)], { callId: `call${n}` });
      jest.advanceTimersByTime(1_000);
    }
    register([contact('', 'sip:bob@192.0.2.0')], { callId: 'call0' });
    register([contact('', 'sip:bob@192.0.2.10')], { callId: 'call10' });
    expect(uris()).toHaveLength(10);
    expect(uris()).not.toContain('sip:bob@192.0.2.1');
    expect(w.told.slice(-2)).toEqual(['offline sip:bob@192.0.2.1 replaced', 'online sip:bob@192.0.2.10']);
  });

  it('eleven in one REGISTER: 403', () => {
    const all = Array.from({ length: 11 }, (_, n) => contact('', `sip:bob@192.0.2.${n}`));
    expect([register(all).status, uris()]).toEqual([403, []]);
  });
});

describe('all or nothing', () => {
  it('a CSeq that is not higher with the same Call-ID: 500', () => {
    register([contact()], { cseq: 1_000 });
    const other = contact('', 'sip:jo@192.0.2.7');
    for (const late of [1_000, 999]) {
      expect(register([other, contact(';expires=0')], { cseq: late })).toMatchObject({ status: 500 });
      expect(register(['Contact: *', 'Expires: 0'], { cseq: late }).status).toBe(500);
    }
    expect(uris()).toEqual(['sip:bob@192.0.2.201:5060']);
    expect(register([contact()], { callId: 'two', cseq: 1 }).status).toBe(200);
  });

  it.each([['Contact: *;expires=0'], ['Contact: * ;q=1', 'Expires: 0']])('%s removes all contacts', (...lines) => {
    register([contact()]);
    expect(register(lines).status).toBe(200);
    expect(uris()).toEqual([]);
  });

  it.each([
    ['* without Expires', ['Contact: *']],
    ['* with expires above 0', ['Contact: *;expires=60']],
    ['* with Expires above 0', ['Contact: *', 'Expires: 60']],
    ['* and another contact', ['Contact: *', contact(), 'Expires: 0']],
    ['a URI that is too long', [contact('', `sip:${'b'.repeat(2_000)}@192.0.2.1`)]],
  ])('%s: 400', (_name, lines) => {
    register([contact()]);
    expect(register(lines).status).toBe(400);
    expect(uris()).toHaveLength(1);
  });

  it('an unknown required extension: 420', () => {
    const response = register([contact(), 'Require: path, gruu, x-y']);
    expect([response.status, response.headers.all('unsupported')]).toEqual([420, ['gruu', 'x-y']]);
    expect(uris()).toEqual([]);
  });

  it('a Request-URI that is not a SIP URI: 416', () => {
    expect(register([contact()], { uri: 'http://example.com' }).status).toBe(416);
  });
});

describe('offline', () => {
  it('at once when its connection closes', () => {
    const tcp = flowFrom('192.0.2.201', 40_000, 'TCP');
    register([contact()], {}, tcp);
    register([contact('', 'sip:bob@192.0.2.5')], { callId: 'two' });
    tcp.close();
    expect(uris()).toEqual(['sip:bob@192.0.2.5']);
    expect(w.told.at(-1)).toBe('offline sip:bob@192.0.2.201:5060 connection closed');
  });

  it('not when the connection from before a reconnect closes late', () => {
    const [was, is] = [flowFrom('192.0.2.201', 40_000, 'WS'), flowFrom('192.0.2.201', 40_001, 'WS')];
    register([contact(INSTANCE)], {}, was);
    register([contact(INSTANCE)], {}, is);
    was.close();
    expect(w.registrar.contactsOf(w.bob.id)).toMatchObject([{ flow: is }]);
  });

  it('not registered if the connection closed before the REGISTER was handled', () => {
    const tcp = flowFrom('192.0.2.201', 40_000, 'TCP');
    tcp.close();
    register([contact()], {}, tcp);
    expect(uris()).toEqual([]);
  });

  it('when its endpoint is deleted', () => {
    register([contact()]);
    w.domains.delete(w.domains.list()[0]!);
    expect(uris()).toEqual([]);
    expect(w.told.at(-1)).toBe('offline sip:bob@192.0.2.201:5060 endpoint gone');
    expect(jest.getTimerCount()).toBe(0);
  });

  it('when its endpoint is disabled: it must register again', () => {
    register([contact()]);
    w.domains.updateEndpoint(w.bob, { enabled: false });
    expect(uris()).toEqual([]);
    expect(w.told.at(-1)).toBe('offline sip:bob@192.0.2.201:5060 endpoint disabled');
    w.domains.updateEndpoint(w.bob, { enabled: true });
    expect(w.registrar.contactsOf(w.bob.id)).toEqual([]);
  });

  it('close cancels all timers, without notifications', () => {
    const tcp = flowFrom('192.0.2.201', 40_000, 'TCP');
    register([contact()], {}, tcp);
    w.registrar.close();
    tcp.close();
    expect([jest.getTimerCount(), uris(), w.told.length]).toEqual([0, [], 1]);
  });
});

it('contacts are ordered by highest q, then by latest REGISTER', () => {
  for (const [n, q] of ['0.5', '1.0', '0.7', '1', 'x'].entries()) {
    register([contact(`;q=${q}`, `sip:bob@192.0.2.${n}`)], { callId: `call${n}` });
    jest.advanceTimersByTime(1_000);
  }
  expect(w.registrar.contactsOf(w.bob.id).map(({ uri }) => uri.slice(-1))).toEqual(['4', '3', '1', '2', '0']);
});

it('a phone that uses the server address as its domain is registered as the endpoint', () => {
  const real = world();
  const ask = (lines: string[]) =>
    real.register(message(lines, { uri: 'sip:127.0.0.1' }).replaceAll(`<${AOR}>`, '<sip:bob@127.0.0.1>'));
  const header = authorization(challengeOf(ask([contact()])), { uri: 'sip:127.0.0.1' });
  expect(ask([contact(), `Authorization: ${header}`]).status).toBe(200);
  expect(real.registrar.contactsOf(real.bob.id)).toHaveLength(1);
  real.registrar.close();
});
