import { createV1Client } from '../../../src/providers/bandwidth-v1/client';
import { RefusedError, ReplyLostError, UnreachableError } from '../../../src/providers/errors';
import type { ApiHttp, ApiReply } from '../../../src/providers/bandwidth-v1/http';

type Answer = Partial<ApiReply> | Error;

/** A client whose requests are answered from a list, and which waits no time. */
function played(...answers: Answer[]) {
  const sent: { request: string; body: unknown }[] = [];
  const waits: number[] = [];
  const http: ApiHttp = {
    userPath: (path) => `/users/u-1${path}`,
    send(method, path, body) {
      sent.push({ request: `${method} ${path}`, body });
      const answer = answers.shift();
      if (answer === undefined) return Promise.reject(new Error(`nothing is planned for ${method} ${path}`));
      if (answer instanceof Error) return Promise.reject(answer);
      return Promise.resolve({ status: 200, location: undefined, hasNext: false, body: undefined, ...answer });
    },
    close: () => undefined,
  };
  const client = createV1Client({
    http,
    callbackUrl: () => 'http://tandem/webhooks/voice',
    wait: (ms) => (waits.push(ms), Promise.resolve()),
  });
  return { client, sent, waits, requests: () => sent.map(({ request }) => request), left: answers };
}

const signal = new AbortController().signal;
const DIAL = { from: '+1555444333', to: '+15552223333', callTimeout: 30, tag: 'c-caller' };
const SOUGHT = { ...DIAL, since: 1_700_000_000_000 };
const FIND = '/users/u-1/calls?from=%2B1555444333&to=%2B15552223333&size=50&sortOrder=desc';
const refused = (status: number, code = 'x') => new RefusedError(status, code, 'c', 'm');
const lost = () => new ReplyLostError('lost');
const call = (id: string, state: string, tag: string | null = 'c-caller') => ({ id, state, tag, bridgeId: null });

describe('creating a call', () => {
  it('sends everything that dials, and takes the id from the Location', async () => {
    const { client, sent } = played({ status: 201, location: 'https://api/v1/users/u-1/calls/c-new' });
    expect(await client.createCall(DIAL, signal)).toBe('c-new');
    expect(sent).toEqual([
      { request: 'POST /users/u-1/calls', body: { ...DIAL, callbackUrl: 'http://tandem/webhooks/voice' } },
    ]);
  });

  it('is never repeated after a lost reply', async () => {
    const { client, requests } = played(lost());
    await expect(client.createCall(DIAL, signal)).rejects.toBeInstanceOf(ReplyLostError);
    expect(requests()).toEqual(['POST /users/u-1/calls']);
  });

  it('whose reply has no Location counts as lost', async () => {
    const { client, requests } = played({ status: 201 });
    await expect(client.createCall(DIAL, signal)).rejects.toBeInstanceOf(ReplyLostError);
    expect(requests()).toHaveLength(1);
  });

  it('is not sent again after a final refusal', async () => {
    const { client, requests } = played(refused(403, 'number-access-denied'));
    await expect(client.createCall(DIAL, signal)).rejects.toMatchObject({ code: 'number-access-denied' });
    expect(requests()).toHaveLength(1);
  });

  it.each([
    ['409', refused(409)],
    ['429', refused(429)],
    ['403 call-rate-limit', refused(403, 'call-rate-limit')],
    ['an unreachable platform', new UnreachableError('x')],
  ])('is sent again after %s, without a look', async (_, error) => {
    const { client, requests } = played(error, { location: '/calls/c-new' });
    expect(await client.createCall(DIAL, signal)).toBe('c-new');
    expect(requests()).toEqual(['POST /users/u-1/calls', 'POST /users/u-1/calls']);
  });

  it('looks first after a 503, and dials again where nothing rings', async () => {
    const { client, requests } = played(refused(503), { body: [] }, { location: '/calls/c-new' });
    expect(await client.createCall(DIAL, signal)).toBe('c-new');
    expect(requests()).toEqual(['POST /users/u-1/calls', `GET ${FIND}`, 'POST /users/u-1/calls']);
  });

  it('takes the call that is there after a 503', async () => {
    const others = [call('c-other', 'active', 'c-somebody'), call('c-untagged', 'active', null)];
    const { client, requests } = played(refused(503), { body: [...others, call('c-there', 'started')] });
    expect(await client.createCall(DIAL, signal)).toBe('c-there');
    expect(requests()).toEqual(['POST /users/u-1/calls', `GET ${FIND}`]);
  });

  it('looks before each further try after a 503', async () => {
    const { client, requests } = played(refused(503), { body: [] }, refused(429), { body: [call('c-late', 'active')] });
    expect(await client.createCall(DIAL, signal)).toBe('c-late');
    expect(requests().filter((request) => request.startsWith('POST'))).toHaveLength(2);
  });

  it('does not dial where the look after a 503 is lost', async () => {
    const { client, requests } = played(refused(503), lost());
    await expect(client.createCall(DIAL, signal)).rejects.toBeInstanceOf(ReplyLostError);
    expect(requests().filter((request) => request.startsWith('POST'))).toHaveLength(1);
  });

  it('waits for what passes as long as it is wanted', async () => {
    const { client, requests } = played(...Array.from({ length: 30 }, () => refused(409)), { location: '/c-1' });
    await expect(client.createCall(DIAL, signal)).resolves.toBe('c-1');
    expect(requests()).toHaveLength(31);
  });

  it('spaces out the calls of a number that the platform found too fast', async () => {
    const { client, waits } = played(refused(403, 'call-rate-limit'), { location: '/c-1' }, { location: '/c-2' });
    await client.createCall(DIAL, signal);
    const [backoff, turn] = waits;
    expect(waits).toHaveLength(2);
    expect(backoff).toBeGreaterThanOrEqual(75);
    expect(turn).toBeGreaterThan(50);
    expect(turn).toBeLessThanOrEqual(100);
    await client.createCall(DIAL, signal);
    expect(waits).toHaveLength(3);
  });

  it('sends nothing that is not wanted', async () => {
    const { client, sent } = played();
    await expect(client.createCall(DIAL, AbortSignal.abort())).rejects.toMatchObject({ code: 'not-wanted' });
    expect(sent).toEqual([]);
  });
});

describe('ids of Locations', () => {
  it.each([
    ['relative', '/v1/users/u-1/bridges/brg-1', 'brg-1'],
    ['absolute', 'https://api.example.com/v1/users/u-1/bridges/brg-1', 'brg-1'],
    ['under /calls, as in the tutorial', '/v1/users/u-1/calls/brg-1', 'brg-1'],
    ['the id alone', 'brg-1', 'brg-1'],
    ['with a query', '/bridges/brg-1?x=/y', 'brg-1'],
    ['missing', undefined, undefined],
    ['ending in a slash', '/bridges/', undefined],
  ])('%s', async (_, location, id) => {
    const { client } = played({ status: 201, location });
    expect(await client.createBridge(['c-1', 'c-2'], signal)).toBe(id);
  });
});

describe('hanging up', () => {
  it('sends completed; rejecting sends rejected', async () => {
    const { client, sent } = played({}, {});
    await client.hangUp('c/1', signal);
    await client.rejectCall('c-2', signal);
    expect(sent).toEqual([
      { request: 'POST /users/u-1/calls/c%2F1', body: { state: 'completed' } },
      { request: 'POST /users/u-1/calls/c-2', body: { state: 'rejected' } },
    ]);
  });

  it('says why a call is rejected', async () => {
    const { client, sent } = played({});
    await client.rejectCall('c-2', signal, 'USER_BUSY');
    expect(sent[0]?.body).toEqual({ state: 'rejected', cause: 'USER_BUSY' });
  });

  it('rejects without a cause where the platform refuses the cause, and sends none from then on', async () => {
    const { client, sent } = played(refused(400), { body: call('c-2', 'started') }, {}, {});
    await client.rejectCall('c-2', signal, 'USER_BUSY');
    await client.rejectCall('c-3', signal, 'NO_ANSWER');
    expect(sent).toEqual([
      { request: 'POST /users/u-1/calls/c-2', body: { state: 'rejected', cause: 'USER_BUSY' } },
      { request: 'GET /users/u-1/calls/c-2', body: undefined },
      { request: 'POST /users/u-1/calls/c-2', body: { state: 'rejected' } },
      { request: 'POST /users/u-1/calls/c-3', body: { state: 'rejected' } },
    ]);
  });

  it('goes on sending causes where a reject is refused without one, too', async () => {
    const ringing = { body: call('c-2', 'started') };
    const { client, sent } = played(refused(400), ringing, refused(400), ringing, {});
    await expect(client.rejectCall('c-2', signal, 'USER_BUSY')).rejects.toMatchObject({ status: 400 });
    await client.rejectCall('c-3', signal, 'NO_ANSWER');
    expect(sent.at(-1)?.body).toEqual({ state: 'rejected', cause: 'NO_ANSWER' });
  });

  it.each([
    ['403', 403, 'started'],
    ['400, and the call is up', 400, 'active'],
  ])('does not repeat a reject without its cause after %s', async (_, status, state) => {
    const { client, sent } = played(refused(status), { body: call('c-2', state) });
    await expect(client.rejectCall('c-2', signal, 'USER_BUSY')).rejects.toMatchObject({ status });
    expect(sent).toHaveLength(2);
  });

  it.each(['hangUp', 'rejectCall'] as const)('%s: a 404 counts as done, without a look', async (name) => {
    const { client, sent } = played(refused(404));
    await client[name]('c-1', signal);
    expect(sent).toHaveLength(1);
  });

  it.each(['completed', 'rejected'])('a refusal counts as done when the call is %s', async (state) => {
    for (const status of [400, 403, 409]) {
      const { client, requests } = played(refused(status), { body: call('c-1', state) });
      await client.hangUp('c-1', signal);
      expect(requests()).toEqual(['POST /users/u-1/calls/c-1', 'GET /users/u-1/calls/c-1']);
    }
  });

  it('a 409 counts as done when the platform no longer knows the call', async () => {
    const { client } = played(refused(409), refused(404));
    await expect(client.hangUp('c-1', signal)).resolves.toBeUndefined();
  });

  it.each([400, 409])('is sent again after a %i when the call is still up', async (status) => {
    const { client, requests, left } = played(refused(status), { body: call('c-1', 'active') }, {});
    await client.hangUp('c-1', signal);
    expect(requests()).toHaveLength(3);
    expect(left).toEqual([]);
  });

  it.each([
    ['503', refused(503)],
    ['429', refused(429)],
    ['a lost reply', lost()],
    ['an unreachable platform', new UnreachableError('x')],
  ])('is sent again after %s', async (_, error) => {
    const { client, requests } = played(error, {});
    await client.hangUp('c-1', signal);
    expect(requests()).toEqual(['POST /users/u-1/calls/c-1', 'POST /users/u-1/calls/c-1']);
  });

  it('is sent again where the look after a refusal gives no call, but a page of a proxy', async () => {
    const { client, requests, left } = played(refused(409), { body: '<html>' }, {});
    await client.hangUp('c-1', signal);
    expect(requests()).toHaveLength(3);
    expect(left).toEqual([]);
  });

  it('goes on for some ten minutes before it gives up', async () => {
    const { client, requests, waits } = played(...Array.from({ length: 50 }, () => refused(503)));
    await expect(client.hangUp('c-1', signal)).rejects.toMatchObject({ status: 503 });
    expect(requests()).toHaveLength(35);
    expect(waits.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(400_000);
  });

  it('rejects a ringing call that the platform refuses to complete', async () => {
    const { client, sent } = played(refused(400), { body: call('c-1', 'started') }, {});
    await client.hangUp('c-1', signal);
    expect(sent.map(({ body }) => body)).toEqual([{ state: 'completed' }, undefined, { state: 'rejected' }]);
  });

  it('a rejection of a call that is up is not forced', async () => {
    const { client, requests } = played(refused(400), { body: call('c-1', 'active') });
    await expect(client.rejectCall('c-1', signal)).rejects.toMatchObject({ status: 400 });
    expect(requests()).toHaveLength(2);
  });
});

describe('the other commands', () => {
  it('answering sends active, and is repeated after a lost reply', async () => {
    const { client, sent } = played(lost(), {});
    await client.answerCall('c-1', signal);
    expect(sent).toEqual([
      { request: 'POST /users/u-1/calls/c-1', body: { state: 'active' } },
      { request: 'POST /users/u-1/calls/c-1', body: { state: 'active' } },
    ]);
  });

  it('a bridge has both calls, and is not repeated after a lost reply', async () => {
    const { client, sent } = played(lost());
    await expect(client.createBridge(['c-1', 'c-2'], signal)).rejects.toBeInstanceOf(ReplyLostError);
    expect(sent).toEqual([{ request: 'POST /users/u-1/bridges', body: { callIds: ['c-1', 'c-2'] } }]);
  });

  it('a bridge is asked for again after a conflict', async () => {
    const { client } = played(refused(409, 'bridge-update-conflict'), { location: '/bridges/brg-1' });
    expect(await client.createBridge(['c-1', 'c-2'], signal)).toBe('brg-1');
  });

  it('a sentence is spoken once, whatever becomes of the reply', async () => {
    const { client, sent } = played(lost());
    await expect(client.speak('c-1', { sentence: 'Hi', tag: 'f-1' }, signal)).rejects.toBeInstanceOf(ReplyLostError);
    expect(sent).toEqual([{ request: 'POST /users/u-1/calls/c-1/audio', body: { sentence: 'Hi', tag: 'f-1' } }]);
  });

  it('a look shows state and bridge, and reads nothing else', async () => {
    const { client } = played({ body: { id: 'c-1', state: 'active', bridgeId: 'brg-1', recordings: 7 } });
    expect(await client.lookAtCall('c-1', signal)).toEqual({ callId: 'c-1', state: 'active', bridgeId: 'brg-1' });
  });

  it('a look at a call that nobody knows shows that it is gone', async () => {
    expect(await played(refused(404)).client.lookAtCall('c-1', signal)).toEqual({ callId: 'c-1', state: 'gone' });
  });

  it('a look is repeated after a lost reply, five times in all', async () => {
    const { client, requests } = played(...Array.from({ length: 9 }, lost));
    await expect(client.lookAtCall('c-1', signal)).rejects.toBeInstanceOf(ReplyLostError);
    expect(requests()).toHaveLength(5);
  });

  it.each(['{"id": "c-1", "st', undefined, [], { id: 'c-1' }])(
    'a look that shows no call is repeated: %j',
    async (body) => {
      const { client } = played({ body }, { body: call('c-1', 'active') });
      expect(await client.lookAtCall('c-1', signal)).toMatchObject({ state: 'active' });
    },
  );

  it('a search gives the calls of the tag, those in no known shape left out', async () => {
    const body = [call('c-1', 'active'), call('c-2', 'active', 'other'), { id: 5 }, 'x', call('c-3', 'completed')];
    const { client } = played({ body });
    expect(await client.findCalls(SOUGHT, signal)).toEqual([
      { callId: 'c-1', state: 'active', bridgeId: undefined },
      { callId: 'c-3', state: 'completed', bridgeId: undefined },
    ]);
  });

  it.each([
    ['is found among the newest', { tag: 'c-caller' }, 1],
    ['cannot be older than those', { startTime: new Date(SOUGHT.since - 121_000).toISOString() }, 1],
    ['may be older', { startTime: new Date(SOUGHT.since - 119_000).toISOString() }, 2],
    ['may be older, as no times are told', {}, 2],
  ])('a search looks further back than 50 calls only where what it looks for %s', async (_, over, looks) => {
    const others = Array.from({ length: 50 }, (__, n) => ({ ...call(`c-${n}`, 'completed', 'other'), ...over }));
    const { client, requests } = played({ body: others }, { body: [...others, call('c-there', 'active')] });
    const found = await client.findCalls(SOUGHT, signal);
    expect(requests()).toHaveLength(looks);
    if (looks === 2) expect(found).toMatchObject([{ callId: 'c-there' }]);
  });

  it('a search looks further back where the platform gives smaller pages than asked for', async () => {
    const others = [call('c-1', 'completed', 'other')];
    const { client } = played({ body: others, hasNext: true }, { body: [...others, call('c-there', 'active')] });
    expect(await client.findCalls(SOUGHT, signal)).toMatchObject([{ callId: 'c-there' }]);
  });

  it.each([{ body: 'an error page' }, { body: undefined }, { body: {} }])('no list is no result: %j', async (reply) => {
    const { client, requests } = played(...Array.from({ length: 9 }, () => reply));
    await expect(client.findCalls(SOUGHT, signal)).rejects.toBeInstanceOf(ReplyLostError);
    expect(requests()).toHaveLength(5);
  });

  it('a list after one that was cut is a result', async () => {
    const { client } = played({ body: '[{"id":' }, { body: [call('c-1', 'active')] });
    expect(await client.findCalls(SOUGHT, signal)).toHaveLength(1);
  });
});

describe('what is up', () => {
  const listed = (n: number, over: object = {}) => ({
    id: `c-${n}`,
    direction: 'out',
    state: 'active',
    from: '+1555444333',
    to: '+15552223333',
    tag: 'c-caller',
    startTime: new Date().toISOString(),
    ...over,
  });
  const HOUR_MS = 3_600_000;

  it('is what rings or talks, with what tells whose it is', async () => {
    const { client, requests } = played({
      body: [
        listed(1, { state: 'completed' }),
        listed(2, { callbackUrl: 'http://tandem/webhooks/voice', bridgeId: 'brg-1' }),
        listed(3, { direction: 'in', state: 'started', tag: null }),
        { id: 'c-4' },
      ],
    });
    const common = { from: '+1555444333', to: '+15552223333' };
    expect(await client.liveCalls(HOUR_MS, signal)).toEqual([
      {
        ...common,
        id: 'c-2',
        state: 'active',
        direction: 'out',
        tag: 'c-caller',
        bridgeId: 'brg-1',
        callbackUrl: 'http://tandem/webhooks/voice',
      },
      { ...common, id: 'c-3', state: 'started', direction: 'in' },
    ]);
    expect(requests()).toEqual(['GET /users/u-1/calls?page=0&size=1000&sortOrder=desc']);
  });

  it.each([
    ['until a page is not full', {}, 2],
    ['and no further than calls can be old', { startTime: new Date(Date.now() - 2 * HOUR_MS).toISOString() }, 1],
  ])('is looked through page by page, %s', async (_, over, pages) => {
    const full = Array.from({ length: 1_000 }, (__, n) => listed(n, over));
    const { client, requests } = played({ body: full }, { body: [listed(1_000)] });
    expect(await client.liveCalls(HOUR_MS, signal)).toHaveLength(pages === 2 ? 1_001 : 1_000);
    expect(requests()).toHaveLength(pages);
  });

  it('says of a caller whether somebody was dialled for it, though that call is over', async () => {
    const callers = [1, 2].map((n) => listed(n, { direction: 'in', tag: null }));
    const { client } = played(
      { body: [listed(3, { state: 'completed', tag: 'c-1' })], hasNext: true },
      { body: callers },
    );
    const seen = await client.liveCalls(HOUR_MS, signal);
    expect(seen.map(({ id, dialledFor }) => [id, dialledFor])).toEqual([
      ['c-1', true],
      ['c-2', undefined],
    ]);
  });

  it('is looked through to the last page of a platform that gives smaller pages than asked for', async () => {
    const { client, requests } = played(
      { body: [listed(0)], hasNext: true },
      { body: [listed(1)], hasNext: true },
      { body: [listed(2)] },
    );
    expect(await client.liveCalls(HOUR_MS, signal)).toHaveLength(3);
    expect(requests()[2]).toBe('GET /users/u-1/calls?page=2&size=1000&sortOrder=desc');
  });
});
