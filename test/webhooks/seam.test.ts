/** The router with an adapter that differs from v1: it signs bodies, and one request may have several events. */
import { createHmac } from 'node:crypto';
import request from 'supertest';
import type { CallEvent } from '../../src/calls/events';
import type { WebhookAdapter } from '../../src/providers/provider';
import { createApp } from '../../src/server/app';
import { CALLEE, CALLER, PLAN, answerOf, offerOf, testEngine, willingControl } from '../helpers/builders';

const PATH = '/webhooks/signed';
const SECRET = 'a secret';
const signatureOf = (body: Buffer | string): string => createHmac('sha256', SECRET).update(body).digest('hex');

const adapter: WebhookAdapter = {
  path: PATH,
  methods: ['POST'],
  open: false,
  signsBody: true,
  challenge: 'Signature',
  verify({ headers, body }) {
    const given = headers['x-signature'];
    return given === undefined ? undefined : given === signatureOf(body);
  },
  parse: ({ body }) => ({ type: 'events', events: JSON.parse(body.toString()) as CallEvent[] }),
};

function signedApp() {
  const parts = testEngine({ control: willingControl() });
  const origins = { own: [], allowed: [] };
  const app = createApp({ ...parts, plan: PLAN, provider: { webhook: adapter }, apiToken: undefined, origins });
  const post = (body: string, headers: Record<string, string>) =>
    request(app)
      .post(PATH)
      .set({ 'content-type': 'application/json', ...headers })
      .send(body);
  return { ...parts, app, post };
}

it('takes in every event of a signed request, in order', async () => {
  const { post, store, control } = signedApp();
  const body = JSON.stringify([offerOf(), answerOf(CALLEE, { correlation: CALLER })]);
  expect((await post(body, { 'x-signature': signatureOf(body) })).status).toBe(200);
  expect(control.names()).toEqual(['dial', 'answer']);
  expect(await store.get(CALLER)).toMatchObject({ phase: 'answering' });
});

it.each([
  ['no signature', {}],
  ['the signature of other bytes', { 'x-signature': signatureOf('[ ]') }],
])('refuses a request with %s', async (_, headers) => {
  const { post, control } = signedApp();
  const { status, headers: reply } = await post(JSON.stringify([offerOf()]), headers);
  expect([status, reply['www-authenticate']]).toEqual([401, 'Signature']);
  expect(control.asked).toEqual([]);
});

it('knows no other webhook path', async () => {
  const { app } = signedApp();
  expect((await request(app).post('/webhooks/voice').set('x-signature', signatureOf('')).send()).status).toBe(404);
});
