/** Thousands of random requests cause no 5xx and no hang, and the platform still works. */
import fc from 'fast-check';
import { ENDPOINT, NUMBER, world, type Answer, type World } from './support/harness';

const REQUESTS = 3_000;

let w: World;
beforeAll(async () => {
  w = await world();
});
afterAll(() => w.close());

const FIELDS = [
  ['name', 'description', 'incomingCallUrl', 'callbackHttpMethod', 'autoAnswer', 'number', 'applicationId'],
  ['enabled', 'credentials', 'domainId', 'expires', 'from', 'to', 'callTimeout', 'callbackUrl', 'bridgeId', 'tag'],
  ['sipHeaders', 'state', 'transferTo', 'whisperAudio', 'sentence', 'fileUrl', 'voice', 'locale', 'loopEnabled'],
  ['volume', 'dtmfOut', 'maxDigits', 'prompt', 'callIds', 'bridgeAudio', 'digits', 'sipUri', 'behaviour', 'page'],
  ['size', 'sortOrder', 'quantity', 'areaCode', 'pattern', 'zip', 'giveUpAfterMs', 'hangUpAfterMs', '__proto__'],
].flat();

/** Property names of every plain object, used as names, values, path segments and query keys. */
const INHERITED = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'];

const PLAUSIBLE = [
  ...[NUMBER, ENDPOINT, '+15550000001', '+15550000005', 'sip:a@b', 'active', 'completed', 'rejected', 'transferring'],
  ...['http://127.0.0.1:9/', 'true', 'false', '', '1', '-1', '99999999999', 'GET', 'asc', 'Kate', 'en_US', '*#', '919'],
];

const value = fc.oneof(
  fc.constantFrom<unknown>(...PLAUSIBLE, ...INHERITED, true, false, null, 0, 1, 300, {}, [], { password: 'abc123' }),
  fc.constant('live call').map(() => ids[0] ?? ''),
  fc.anything({ maxDepth: 2 }),
  fc.string({ unit: 'binary' }),
);
const body = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.dictionary(fc.constantFrom(...FIELDS, ...INHERITED), value, { maxKeys: 6 }).map(stringify),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
);
const query = fc.dictionary(
  fc.constantFrom(...FIELDS, ...INHERITED, 'callId'),
  fc.oneof(fc.constantFrom(...PLAUSIBLE, ...INHERITED), fc.string()),
  {
    maxKeys: 3,
  },
);
/** Ids of existing resources, for valid paths. */
let ids: string[] = [];
const segment = fc.oneof(
  fc.constantFrom('applications', 'phoneNumbers', 'domains', 'endpoints', 'calls', 'bridges', 'errors', 'tokens'),
  fc.constantFrom('audio', 'dtmf', 'gather', 'events', 'recordings', 'phones', 'local', 'tollFree', 'id', 'id', 'id'),
  fc.constantFrom(...INHERITED),
  fc.string({ maxLength: 8 }).map(encodeURIComponent),
);
const base = fc.constantFrom('/../v1/users/u-test/', '/', '/../v1/availableNumbers/', '/../v1/users/');
const method = fc.constantFrom('GET', 'POST', 'DELETE', 'POST', 'PUT', 'PATCH');

function stringify(fields: unknown): string {
  try {
    return JSON.stringify(fields, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part));
  } catch {
    return '{}';
  }
}

it(`${REQUESTS} random requests`, async () => {
  let count = 0;
  const statuses = new Map<number, number>();
  const request = fc.tuple(method, base, fc.array(segment, { minLength: 1, maxLength: 4 }), query, body, fc.nat());
  await fc.assert(
    fc.asyncProperty(request, async ([verb, prefix, segments, parameters, text, which]) => {
      if (count % 50 === 0) {
        const id = await w.dial('+15550000002', { callbackUrl: undefined, callTimeout: 5 }).catch(() => '');
        ids = [id, w.endpointId, w.domainId, w.applicationId, encodeURIComponent(NUMBER)];
      }
      count += 1;
      const path = segments.map((part) => (part === 'id' ? ids[which % ids.length] : part)).join('/');
      const search = new URLSearchParams(parameters).toString();
      // Recreates the resources. Otherwise the rest would only get 404.
      const harmless = verb !== 'DELETE' || which % 20 === 0;
      const answer: Answer = await w.sandbox.send(
        harmless ? verb : 'GET',
        `${prefix}${path}?${search}`,
        harmless && verb !== 'GET' ? text : undefined,
      );
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      if (answer.status >= 500 || answer.status === 204) throw new Error(`${answer.status} ${answer.text}`);
      if (answer.status >= 400)
        expect(answer.body).toMatchObject({ category: expect.any(String), code: expect.any(String) });
    }),
    { numRuns: REQUESTS, endOnFailure: true },
  );
  expect(w.platform.internalErrors.total).toBe(0);
  // A random body is rarely valid, so not every run has a 201.
  expect([...statuses.keys()].sort()).toEqual(expect.arrayContaining([200, 400, 404]));
  const { status, body: found } = await w.v1.get('/calls');
  expect([status, Array.isArray(found)]).toEqual([200, true]);
}, 120_000);
