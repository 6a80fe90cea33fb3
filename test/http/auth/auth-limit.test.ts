/** The limit of failed logins, of Tandem and of the platform. */
import type { IncomingMessage } from 'node:http';
import request from 'supertest';
import { createAuthLimit, networkOf } from '../../../src/http/auth/auth-limit';
import { recordingLog, testApp } from '../../helpers/builders';
import { incomingCallBody } from '../../helpers/v1-events';
import { ACCOUNT, fastPlatform } from '../../helpers/tandem';

const from = (remoteAddress: string) => ({ socket: { remoteAddress } }) as IncomingMessage;

function limit(options: { perAddress?: number; inAll?: number } = {}) {
  const recording = recordingLog();
  const authLimit = createAuthLimit({ realm: 'api', log: recording.log, perAddress: 3, inAll: 5, ...options });
  const fail = async (address: string, times: number) => {
    for (let failures = 0; failures < times; failures += 1) await authLimit.settle(from(address), false);
  };
  return {
    ...recording,
    fail,
    settle: (address: string, isCorrect: boolean) => authLimit.settle(from(address), isCorrect),
  };
}

describe('the limit of failed logins', () => {
  it('refuses an address after too many failures, with the seconds to wait; correct credentials too', async () => {
    const { fail, settle, lines } = limit();
    await fail('10.0.0.1', 3);
    const wait = await settle('10.0.0.1', false);
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(60);
    expect(await settle('10.0.0.1', true)).toBeGreaterThan(0);
    await fail('10.0.0.1', 10);
    expect(lines.filter(({ event }) => event === 'authentication-limited')).toMatchObject([
      { realm: 'api', address: '10.0.0.1', failures: 3 },
    ]);
  });

  it('does not count the failures of other addresses', async () => {
    const { fail, settle } = limit();
    await fail('10.0.0.1', 4);
    expect(await settle('10.0.0.2', false)).toBeUndefined();
    expect(await settle('10.0.0.2', true)).toBeUndefined();
  });

  it('accepts a client that succeeded before, even if others at its address fail', async () => {
    const { fail, settle } = limit();
    await settle('10.0.0.1', true);
    await fail('10.0.0.1', 10);
    expect(await settle('10.0.0.1', true)).toBeUndefined();
    expect(await settle('10.0.0.1', false)).toBeGreaterThan(0);
  });

  it('allows each address one attempt while there are too many failures in total', async () => {
    const { fail, settle } = limit();
    for (const address of ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5']) await fail(address, 1);
    expect(await settle('10.0.0.9', true)).toBeUndefined();
    expect(await settle('10.0.0.8', false)).toBeUndefined();
    expect(await settle('10.0.0.8', true)).toBeGreaterThan(0);
  });

  it.each([
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0db8:1:2:ffff::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ])('takes %s for %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});

describe.each([
  ['/calls', 'get', 'bearer'],
  ['/webhooks/voice', 'post', 'basic'],
] as const)('Tandem at %s', (path, method, kind) => {
  const webhookCredentials = { username: 'tandem', password: 'secret' };
  const send = (app: ReturnType<typeof testApp>['app'], secret: string) => {
    const sent = request(app)[method](path);
    if (method === 'post') void sent.send(incomingCallBody());
    return kind === 'bearer' ? sent.auth(secret, { type: 'bearer' }) : sent.auth('tandem', secret);
  };

  it('answers 429 with Retry-After to guesses, and 401 to requests without credentials', async () => {
    const { app } = testApp({ apiToken: 'secret', webhookCredentials });
    for (let guess = 0; guess < 10; guess += 1) expect((await send(app, `guess-${guess}`)).status).toBe(401);
    const { status, headers, body } = await send(app, 'guess');
    expect([status, body.code]).toEqual([429, 'too-many-failures']);
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    expect((await send(app, 'secret')).status).toBe(429);
    expect((await request(app)[method](path)).status).toBe(401);
    expect((await request(app).get('/healthz')).status).toBe(200);
  });

  it('continues to serve a client that succeeded before', async () => {
    const { app } = testApp({ apiToken: 'secret', webhookCredentials });
    expect((await send(app, 'secret')).status).toBe(200);
    for (let guess = 0; guess < 12; guess += 1) await send(app, 'guess');
    expect((await send(app, 'guess')).status).toBe(429);
    expect((await send(app, 'secret')).status).toBe(200);
  });

  it('does not count requests without credentials', async () => {
    const { app } = testApp({ apiToken: 'secret', webhookCredentials });
    for (let attempt = 0; attempt < 20; attempt += 1) await request(app)[method](path);
    expect((await send(app, 'secret')).status).toBe(200);
  });
});

it('the platform answers 429 with Retry-After to guesses', async () => {
  const platform = await fastPlatform();
  const send = (secret: string) =>
    request(platform.url).get(`/v1/users/${ACCOUNT.userId}/calls`).auth(ACCOUNT.token, secret);
  for (let guess = 0; guess < 10; guess += 1) expect((await send('guess')).status).toBe(401);
  const { status, headers, body } = await send('guess');
  expect([status, body.category, body.code]).toEqual([429, 'limit', 'too-many-failures']);
  expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  expect(headers['x-ratelimit-reset']).toMatch(/^\d{13}$/);
  expect((await send(ACCOUNT.secret)).status).toBe(429);
  await platform.close();
});
