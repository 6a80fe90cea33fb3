/** Validation and lists of the call routes. Tests of the calls themselves are in ../calls. */
import { ENDPOINT, NUMBER, world, type Answer, type Json, type World } from '../support/harness';

let w: World;
beforeEach(async () => {
  w = await world();
});
afterEach(() => w.close());

const create = (body: object): Promise<Answer> => w.v1.post('/calls', { from: NUMBER, to: '+15550000002', ...body });

describe('POST /calls', () => {
  it('answers 201 with an absolute Location, and GET returns the settings', async () => {
    const { status, headers, id } = await create({
      callbackUrl: 'http://x/y',
      fallbackUrl: 'http://x/z',
      callTimeout: '20',
      callbackTimeout: 900,
      tag: 7,
      sipHeaders: { 'X-Test': 'yes' },
      recordingEnabled: 'true',
    });
    expect([status, headers.get('location')]).toEqual([201, `${w.platform.url}/v1/users/u-test/calls/${id}`]);
    expect((await w.v1.get(`/calls/${id}`)).body).toEqual({
      id,
      direction: 'out',
      from: NUMBER,
      to: '+15550000002',
      state: 'started',
      startTime: expect.any(String),
      callbackUrl: 'http://x/y',
      callbackHttpMethod: 'POST',
      callbackTimeout: 900,
      fallbackUrl: 'http://x/z',
      callTimeout: 20,
      tag: '7',
      sipHeaders: { 'X-Test': 'yes' },
      recordingEnabled: true,
      events: `${w.platform.url}/v1/users/u-test/calls/${id}/events`,
      recordings: `${w.platform.url}/v1/users/u-test/calls/${id}/recordings`,
    });
  });

  it.each([
    [{ from: '+15558889999' }, 403, 'number-access-denied'],
    [{ from: ENDPOINT }, 403, 'number-access-denied'],
    [{ from: '123' }, 400, 'validation-error'],
    [{ from: undefined }, 400, 'validation-error'],
    [{ to: 'bob' }, 400, 'validation-error'],
    [{ callTimeout: 301 }, 400, 'validation-error'],
    [{ callTimeout: 0 }, 400, 'validation-error'],
    [{ callbackTimeout: 10_001 }, 400, 'validation-error'],
    [{ callbackUrl: 'yourserver.com' }, 400, 'callback-url-invalid'],
    [{ callbackUrl: 5 }, 400, 'validation-error'],
    [{ fallbackUrl: 'http://' }, 400, 'callback-url-invalid'],
    [{ bridgeId: 'brg-none' }, 404, 'bridge-not-found'],
    [{ conferenceId: 'conf-none' }, 404, 'conference-not-found'],
    [{ sipHeaders: { Subject: 'x' } }, 400, 'validation-error'],
    [{ sipHeaders: { 'X-A': 'a\r\nVia: b' } }, 400, 'validation-error'],
    [{ sipHeaders: Object.fromEntries([1, 2, 3, 4, 5, 6].map((n) => [`X-${n}`, ''])) }, 400, 'validation-error'],
    [{ recordingFileFormat: 'ogg' }, 400, 'validation-error'],
  ])('refuses %j with %i %s', async (body, status, code) => {
    const answer = await create(body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect((await w.v1.get('/calls')).body).toEqual([]);
  });
});

describe('GET /calls', () => {
  it('filters by from and to, SIP URIs in any spelling, and sorts', async () => {
    const first = (await create({})).id;
    const second = (await create({ to: ENDPOINT })).id;
    const ids = async (query: string): Promise<string[]> =>
      (await w.v1.get(`/calls?${query}`)).body.map((call: Json) => call.id);
    expect(await ids('')).toEqual([second, first]);
    expect(await ids('sortOrder=ASC')).toEqual([first, second]);
    expect(await ids(`to=${encodeURIComponent('jsmith_mobile@XYZ-corp-testing.BWAPP.bwsip.io')}`)).toEqual([second]);
    expect(await ids('to=JSMITH_mobile@xyz-corp-testing.bwapp.bwsip.io')).toEqual([]);
    expect(await ids(`from=${encodeURIComponent(NUMBER)}&size=1&page=1`)).toEqual([first]);
    expect(await ids('bridgeId=brg-none')).toEqual([]);
    expect(await ids('conferenceId=conf-none')).toEqual([]);
    expect((await w.v1.get('/calls?sortOrder=sideways')).status).toBe(400);
  });
});
