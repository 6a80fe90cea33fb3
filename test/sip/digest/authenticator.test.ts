import fc from 'fast-check';
import { Headers, type SipResponse } from '../../../src/sip/message';
import { NONCE_LIFETIME_MS } from '../../../src/sip/digest/nonces';
import { createThrottle } from '../../../src/sip/throttle';
import {
  AOR,
  authorization,
  challengeOf,
  flowFrom,
  HERE,
  PASSWORD,
  REALM,
  request,
  world,
  type Answer,
  type World,
} from '../registrar/phone';

interface Asking {
  method?: string;
  from?: string;
  to?: string;
  uri?: string;
  extra?: string[];
}

function message({
  method = 'REGISTER',
  from = AOR,
  to = from,
  uri = `sip:${REALM}`,
  extra = [],
}: Asking = {}): string {
  return `
${method} ${uri} SIP/2.0
Via: SIP/2.0/UDP 192.0.2.201:5060;branch=z9hG4bKnashds7
Max-Forwards: 70
From: Bob <${from}>;tag=a73kszlfl
To: Bob <${to}>
Call-ID: 1j9FpLxk3uxtm8tn@192.0.2.201
CSeq: 1 ${method}
${extra.map((line) => `${line}\n`).join('')}Content-Length: 0

`;
}

/** Sends a request, then repeats it with credentials. */
function attempt(w: World, asking: Asking = {}, answer: Answer = {}, flow = HERE) {
  const challenge = challengeOf(w.authenticate(message(asking), flow).response);
  const header = authorization(challenge, { method: asking.method ?? 'REGISTER', ...answer });
  return w.authenticate(message({ ...asking, extra: [...(asking.extra ?? []), `Authorization: ${header}`] }), flow);
}

/** The response without tag and nonce, which always differ. */
function essence(response: SipResponse | undefined): unknown {
  if (!response) return undefined;
  const headers = [...response.headers]
    .filter(([name]) => !['From', 'To', 'Call-ID'].includes(name))
    .map(([name, value]) => `${name}: ${value.replace(/nonce="[\w-]{32}"/, 'nonce=""').replace(/realm="[^"]*"/, '')}`);
  return [response.status, response.reason, headers, String(response.body)];
}

describe('the challenge', () => {
  it('offers MD5 first and SHA-256 second, with the realm in its original case', () => {
    const w = world();
    const { response } = w.authenticate(message({ from: `sip:bob@${REALM.toUpperCase()}` }));
    expect(response).toMatchObject({ status: 401, reason: 'Unauthorized' });
    const [md5, sha256, ...more] = response?.headers.all('www-authenticate') ?? [];
    expect(md5).toMatch(new RegExp(`^Digest realm="${REALM}", nonce="[\\w-]{32}", algorithm=MD5, qop="auth"$`));
    expect(sha256).toBe(md5?.replace('MD5', 'SHA-256'));
    expect(more).toEqual([]);
  });

  it.each([
    ['baresip v1.0.0 (x86_64/linux)', 1],
    ['baresip v2.9.0 (x86_64/Linux)', 1],
    ['baresip v3.1.0', 1],
    ['baresip v3.11.0 (x86_64/Linux)', 1],
    ['baresip v3.12.0 (x86_64/Linux)', 2],
    ['baresip v4.0.0', 2],
    ['Twinkle/1.10.2', 1],
    ['Zoiper rv2.10', 2],
    ['Linphonec/5.1.65 (belle-sip/5.1.64)', 2],
  ])('%s gets %i', (agent, count) => {
    const { response } = world().authenticate(message({ extra: [`User-Agent: ${agent}`] }));
    expect(response?.headers.all('www-authenticate')).toHaveLength(count);
  });

  it.each(['WS', 'WSS'] as const)('over %s only MD5, because SIP.js and JsSIP support nothing else', (transport) => {
    const { response } = world().authenticate(message(), { ...HERE, transport });
    expect(response?.headers.all('www-authenticate')).toEqual([expect.stringContaining('algorithm=MD5')]);
  });
});

describe('right credentials', () => {
  it.each<[string, Answer]>([
    ['MD5', { algorithm: 'MD5' }],
    ['MD5, unsaid', {}],
    ['SHA-256', { algorithm: 'SHA-256' }],
    ['RFC 2069: no qop', { qop: false }],
    ['user@realm as the user name', { username: `bob@${REALM}` }],
    ['user@realm with SHA-256', { username: `bob@${REALM}`, algorithm: 'SHA-256' }],
    ['a uri that differs from the Request-URI, as in sipp', { uri: 'sip:127.0.0.1:5060' }],
    ['a short nc', { nc: '1' }],
  ])('%s', (_name, answer) => {
    const w = world();
    expect(attempt(w, {}, answer).endpoint).toBe(w.bob);
  });

  it.each([', algorithm="", qop=""', ', qop=', ', algorithm=""'])(
    'an empty parameter counts as missing: %s',
    (more) => {
      const w = world();
      const header = authorization(challengeOf(w.authenticate(message()).response), { qop: false });
      expect(w.authenticate(message({ extra: [`Authorization: ${header}${more}`] })).endpoint).toBe(w.bob);
    },
  );

  it('of a call: From names the endpoint', () => {
    const w = world();
    const call = { method: 'INVITE', uri: 'sip:+15552223333@127.0.0.1', to: 'sip:+15552223333@127.0.0.1' };
    expect(attempt(w, call).endpoint).toBe(w.bob);
  });

  it('both challenges answered at once, as baresip does: one is enough', () => {
    const w = world();
    const challenge = challengeOf(w.authenticate(message()).response);
    const extra = [
      `Authorization: ${authorization(challenge, { algorithm: 'SHA-256' })}`,
      `Authorization: ${authorization(challenge, { algorithm: 'MD5' })}`,
    ];
    expect(w.authenticate(message({ extra })).endpoint).toBe(w.bob);
  });

  it('together with those for another realm', () => {
    const w = world();
    const challenge = challengeOf(w.authenticate(message()).response);
    const extra = [
      `Authorization: ${authorization({ realm: 'elsewhere.example', nonce: 'x' })}`,
      `Authorization: ${authorization(challenge)}`,
    ];
    expect(w.authenticate(message({ extra })).endpoint).toBe(w.bob);
  });

  it('with the From of another endpoint: 403', () => {
    const w = world();
    const [domain] = w.domains.list();
    w.domains.addEndpoint(domain!, { name: 'carol', enabled: true, password: 'carols-own' });
    const asking = { method: 'INVITE', from: `sip:carol@${REALM}`, to: 'sip:+15552223333@x.example' };
    expect(attempt(w, asking).response?.status).toBe(403);
  });

  describe('a call whose From does not name the account (RFC 3323, RFC 3261 22.1)', () => {
    const NUMBER = `sip:+15552223333@${REALM}`;
    const here = 'sip:+15552223333@127.0.0.1';
    it.each([
      ['withheld', 'sip:anonymous@anonymous.invalid', NUMBER, []],
      ['withheld, in the own domain', `sip:anonymous@${REALM}`, NUMBER, []],
      [
        'withheld, server given as address',
        'sip:anonymous@anonymous.invalid',
        here,
        ['P-Preferred-Identity: <sip:bob@127.0.0.1>'],
      ],
      [
        'withheld, recognised by Contact',
        'sip:anonymous@anonymous.invalid',
        here,
        ['Contact: <sip:bob@127.0.0.1:5062>'],
      ],
      ['withheld, one domain only', 'sip:anonymous@127.0.0.1', here, []],
      ['a number', 'sip:+15551112222@example.com', NUMBER, []],
      ['a tel URI', 'tel:+15551112222', NUMBER, []],
      ['no user', 'sip:anonymous.invalid', NUMBER, []],
      ['another scheme', 'urn:service:sos', NUMBER, []],
      ['capitals and a dot', `SIP:bob@${REALM.toUpperCase()}.`, NUMBER, []],
      ['an escape', `sip:%62ob@${REALM}`, NUMBER, []],
      ['a password', `sip:bob:x@${REALM};transport=tcp`, NUMBER, []],
    ])('%s: the challenge has the own realm, and the credentials identify the caller', (_name, from, uri, extra) => {
      const w = world();
      const asking = { method: 'INVITE', from, uri, to: uri, extra };
      expect(challengeOf(w.authenticate(message(asking)).response).realm).toBe(REALM);
      expect(attempt(w, asking).endpoint).toBe(w.bob);
      expect(attempt(w, asking, { password: 'guess' }).response?.status).toBe(401);
    });
  });

  it('in a third-party registration (From), To names the endpoint', () => {
    expect(attempt(world(), { from: 'sip:secretary@example.com', to: AOR }).endpoint).toBeDefined();
  });

  it('registering another endpoint: 403', () => {
    expect(attempt(world(), { to: `sip:carol@${REALM}` }).response?.status).toBe(403);
  });

  it('of a disabled endpoint: 403', () => {
    const w = world();
    w.bob.enabled = false;
    expect(essence(attempt(w).response)).toEqual([403, 'Forbidden', expect.anything(), '']);
    w.bob.enabled = true;
    expect(attempt(w).endpoint).toBe(w.bob);
  });

  it('after the password was changed: the new one', () => {
    const w = world();
    const [domain] = w.domains.list();
    w.domains.deleteEndpoint(domain!, w.bob);
    const bob = w.domains.addEndpoint(domain!, { name: 'bob', enabled: true, password: 'another' });
    expect(attempt(w).response?.status).toBe(401);
    expect(attempt(w, {}, { password: 'another' }).endpoint).toBe(bob);
  });

  it('by a token, until it expires', () => {
    jest.useFakeTimers({ now: 1_800_000_000_000 });
    const w = world();
    const password = w.domains.addToken(w.bob, 60);
    w.domains.addToken(w.bob, 3_600);
    expect(attempt(w, {}, { password }).endpoint).toBe(w.bob);
    expect(attempt(w, {}, { password, algorithm: 'SHA-256', username: `bob@${REALM}` }).endpoint).toBe(w.bob);
    jest.advanceTimersByTime(60_000);
    expect(attempt(w, {}, { password }).response?.status).toBe(401);
    expect(attempt(w).endpoint).toBe(w.bob);
    jest.useRealTimers();
  });
});

describe('wrong credentials', () => {
  it('a wrong password, an unknown user, an unknown domain and a disabled endpoint get the same response', () => {
    const w = world();
    const [domain] = w.domains.list();
    w.domains.addEndpoint(domain!, { name: 'off', enabled: false, password: 'whatever' });
    const refused = (from: string, username: string) => {
      const first = w.authenticate(message({ from })).response;
      const second = attempt(w, { from }, { username, password: 'guess' }).response;
      return [essence(first), essence(second)];
    };
    const wrong = refused(AOR, 'bob');
    expect(wrong[1]).toEqual([401, 'Unauthorized', expect.anything(), '']);
    expect(refused(`sip:nobody@${REALM}`, 'nobody')).toEqual(wrong);
    expect(refused(`sip:off@${REALM}`, 'off')).toEqual(wrong);
    expect(refused('sip:bob@no-such-domain.bwapp.bwsip.io', 'bob')).toEqual(wrong);
    expect(refused('sip:bob@example.com', 'bob')).toEqual(wrong);
    expect(refused(`sip:${REALM}`, 'bob')).toEqual(wrong);
  });

  it('are not stale', () => {
    expect(challengeOf(attempt(world(), {}, { password: 'guess' }).response).stale).toBe(false);
  });

  it('wrong again after the second challenge: 403, which stops retries. Right: accepted', () => {
    for (const [from, username] of [
      [AOR, 'bob'],
      [`sip:nobody@${REALM}`, 'nobody'],
    ] as const) {
      const w = world();
      const second = challengeOf(attempt(w, { from }, { username, password: 'guess' }).response);
      const again = (password: string, nc: string) => {
        const header = authorization(second, { username, password, nc });
        return w.authenticate(message({ from, extra: [`Authorization: ${header}`] }));
      };
      expect(essence(again('guess', '00000001').response)).toEqual([403, 'Forbidden', expect.anything(), '']);
      expect(again(PASSWORD, '00000002').endpoint).toBe(from === AOR ? w.bob : undefined);
      expect(attempt(w, { from }, { username, password: 'guess' }).response?.status).toBe(401); // starts again
    }
  });

  it('the right password with another realm is wrong', () => {
    const w = world();
    const other = w.domains.create('other');
    w.domains.addEndpoint(other, { name: 'bob', enabled: true, password: PASSWORD });
    const { nonce } = challengeOf(w.authenticate(message()).response);
    const header = authorization({ realm: 'other.bwapp.bwsip.io', nonce });
    const { response } = w.authenticate(message({ extra: [`Authorization: ${header}`] }));
    expect(response?.status).toBe(401);
    expect(challengeOf(response).realm).toBe(REALM);
    expect(attempt(w, {}, { username: 'bob@other.bwapp.bwsip.io' }).response?.status).toBe(401);
  });

  it('the digest response for another method is wrong', () => {
    expect(attempt(world(), { method: 'INVITE' }, { method: 'REGISTER' }).response?.status).toBe(401);
  });

  it('a REGISTER whose To is not a SIP URI: 403', () => {
    expect(world().authenticate(message({ from: 'tel:+15552223333' })).response?.status).toBe(403);
  });
});

describe('nonces', () => {
  const again = (w: World, header: string, flow = HERE) =>
    w.authenticate(message({ extra: [`Authorization: ${header}`] }), flow);

  it('a nonce can be used for many requests with increasing counts', () => {
    const w = world();
    const challenge = challengeOf(w.authenticate(message()).response);
    for (const nc of ['00000001', '00000002', '00000003'])
      expect(again(w, authorization(challenge, { nc })).endpoint).toBe(w.bob);
  });

  it('a replayed count and an expired nonce are stale, and get a new nonce', () => {
    let time = Date.now();
    const w = world({ now: () => time });
    const challenge = challengeOf(w.authenticate(message()).response);
    const header = authorization(challenge);
    expect(again(w, header).endpoint).toBe(w.bob);
    const replayed = again(w, header).response;
    expect([replayed?.status, challengeOf(replayed).stale]).toEqual([401, true]);
    expect(again(w, authorization(challengeOf(replayed))).endpoint).toBe(w.bob);
    time += NONCE_LIFETIME_MS;
    const late = again(w, authorization(challenge, { nc: '00000002' })).response;
    expect([late?.status, challengeOf(late).stale]).toEqual([401, true]);
    expect(again(w, authorization(challengeOf(late))).endpoint).toBe(w.bob);
  });

  it('without qop a nonce can be used once', () => {
    const w = world();
    const header = authorization(challengeOf(w.authenticate(message()).response), { qop: false });
    expect(again(w, header).endpoint).toBe(w.bob);
    expect(challengeOf(again(w, header).response).stale).toBe(true);
  });

  it('of another server process or another address are stale, and no password is checked', () => {
    const w = world();
    const foreign = authorization({ realm: REALM, nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c0' }, { password: 'guess' });
    for (let i = 0; i < 100; i++) expect(challengeOf(again(w, foreign).response).stale).toBe(true);
    const elsewhere = flowFrom('198.51.100.9', 5060);
    const challenge = challengeOf(w.authenticate(message(), elsewhere).response);
    expect(challengeOf(again(w, authorization(challenge)).response).stale).toBe(true);
    expect(attempt(w).endpoint).toBe(w.bob); // not throttled: no guess was counted
  });
});

describe('the address of the server as a domain', () => {
  it.each(['127.0.0.1', '[::1]', 'localhost', 'SIP.example.com'])('%s: the challenge tells the realm', (host) => {
    const w = world({ serverNames: ['sip.example.com'] });
    const from = `sip:bob@${host}`;
    expect(challengeOf(w.authenticate(message({ from })).response).realm).toBe(REALM);
    expect(attempt(w, { from }).endpoint).toBe(w.bob);
  });

  it('an unknown or ambiguous user gets a realm, too, but never access', () => {
    const w = world();
    expect(challengeOf(w.authenticate(message({ from: 'sip:nobody@127.0.0.1' })).response).realm).toBe(REALM);
    const other = w.domains.create('other');
    const namesake = w.domains.addEndpoint(other, { name: 'bob', enabled: true, password: PASSWORD });
    const { response } = attempt(w, { from: 'sip:bob@127.0.0.1' });
    expect(response?.status).toBe(403);
    w.domains.deleteEndpoint(other, namesake);
    expect(attempt(w, { from: 'sip:bob@127.0.0.1' }).endpoint).toBe(w.bob);
  });

  it('without any domain there is still a realm', () => {
    const w = world();
    w.domains.delete(w.domains.list()[0]!);
    expect(challengeOf(w.authenticate(message({ from: 'sip:bob@127.0.0.1' })).response).realm).toBe('unknown.invalid');
  });
});

describe('throttled', () => {
  it('after ten wrong passwords, the user is refused at this address, but not at others', () => {
    let time = Date.now();
    const w = world({ now: () => time });
    const statuses = Array.from({ length: 12 }, () => attempt(w, {}, { password: 'guess' }).response?.status);
    expect(statuses).toEqual([...Array<number>(10).fill(401), 503, 503]);
    const { response } = attempt(w); // the right one
    expect(response?.status).toBe(503);
    expect(response?.headers.get('retry-after')).toBe('300');
    expect(attempt(w, {}, {}, flowFrom('198.51.100.7', 5060)).endpoint).toBe(w.bob);
    time += 300_000;
    expect(attempt(w).endpoint).toBe(w.bob);
  });

  it('only wrong credentials for a current nonce count, not missing ones or those for an old or forged nonce', () => {
    let time = Date.now();
    const w = world({ now: () => time });
    const old = challengeOf(w.authenticate(message()).response);
    time += NONCE_LIFETIME_MS;
    for (const challenge of [old, { ...old, nonce: 'x'.repeat(32) }, undefined]) {
      const extra = challenge ? [`Authorization: ${authorization(challenge, { password: 'guess' })}`] : [];
      for (let i = 0; i < 60; i++) expect(w.authenticate(message({ extra })).response?.status).toBe(401);
    }
    expect(attempt(w).endpoint).toBe(w.bob);
  });

  it('names that do not exist count like others', () => {
    const w = world();
    const guess = () => attempt(w, { from: `sip:x@${REALM}` }, { username: 'x', password: 'guess' }).response?.status;
    expect(Array.from({ length: 11 }, guess)).toEqual([...Array<number>(10).fill(401), 503]);
  });

  it('an address that tries many names gets 503, except users who have logged in from there before', () => {
    const w = world();
    const [domain] = w.domains.list();
    w.domains.addEndpoint(domain!, { name: 'carol', enabled: true, password: 'carols-own' });
    expect(attempt(w).endpoint).toBe(w.bob);
    for (let i = 0; i < 50; i++) attempt(w, { from: `sip:u${i}@${REALM}` }, { username: `u${i}`, password: 'guess' });
    const carol = message({ from: `sip:carol@${REALM}` });
    expect(w.authenticate(carol).response?.status).toBe(503);
    expect(w.authenticate(carol, flowFrom('192.0.2.201', 1)).response?.status).toBe(503); // another port
    expect(w.authenticate(carol, flowFrom('192.0.2.202', 5060)).response?.status).toBe(401);
    expect(attempt(w).endpoint).toBe(w.bob);
    // Guesses at another name under a known name.
    expect(attempt(w, {}, { username: 'carol', password: 'guess' }).response?.status).toBe(503);
  });

  it('one request counts as one guess', () => {
    const w = world();
    const challenge = challengeOf(w.authenticate(message()).response);
    for (const username of ['x', 'bob']) {
      const guess = authorization(challenge, { username, password: 'guess' });
      const extra = [guess, authorization(challenge)].map((header) => `Authorization: ${header}`);
      expect(w.authenticate(message({ extra })).response?.status).toBe(401);
    }
  });

  it('an address that never answers challenges is refused for a while', () => {
    const w = world({ throttle: createThrottle({ challengeBurst: 3 }, () => 0) });
    const statuses = Array.from({ length: 5 }, () => w.authenticate(message()).response?.status);
    expect(statuses).toEqual([401, 401, 401, 503, 503]);
  });
});

it('any text in Authorization is answered, and never accepted', () => {
  const w = world({
    throttle: createThrottle({
      challengeBurst: Infinity,
      failuresPerAddress: Infinity,
      failuresPerUserAndAddress: Infinity,
      failuresPerUser: Infinity,
    }),
  });
  const good = authorization(challengeOf(w.authenticate(message()).response), { password: 'guess' });
  const piece = fc.constantFrom(
    ...['Digest', 'Basic', ' ', ',', '=', '"', '\\', 'username', 'realm', REALM, 'bob', 'nonce', 'uri', 'response'],
    ...['qop', 'auth', 'auth-int', 'nc', 'algorithm', 'SHA-256', 'MD5-sess', '\u0000', 'ä', '00000001', '__proto__'],
  );
  const mutated = fc
    .tuple(fc.nat(good.length), fc.nat(20), fc.string({ unit: 'binary', maxLength: 10 }))
    .map(([at, cut, put]) => good.slice(0, at) + put + good.slice(at + cut));
  const value = fc.oneof(
    mutated,
    fc.array(piece, { maxLength: 30 }).map((all) => all.join('')),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(value, { maxLength: 6 }), (values) => {
      const made = request(message());
      const headers = new Headers([...made.headers]);
      for (const one of values) headers.add('authorization', one);
      const { endpoint, response } = w.authenticate({ ...made, headers });
      expect([endpoint, response?.status]).toEqual([undefined, 401]);
    }),
    { numRuns: 300 },
  );
});
