import { readFileSync } from 'node:fs';
import request from 'supertest';
import { createAuthLimit } from '../../src/http/auth/auth-limit';
import { apiRoutes } from '../../src/api/routes';
import { openApiDocument } from '../../src/api/openapi';
import { REASONS } from '../../src/flows/flow';
import { VOICES } from '../../src/v1-wire/commands';
import { PLAN, testApp } from '../helpers/builders';

type Json = Record<string, unknown>;
interface Operation {
  operationId: string;
  parameters?: { name: string; in: string; schema: Json }[];
  responses: Record<string, { description: string; content?: Record<string, { schema: Json }> }>;
}

const document = openApiDocument() as {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Json>; securitySchemes: Json };
} & Json;

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/** Every object in the document, with its place. */
function* objectsOf(value: unknown, place = '#'): Generator<[string, Json]> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield [place, value as Json];
  for (const [name, child] of Object.entries(value)) yield* objectsOf(child, `${place}/${name}`);
}

function resolve(pointer: string): unknown {
  if (!pointer.startsWith('#/')) return undefined;
  return pointer
    .slice(2)
    .split('/')
    .map((part) => decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((value, name) => (value as Json | undefined)?.[name], document);
}

const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  METHODS.flatMap((method) => (item[method] ? [{ path, method, operation: item[method] }] : [])),
);

describe('the OpenAPI document', () => {
  it('is served as it was made', async () => {
    const { status, type, body } = await request(testApp().app).get('/openapi.json');
    expect([status, type]).toEqual([200, 'application/json']);
    expect(body).toEqual(JSON.parse(JSON.stringify(document)));
  });

  it('has what OpenAPI 3.1 demands', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(document['info']).toMatchObject({ title: expect.any(String), version: expect.any(String) });
    for (const { operation } of operations) {
      expect(Object.keys(operation.responses).length).toBeGreaterThan(0);
      for (const [status, response] of Object.entries(operation.responses)) {
        expect(status).toMatch(/^[1-5]\d\d$/);
        expect(response.description).not.toBe('');
      }
    }
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const name of Object.keys(document.components.schemas)) expect(name).toMatch(/^[\w.-]+$/);
    for (const requirement of document['security'] as Json[]) {
      expect(document.components.securitySchemes).toHaveProperty(Object.keys(requirement));
    }
  });

  it('names every parameter of its paths', () => {
    for (const { path, operation } of operations) {
      const shared = (document.paths[path]?.['parameters'] ?? []) as unknown as { name: string; in: string }[];
      const named = [...shared, ...(operation.parameters ?? [])].filter((p) => p.in === 'path').map((p) => p.name);
      expect(named).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
    }
  });

  // The schemas of Leg and TimelineEntry end up in "__shared", which is no schema, and are referred to as
  // "#/components/schemas/__shared#/$defs/Leg", which is no JSON pointer.
  it('has nothing but references that resolve to schemas', () => {
    const references = [...objectsOf(document)].flatMap(([place, { $ref }]) =>
      $ref === undefined ? [] : [[place, $ref]],
    );
    expect(references.length).toBeGreaterThan(5);
    const broken = references.filter(([, pointer]) => typeof pointer !== 'string' || resolve(pointer) === undefined);
    expect(broken).toEqual([]);
  });

  it('has no schema that is none', () => {
    expect(Object.keys(document.components.schemas).sort()).toEqual(
      expect.not.arrayContaining([expect.stringMatching(/^_/)]),
    );
    for (const schema of Object.values(document.components.schemas)) expect(schema['type']).toBe('object');
  });

  // JSON Schema 2020-12, 8.2.1: "$id" must not contain a non-empty fragment.
  it('gives no schema an $id that is a fragment', () => {
    const wrong = [...objectsOf(document)].filter(([, { $id }]) => typeof $id === 'string' && $id.includes('#'));
    expect(wrong.map(([place]) => place)).toEqual([]);
  });

  it('says what a new call needs, and what it may have', () => {
    expect(document.components.schemas['NewCall']).toMatchObject({
      required: ['to', 'sentence'],
      additionalProperties: false,
      properties: { sentence: { maxLength: 1_000 }, gender: { enum: ['female', 'male'] } },
    });
    const properties = document.components.schemas['NewCall']?.['properties'] as Json;
    expect(Object.keys(properties).sort()).toEqual(['from', 'gender', 'locale', 'sentence', 'to', 'voice']);
    expect(VOICES.length).toBeGreaterThan(0);
  });

  it('types every parameter', () => {
    const parameters = operations.flatMap(({ operation }) => operation.parameters ?? []);
    expect(parameters.map(({ name }) => name)).toEqual(['phase', 'kind', 'limit', 'Idempotency-Key']);
    for (const { schema } of parameters) expect(schema).toHaveProperty('type');
  });

  it('has exactly the routes that exist', () => {
    const { engine, store, log } = testApp();
    const router = apiRoutes({
      engine,
      store,
      plan: PLAN,
      token: undefined,
      authLimit: createAuthLimit({ realm: 'api', log }),
    });
    const existing = router.stack.flatMap(({ route }) =>
      route ? [...new Set(route.stack.map(({ method }) => `${method} ${route.path.replace(/:(\w+)/g, '{$1}')}`))] : [],
    );
    const documented = operations.map(({ method, path }) => `${method} ${path}`);
    expect(existing.filter((name) => name !== 'get /openapi.json').sort()).toEqual(documented.sort());
  });

  it('documents each status that the real API answers, with its content type', async () => {
    const token = 'sesame';
    const { app, engine } = testApp({ apiToken: token });
    const speech = { to: 'jsmith_mobile', sentence: 'Hi' };
    const begun = await request(app).post('/calls').set('authorization', `Bearer ${token}`).send(speech);
    const id = begun.body.id as string;
    const seen = [{ key: 'post /calls', answer: begun }];
    const send = async (method: 'get' | 'post' | 'delete', path: string, body?: object, authorized = true) => {
      const send = request(app)[method](path);
      if (authorized) void send.set('authorization', `Bearer ${token}`);
      const answer = await (body ? send.send(body) : send);
      const [, , one] = path.split(/[/?]/);
      seen.push({ key: `${method} ${one === undefined || path.includes('?') ? '/calls' : '/calls/{id}'}`, answer });
    };
    for (const sentence of ['Hi', 'Hi', 'Ho']) {
      const keyed = request(app).post('/calls').set('authorization', `Bearer ${token}`).set('idempotency-key', 'k');
      seen.push({ key: 'post /calls', answer: await keyed.send({ ...speech, sentence }) });
    }
    await send('post', '/calls', {});
    await send('post', '/calls', speech, false);
    await send('get', '/calls');
    await send('get', '/calls?limit=x');
    await send('get', '/calls', undefined, false);
    await send('get', `/calls/${id}`);
    await send('get', '/calls/none');
    await send('get', '/calls/none', undefined, false);
    await send('delete', `/calls/${id}`);
    await send('delete', '/calls/none');
    await send('delete', '/calls/none', undefined, false);
    await send('post', '/calls', { ...speech, sentence: 'x'.repeat(65_536) });
    const encoded = request(app).post('/calls').set('authorization', `Bearer ${token}`).set('content-encoding', 'x');
    seen.push({ key: 'post /calls', answer: await encoded.send('{}') });
    const page = { 'sec-fetch-site': 'cross-site' };
    const foreign = { host: 'evil.example', authorization: `Bearer ${token}` };
    seen.push({ key: 'post /calls', answer: await request(app).post('/calls').set(page).send(speech) });
    seen.push({ key: 'delete /calls/{id}', answer: await request(app).delete('/calls/none').set(page) });
    seen.push({ key: 'get /calls', answer: await request(app).get('/calls').set(foreign) });
    seen.push({ key: 'get /calls/{id}', answer: await request(app).get('/calls/none').set(foreign) });
    const guess = (method: 'get' | 'post' | 'delete', path: string) =>
      request(app)[method](path).auth('wrong', { type: 'bearer' });
    for (let failures = 0; failures < 10; failures += 1) await guess('get', '/calls');
    seen.push({ key: 'get /calls', answer: await guess('get', '/calls') });
    seen.push({ key: 'post /calls', answer: await guess('post', '/calls') });
    seen.push({ key: 'get /calls/{id}', answer: await guess('get', '/calls/none') });
    seen.push({ key: 'delete /calls/{id}', answer: await guess('delete', '/calls/none') });
    engine.drain();
    await send('post', '/calls', speech);

    const told = new Set<string>();
    for (const { key, answer } of seen) {
      const [method = '', path = ''] = key.split(' ');
      const response = document.paths[path]?.[method]?.responses[answer.status];
      expect([key, answer.status, Object.keys(response?.content ?? {})]).toEqual([key, answer.status, [answer.type]]);
      told.add(`${key} ${answer.status}`);
    }
    const all = operations.flatMap(({ method, path, operation }) =>
      Object.keys(operation.responses).map((status) => `${method} ${path} ${status}`),
    );
    expect([...told].sort()).toEqual(all.sort());
  });
});

it('docs/api.md lists every reason, and the document has them as a closed set', () => {
  const section = readFileSync('docs/api.md', 'utf8')
    .split(/^## /m)
    .find((text) => text.startsWith('Why a call ended'));
  const listed = [...(section ?? '').matchAll(/^\| `([a-z-]+)` /gm)].map(([, reason]) => reason);
  expect(listed.sort()).toEqual([...REASONS].sort());
  expect(resolve('#/components/schemas/Call/properties/reason')).toMatchObject({ enum: REASONS });
});
