/** Applications, numbers, domains and endpoints, as far as the SDK tests in test/sdk do not cover them. */
import { ENDPOINT, NUMBER, world, type Answer, type Json, type World } from '../support/harness';

let w: World;
beforeEach(async () => {
  w = await world();
});
afterEach(() => w.close());

const code = async (answer: Promise<Answer>): Promise<[number, string]> => {
  const { status, body } = await answer;
  return [status, body?.code];
};

describe('applications', () => {
  it('need one of incomingCallUrl and incomingMessageUrl, also after an update', async () => {
    expect(await code(w.v1.post('/applications', { name: 'x' }))).toEqual([400, 'validation-error']);
    expect(await code(w.v1.post('/applications', { name: 'x', incomingMessageUrl: 'https://x/y' }))).toEqual([
      201,
      undefined,
    ]);
    const path = `/applications/${w.applicationId}`;
    expect(await code(w.v1.post(path, { incomingCallUrl: '' }))).toEqual([400, 'validation-error']);
    expect((await w.v1.get(path)).body.incomingCallUrl).toBe(w.app.url);
  });

  it.each([
    [{ incomingCallUrl: 'nonsense' }, 'callback-url-invalid'],
    [{ incomingCallFallbackUrl: 'ftp://x' }, 'callback-url-invalid'],
    [{ incomingCallUrlCallbackTimeout: 10_001 }, 'validation-error'],
    [{ callbackHttpMethod: 'PUT' }, 'validation-error'],
    [{ autoAnswer: 'perhaps' }, 'validation-error'],
    [{ name: '' }, 'validation-error'],
  ])('refuse %j with %s', async (body, expected) => {
    const whole = { name: 'x', incomingCallUrl: 'http://x/y', ...body };
    expect(await code(w.v1.post('/applications', whole))).toEqual([400, expected]);
    expect(await code(w.v1.post(`/applications/${w.applicationId}`, body))).toEqual([400, expected]);
  });

  it('accept booleans as text, a method in lower case and null, and ignore unknown fields', async () => {
    const body = {
      name: 'x',
      incomingCallUrl: 'http://x/y',
      incomingMessageUrl: null,
      autoAnswer: 'FALSE',
      callbackHttpMethod: 'get',
      incomingCallUrlCallbackTimeout: '500',
      unknown: {},
    };
    const { id } = await w.v1.post('/applications', body);
    expect((await w.v1.get(`/applications/${id}`)).body).toEqual({
      id,
      name: 'x',
      incomingCallUrl: 'http://x/y',
      autoAnswer: false,
      callbackHttpMethod: 'GET',
      incomingCallUrlCallbackTimeout: 500,
    });
  });

  it('are removed from their numbers and endpoints when they are deleted', async () => {
    await w.v1.delete(`/applications/${w.applicationId}`);
    expect((await w.v1.get(`/phoneNumbers/${encodeURIComponent(NUMBER)}`)).body).not.toHaveProperty('applicationId');
    const endpoint = await w.v1.get(`/domains/${w.domainId}/endpoints/${w.endpointId}`);
    expect(endpoint.body).not.toHaveProperty('applicationId');
  });
});

describe('numbers', () => {
  it('have the documented properties', async () => {
    const { id } = await w.v1.post('/phoneNumbers', {
      number: '+19195551234',
      name: 'ours',
      applicationId: w.applicationId,
      fallbackNumber: '+15552223333',
    });
    expect((await w.v1.get(`/phoneNumbers/${id}`)).body).toEqual({
      id,
      number: '+19195551234',
      nationalNumber: '(919) 555-1234',
      name: 'ours',
      city: 'RALEIGH',
      state: 'NC',
      applicationId: w.applicationId,
      application: `${w.platform.url}/v1/users/u-test/applications/${w.applicationId}`,
      fallbackNumber: '+15552223333',
      price: '0.35',
      createdTime: expect.any(String),
      numberState: 'enabled',
    });
    await w.v1.post(`/phoneNumbers/${id}`, { applicationId: '', fallbackNumber: '' });
    const changed = (await w.v1.get(`/phoneNumbers/${id}`)).body;
    expect([changed.applicationId, changed.fallbackNumber]).toEqual([undefined, undefined]);
    expect((await w.v1.get('/phoneNumbers?state=NC&city=RALEIGH')).body).toHaveLength(1);
    expect((await w.v1.get('/phoneNumbers?numberState=released')).body).toEqual([]);
  });

  it('are unique, E.164, and belong to an existing application', async () => {
    expect(await code(w.v1.post('/phoneNumbers', { number: NUMBER }))).toEqual([400, 'number-already-allocated']);
    expect(await code(w.v1.post('/phoneNumbers', { number: '5552223333' }))).toEqual([400, 'validation-error']);
    const body = { number: '+18005551234', applicationId: 'a-none' };
    expect(await code(w.v1.post('/phoneNumbers', body))).toEqual([404, 'application-not-found']);
    expect(await code(w.v1.delete(`/phoneNumbers/${encodeURIComponent(NUMBER)}`))).toEqual([200, undefined]);
    expect(await code(w.v1.post('/calls', { from: NUMBER, to: '+15552223333' }))).toEqual([
      403,
      'number-access-denied',
    ]);
  });
});

describe('domains', () => {
  it('have a unique host-name label of at most 16 characters as name', async () => {
    for (const name of ['1abc', '-abc', 'abc-', 'a b', 'a.b', 'abcdefghijklmnopq', ''])
      expect(await code(w.v1.post('/domains', { name }))).toEqual([400, 'validation-error']);
    expect(await code(w.v1.post('/domains', { name: 'XYZ-Corp-Testing' }))).toEqual([400, 'domain-already-exists']);
    const { id, headers } = await w.v1.post('/domains', { name: 'Acme', description: 'd' });
    expect(headers.get('location')).toBe(`${w.platform.url}/v1/users/u-test/domains/${id}`);
    expect((await w.v1.get(`/domains/${id}`)).body).toEqual({
      id,
      name: 'Acme',
      description: 'd',
      endpoints: `${w.platform.url}/v1/users/u-test/domains/${id}/endpoints`,
    });
  });

  it('are limited to 100', async () => {
    for (let i = 1; i < 100; i++) expect((await w.v1.post('/domains', { name: `d${i}` })).status).toBe(201);
    expect(await code(w.v1.post('/domains', { name: 'd100' }))).toEqual([403, 'domain-limit-reached']);
  });

  it('are deleted with their endpoints and phones', async () => {
    await w.sandbox.post('/phones', { sipUri: ENDPOINT });
    await w.v1.delete(`/domains/${w.domainId}`);
    expect((await w.sandbox.get('/phones')).body).toEqual([]);
    await w.dial(ENDPOINT);
    expect(await w.app.next('hangup')).toMatchObject({ cause: 'UNALLOCATED_NUMBER' });
  });
});

describe('endpoints', () => {
  const create = (body: object): Promise<Answer> =>
    w.v1.post(`/domains/${w.domainId}/endpoints`, { name: 'bob', credentials: { password: 'secret' }, ...body });

  it.each([
    [{ name: 'a b' }],
    [{ name: '' }],
    [{ credentials: { password: 'short' } }],
    [{ credentials: { password: 'pässwörd☎' } }],
    [{ credentials: undefined }],
    [{ enabled: 'maybe' }],
    [{ domainId: 'rd-other' }],
  ])('refuse %j', async (body) => {
    expect(await code(create(body))).toEqual([400, 'validation-error']);
  });

  it('are unique in their domain, never return the password, and never change their name', async () => {
    expect(await code(create({ name: 'jsmith_mobile' }))).toEqual([400, 'endpoint-already-exists']);
    expect(await code(create({ applicationId: 'a-none' }))).toEqual([404, 'application-not-found']);
    const { id } = await create({ credentials: { password: 'pässwörd' } });
    const path = `/domains/${w.domainId}/endpoints/${id}`;
    const change = { name: 'eve', description: 'd', credentials: { password: 'another' } };
    expect(await code(w.v1.post(path, change))).toEqual([200, undefined]);
    const { body, text } = await w.v1.get(path);
    expect(body).toMatchObject({ name: 'bob', description: 'd', enabled: true });
    expect(text).not.toMatch(/another|pässwörd/);
    expect(body).not.toHaveProperty('secret');
  });

  it('have tokens of at most a day', async () => {
    const path = `/domains/${w.domainId}/endpoints/${w.endpointId}/tokens`;
    expect((await w.v1.post(path)).body).toEqual({ token: expect.stringMatching(/^[\w-]{32}$/), expires: 3600 });
    expect(await code(w.v1.post(path, { expires: 86_401 }))).toEqual([400, 'validation-error']);
  });
});

describe('availableNumbers', () => {
  const search = (query: string): Promise<Answer> => w.sandbox.send('GET', `/../v1/availableNumbers/${query}`);
  const numbers = async (query: string): Promise<string[]> =>
    (await search(query)).body.map((found: Json) => found.number);

  it('are identical for the same search, without ordered ones', async () => {
    const found = await numbers('local?state=nc&quantity=4');
    expect(await numbers('local?state=NC&quantity=4')).toEqual(found);
    await w.v1.post('/phoneNumbers', { number: found[1] });
    const again = await numbers('local?state=NC&quantity=4');
    expect(again).not.toContain(found[1]);
    expect(again.slice(0, 3)).toEqual([found[0], found[2], found[3]]);
  });

  it.each([
    ['local?areaCode=555', /^\+1555[2-9]/],
    ['local?zip=27601', /^\+1\d{10}$/],
    ['local?city=Austin', /^\+1512/],
    ['local?city=Nowhere&state=ZZ', /^\+1\d{10}$/],
    ['local?areaCode=212&localNumber=867', /^\+1212867/],
    ['local?areaCode=212&pattern=*CALL*', /2255/],
    ['tollFree?quantity=3&pattern=8??2*', /^\+18\d\d2/],
  ])('%s', async (query, expected) => {
    const found = await numbers(query);
    expect(found.length).toBeGreaterThan(0);
    for (const number of found) expect(number).toMatch(expected);
  });

  it.each([
    'local',
    'local?areaCode=12',
    'local?state=X',
    'local?zip=1',
    'tollFree?quantity=5001',
    'tollFree?pattern=**',
  ])('refuse %s', async (query) => {
    expect(await code(search(query))).toEqual([400, 'validation-error']);
  });

  it('are at most 5,000, all different', async () => {
    const found = await numbers('local?areaCode=919&quantity=5000');
    expect(new Set(found).size).toBe(5000);
  });
});

describe('domains of old applications', () => {
  it('keep the spelling of their name in sipUri and realm, and are found by any spelling', async () => {
    const domain = await w.v1.post('/domains', { name: 'MixedCase' });
    const body = { name: 'ann', credentials: { password: 'secret1' }, applicationId: w.applicationId };
    const path = `/domains/${domain.id}/endpoints`;
    const { id } = await w.v1.post(path, body);
    const endpoint = (await w.v1.get(`${path}/${id}`)).body;
    expect(endpoint.sipUri).toBe('sip:ann@MixedCase.bwapp.bwsip.io');
    expect(endpoint.credentials.realm).toBe('MixedCase.bwapp.bwsip.io');
    expect(await code(w.v1.post(path, body))).toEqual([400, 'endpoint-already-exists']);
    const phone = await w.sandbox.post('/phones', { sipUri: 'sip:ann@mixedcase.BWAPP.bwsip.io' });
    expect(phone.status).toBe(201);
  });

  it('accept a token request with the body null', async () => {
    const path = `/domains/${w.domainId}/endpoints/${w.endpointId}/tokens`;
    expect((await w.v1.post(path, 'null')).status).toBe(201);
  });
});

it('endpoints may see the number of a caller during its call', async () => {
  const CALLER = '+12223334444';
  const dial = (to = ENDPOINT) => w.v1.post('/calls', { from: CALLER, to });
  expect(await code(dial())).toEqual([403, 'number-access-denied']);
  const { body: leg } = await w.sandbox.post('/calls', { from: CALLER, to: NUMBER });
  expect((await dial()).status).toBe(201);
  // Not to the PSTN, to other SIP URIs or to numbers of the account, where the number would be spoofed.
  for (const to of ['+15552223333', 'sip:+15552223333@gw.example.com', NUMBER])
    expect([to, ...(await code(dial(to)))]).toEqual([to, 403, 'number-access-denied']);
  await w.v1.post(`/calls/${leg.callId}`, { state: 'rejected' });
  expect(await code(dial())).toEqual([403, 'number-access-denied']);
});
