import { createApiHttp, type ApiHttp } from '../../../../src/providers/bandwidth-v1/http';
import type { Platform } from '../../../../src/platform';
import { provision, type ProvisionRequest } from '../../../../src/providers/bandwidth-v1/provisioning/provision';
import { apiServer } from '../../../helpers/api-server';
import { ENDPOINT, NUMBER } from '../../../helpers/builders';
import { ACCOUNT, fastPlatform } from '../../../helpers/tandem';

const REQUEST: ProvisionRequest = {
  lines: [{ number: NUMBER, endpoint: ENDPOINT }],
  webhookUrl: 'https://user:secret@tandem.example.com/webhooks/voice',
  sipPasswords: new Map([[ENDPOINT, { value: 'abc123', generated: true }]]),
};

let platform: Platform;
let http: ApiHttp;
beforeEach(async () => {
  platform = await fastPlatform();
  http = createApiHttp({ ...ACCOUNT, url: platform.url, timeoutMs: 5_000 });
});
afterEach(async () => {
  http.close();
  await platform.close();
});

const outcomes = async (request: Partial<ProvisionRequest> = {}) =>
  (await provision(http, { ...REQUEST, ...request })).steps.map(({ what, outcome }) => `${what} ${outcome}`);
const read = async (path: string) => (await http.send('GET', http.userPath(path))).body as Record<string, unknown>[];

describe('provisioning', () => {
  it('creates application, number, domain and endpoint, and gives the SIP settings', async () => {
    const { steps, sip } = await provision(http, REQUEST);
    expect(steps.map(({ what, outcome }) => [what, outcome])).toEqual([
      ['application', 'created'],
      ['number', 'created'],
      ['domain', 'created'],
      ['endpoint', 'created'],
    ]);
    expect(sip).toEqual([
      {
        sipUri: ENDPOINT,
        username: 'jsmith_mobile',
        realm: 'xyz-corp-testing.bwapp.bwsip.io',
        passwordFrom: 'generated',
        password: 'abc123',
        number: NUMBER,
      },
    ]);
    const [application] = await read('/applications');
    expect(application).toMatchObject({
      incomingCallUrl: REQUEST.webhookUrl,
      autoAnswer: false,
      callbackHttpMethod: 'POST',
    });
    expect(await read('/phoneNumbers')).toMatchObject([{ number: NUMBER, applicationId: application?.['id'] }]);
  });

  it('prints no credentials of the callback URL', async () => {
    const { steps } = await provision(http, REQUEST);
    expect(steps[0]?.name).toBe('Tandem → https://***@tandem.example.com/webhooks/voice');
  });

  it('keeps what is there, and does not tell a password that it did not set', async () => {
    const first = await provision(http, REQUEST);
    const second = await provision(http, REQUEST);
    expect(second.steps.map(({ outcome }) => outcome)).toEqual(['kept', 'kept', 'kept', 'kept']);
    expect(second.steps.map(({ id }) => id)).toEqual(first.steps.map(({ id }) => id));
    expect(second.sip[0]).toMatchObject({ passwordFrom: 'unchanged', password: undefined });
    expect(
      [await read('/applications'), await read('/phoneNumbers'), await read('/domains')].map((l) => l.length),
    ).toEqual([1, 1, 1]);
  });

  it('changes what differs, and only that', async () => {
    await provision(http, REQUEST);
    expect(await outcomes({ webhookUrl: 'https://elsewhere.example.com/webhooks/voice' })).toEqual([
      'application changed',
      'number kept',
      'domain kept',
      'endpoint kept',
    ]);
    expect((await read('/applications'))[0]).toMatchObject({
      incomingCallUrl: 'https://elsewhere.example.com/webhooks/voice',
    });
  });

  it('takes over a number and an endpoint of another application', async () => {
    await provision(http, REQUEST);
    const { location = '' } = await http.send('POST', http.userPath('/applications'), {
      name: 'other',
      incomingCallUrl: 'http://x.y',
    });
    const applicationId = location.split('/').pop();
    const [number] = await read('/phoneNumbers');
    await http.send('POST', http.userPath(`/phoneNumbers/${number?.['id'] as string}`), { applicationId });
    const [domain] = await read('/domains');
    const endpoints = `/domains/${domain?.['id'] as string}/endpoints`;
    const [endpoint] = await read(endpoints);
    await http.send('POST', http.userPath(`${endpoints}/${endpoint?.['id'] as string}`), { enabled: false });
    expect(await outcomes()).toEqual(['application kept', 'number changed', 'domain kept', 'endpoint changed']);
    expect((await read(endpoints))[0]).toMatchObject({ enabled: true });
  });

  it('gives an endpoint that is there the password of the settings, and does not repeat it', async () => {
    await provision(http, REQUEST);
    const sipPasswords = new Map([[ENDPOINT, { value: 'new-one', generated: false }]]);
    const { steps, sip } = await provision(http, { ...REQUEST, sipPasswords });
    expect(steps.at(-1)).toMatchObject({ what: 'endpoint', outcome: 'changed' });
    expect(sip[0]).toMatchObject({ passwordFrom: 'settings', password: undefined });
  });

  it('makes one domain for the endpoints of it, one endpoint for its numbers', async () => {
    const bob = ENDPOINT.replace('jsmith_mobile', 'bob');
    const lines = [
      ...REQUEST.lines,
      { number: '+1555444334', endpoint: bob },
      { number: '+1555444335', endpoint: bob },
    ];
    const sipPasswords = new Map([...REQUEST.sipPasswords, [bob, { value: 'def456', generated: true }]]);
    const { steps, sip } = await provision(http, { ...REQUEST, lines, sipPasswords });
    expect(steps.map(({ what }) => what)).toEqual([
      'application',
      'number',
      'domain',
      'endpoint',
      'number',
      'endpoint',
      'number',
    ]);
    expect(sip.map(({ number, username, password }) => [number, username, password])).toEqual([
      [NUMBER, 'jsmith_mobile', 'abc123'],
      ['+1555444334', 'bob', 'def456'],
      ['+1555444335', 'bob', 'def456'],
    ]);
  });

  // The second line of an endpoint finds it there, and takes its password for one that only its owner knows.
  it('tells the password that it set for every line of the endpoint', async () => {
    const lines = [...REQUEST.lines, { number: '+1555444335', endpoint: ENDPOINT }];
    const { sip } = await provision(http, { ...REQUEST, lines });
    expect(sip.map(({ password }) => password)).toEqual(['abc123', 'abc123']);
  });

  it('says what is wrong with a domain that is not of the platform', async () => {
    const lines = [{ number: NUMBER, endpoint: 'sip:bob@example.com' }];
    await expect(provision(http, { ...REQUEST, lines })).rejects.toMatchObject({
      code: 'provisioning-failed',
      message:
        'sip:bob@example.com of LINES is not below bwapp.bwsip.io: write it as sip:user@your-domain.bwapp.bwsip.io',
    });
  });

  it('says that the answers are not of the v1 API', async () => {
    const other = await apiServer(() => ({ status: 200, body: '<html>' }));
    const client = createApiHttp({ ...ACCOUNT, url: other.url, timeoutMs: 5_000 });
    await expect(provision(client, REQUEST)).rejects.toMatchObject({ code: 'provisioning-failed' });
    client.close();
    await other.close();
  });

  it('passes on that the credentials are wrong', async () => {
    const client = createApiHttp({ ...ACCOUNT, secret: 'wrong', url: platform.url, timeoutMs: 5_000 });
    await expect(provision(client, REQUEST)).rejects.toMatchObject({ status: 401 });
    client.close();
  });
});
