/** The OpenAPI 3.1 document of Tandem's own API, made from the zod schemas that it is checked with. */
import { z } from 'zod';
import { callFilter, callList, callView, leg, newCall, problem, timelineEntry } from './schemas';

const components = {
  NewCall: newCall,
  Call: callView,
  CallList: callList,
  Leg: leg,
  TimelineEntry: timelineEntry,
  Problem: problem,
};

/** zod's JSON Schema is draft 2020-12, which is what OpenAPI 3.1 embeds. */
function schemas(): Record<string, unknown> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(components)) registry.add(schema, { id });
  const found = z.toJSONSchema(registry, { uri: (id) => `#/components/schemas/${id}`, io: 'input' }).schemas;
  // Inside a document a schema is known by its place; the dialect is that of OpenAPI 3.1.
  return Object.fromEntries(
    Object.entries(found).map(([id, { $id: _id, $schema: _dialect, ...schema }]) => [id, schema]),
  );
}

const ref = (name: keyof typeof components) => ({ $ref: `#/components/schemas/${name}` });
const json = (name: keyof typeof components, description: string) => ({
  description,
  content: { 'application/json': { schema: ref(name) } },
});
const failure = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: ref('Problem') } },
});
/** Of every operation. */
const refusals = {
  401: failure('The bearer token is missing or wrong'),
  403: failure('A request of a web page whose origin is not allowed, or to an unknown Host'),
  429: failure('Too many wrong credentials came from this address; Retry-After has the seconds to wait'),
};
const id = { name: 'id', in: 'path', required: true, schema: { type: 'string' } };

const location = { Location: { schema: { type: 'string' } } };
const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'Makes the request safe to repeat: the same key and body answer the first call with 200. Kept as long as the call is.',
  schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x20-\\x7e]+$' },
};

let document: object | undefined;

export function openApiDocument(): object {
  return (document ??= build());
}

function build(): object {
  const { properties } = z.toJSONSchema(callFilter, { io: 'input' });
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tandem',
      version: '1',
      description: 'Calls that Tandem has bridged or is bridging, and spoken calls to start.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }],
    paths: {
      '/calls': {
        post: {
          operationId: 'speak',
          summary: 'Calls somebody, speaks a sentence, and hangs up',
          parameters: [idempotencyKey],
          requestBody: { required: true, content: { 'application/json': { schema: ref('NewCall') } } },
          responses: {
            200: {
              ...json('Call', 'The call that an earlier request with this Idempotency-Key started, as it is now'),
              headers: location,
            },
            201: { ...json('Call', 'Dialling'), headers: location },
            400: failure('The body is not valid; detail names the field'),
            ...refusals,
            413: failure('The body is larger than 64 KiB'),
            415: failure('The Content-Type is not JSON, or the encoding is unknown'),
            422: failure('The Idempotency-Key was used with another body'),
            503: failure(
              'The server is shutting down (code draining), or its storage is unavailable. With the code call-may-be-placed ' +
                'the call may still be placed: repeat the request with the same Idempotency-Key, which starts at most one call',
            ),
          },
        },
        get: {
          operationId: 'listCalls',
          summary: 'Calls, newest first',
          parameters: Object.entries(properties ?? {}).map(([name, schema]) => ({ name, in: 'query', schema })),
          responses: {
            200: json('CallList', 'Calls'),
            400: failure('A parameter is not valid'),
            ...refusals,
          },
        },
      },
      '/calls/{id}': {
        parameters: [id],
        get: {
          operationId: 'getCall',
          summary: 'One call, with its legs and its timeline',
          responses: {
            200: json('Call', 'The call'),
            ...refusals,
            404: failure('There is no such call'),
          },
        },
        delete: {
          operationId: 'endCall',
          summary: 'Ends a call and all its legs',
          responses: {
            202: json('Call', 'Ending, or ended before'),
            ...refusals,
            404: failure('There is no such call'),
          },
        },
      },
    },
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      schemas: schemas(),
    },
  };
}
