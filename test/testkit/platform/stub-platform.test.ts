/**
 * Checks that the stub finds faults: a naive webhook server makes the mistakes of old sample apps, and a
 * careful one makes none.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  NO_FAULTS,
  createStubPlatform,
  LINE,
  outcomeOf,
  type Faults,
  type Script,
  type StubPlatform,
} from '../../../src/testkit/platform';
import { until } from '../../helpers/until';

type Event = Record<'eventType' | 'callId' | 'to' | 'tag' | 'status', string>;
type Api = (method: string, path: string, body?: unknown) => Promise<Response>;
type Handle = (event: Event, api: Api, callbackUrl: string) => Promise<unknown>;

/** The parties talk for longer than a slow machine needs for two commands. */
const answers: Script = { farEnd: 'answer', farEndAfterMs: 10, endsBy: 'caller', talkMs: 1_000 };
/** Timeout of the client, for faults without a reply. */
const PATIENCE_MS = 1_000;
const idOf = (reply: Response): string => reply.headers.get('location')?.split('/').pop() ?? '';

const dial = (event: Event, api: Api, callbackUrl: string): Promise<Response> =>
  api('POST', 'calls', { from: LINE, to: event.to, callbackUrl, callTimeout: 1, tag: event.callId });

/** Answers and bridges on the callee's answer, keeps no state, and ends no leg. */
const naive: Handle = async (event, api, callbackUrl) => {
  if (event.eventType === 'incomingcall') return dial(event, api, callbackUrl);
  if (event.eventType !== 'answer' || !event.tag) return undefined;
  await api('POST', `calls/${event.tag}`, { state: 'active' });
  return api('POST', 'bridges', { callIds: [event.tag, event.callId] });
};

/** The same in the wrong order, so that the caller always rings when it is bridged. */
const hasty: Handle = async (event, api, callbackUrl) => {
  if (event.eventType === 'incomingcall') return dial(event, api, callbackUrl);
  if (event.eventType !== 'answer' || !event.tag) return undefined;
  await api('POST', 'bridges', { callIds: [event.tag, event.callId] });
  return api('POST', `calls/${event.tag}`, { state: 'active' });
};

/** Waits for the caller's answer event, and ends the partner of an ended leg. */
function createCareful(): Handle {
  const callees = new Map<string, string>();
  return async (event, api, callbackUrl) => {
    const { eventType, callId, tag } = event;
    if (eventType === 'incomingcall') return dial(event, api, callbackUrl);
    if (tag) callees.set(tag, callId);
    if (eventType === 'answer' && tag) return api('POST', `calls/${tag}`, { state: 'active' });
    if (eventType === 'answer') return api('POST', 'bridges', { callIds: [callId, callees.get(callId)] });
    if (eventType !== 'hangup') return undefined;
    const partner = tag ?? callees.get(callId);
    if (!partner) return undefined;
    const reply = await api(
      'POST',
      `calls/${partner}`,
      tag ? { state: 'rejected', cause: 'USER_BUSY' } : { state: 'completed' },
    );
    return reply.status === 400 ? api('POST', `calls/${partner}`, { state: 'completed' }) : reply;
  };
}

const open: (StubPlatform | Server)[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) {
    if ('closeAllConnections' in each) each.closeAllConnections();
    await Promise.resolve(each.close());
  }
});

async function play(handle: Handle, faults: Partial<Faults> = {}): Promise<StubPlatform> {
  const stub = createStubPlatform({ seed: 9, faults: { ...NO_FAULTS, ...faults }, patienceMs: 20_000 });
  await stub.start();
  const api: Api = (method, path, body) => callApi(stub, method, path, body);
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      res.end();
      const event = JSON.parse(Buffer.concat(chunks).toString()) as Event;
      handle(event, api, `http://${req.headers.host ?? ''}/`).catch(() => undefined);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stub.setIncomingCallUrl(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  open.push(stub, server);
  return stub;
}

function callApi({ url, user }: StubPlatform, method: string, path: string, body?: unknown): Promise<Response> {
  const authorization = `Basic ${Buffer.from(`${user.token}:${user.secret}`).toString('base64')}`;
  const payload = body === undefined ? {} : { body: JSON.stringify(body) };
  return fetch(`${url}/v1/users/${user.id}/${path}`, {
    method,
    headers: { authorization },
    signal: AbortSignal.timeout(PATIENCE_MS),
    ...payload,
  });
}

const violationsOf = (stub: StubPlatform): string[] => stub.report().violations.map(({ text }) => text);

describe('the stub finds', () => {
  it('a bridged ringing leg, and a leg that stays after its partner has hung up', async () => {
    const stub = await play(hasty);
    stub.dialFromPhone(answers);
    await until(() => {
      expect(violationsOf(stub)).toContainEqual(expect.stringMatching(/^bridged a ringing leg: caller/));
      expect(stub.report().orphans.map((leg) => leg.role)).toEqual(['callee']);
    });
    expect(stub.isQuiet()).toBe(false);
  });

  it.each(['busy', 'reject', 'no-answer', 'unallocated'] as const)('a caller left ringing: %s', async (farEnd) => {
    const stub = await play(naive);
    const { legs } = stub.dialFromPstn({ ...answers, farEnd });
    const ends = () => legs.map(({ role, state }) => `${role} ${state}`);
    await until(() => expect(ends()).toEqual(['caller ringing', 'callee ended']));
    expect(stub.report().orphans.map((leg) => leg.role)).toEqual(['caller']);
  });

  it('two dials after a repeated incomingcall, and two bridges after a repeated answer', async () => {
    const stub = await play(naive, { events: { duplicated: 1 } });
    stub.dialFromPhone(answers);
    await until(() =>
      expect(violationsOf(stub)).toEqual(
        expect.arrayContaining(['two dials for one call', 'two bridges for one pair']),
      ),
    );
  });

  it('an early answer of the caller', async () => {
    const stub = await play(async ({ eventType, callId }, api) => {
      if (eventType === 'incomingcall') await api('POST', `calls/${callId}`, { state: 'active' });
    });
    stub.dialFromPstn(answers);
    await until(() => expect(violationsOf(stub)).toEqual([expect.stringMatching(/^early answer/)]));
  });

  it('no fault of a careful server', async () => {
    const stub = await play(createCareful());
    const happy = stub.dialFromPhone(answers);
    const busy = stub.dialFromPstn({ ...answers, farEnd: 'busy' });
    const impatient = stub.dialFromPhone({ ...answers, farEndAfterMs: 20_000, callerGivesUpAfterMs: 40 });
    await until(() => {
      expect([happy, busy, impatient].map((scenario) => stub.isOver(scenario))).toEqual([true, true, true]);
      expect(stub.isQuiet()).toBe(true);
    });
    const report = stub.report();
    expect([happy, busy, impatient].map(outcomeOf)).toEqual(['bridged', 'rejected', 'caller gave up']);
    expect([report.violations, report.strays]).toEqual([[], []]);
    expect(report.orphans.map((leg) => report.ladder(leg.scenario))).toEqual([]);
  });
});

describe('a sentence', () => {
  it('is spoken, and reported when it is spoken twice', async () => {
    const stub = await play(async ({ eventType, status, callId }, api) => {
      if (eventType === 'answer') await api('POST', `calls/${callId}/audio`, { sentence: 'Hello', tag: 'hi' });
      if (status === 'started') await api('POST', `calls/${callId}/audio`, { sentence: 'Hello again', tag: 'hi' });
      if (status === 'done') await api('POST', `calls/${callId}`, { state: 'completed' });
    });
    const scenario = stub.expectDial(answers);
    await callApi(stub, 'POST', 'calls', { from: LINE, to: scenario.dials, callbackUrl: 'http://127.0.0.1:1/' });
    const [callee] = scenario.legs;
    if (!callee) throw new Error('nobody was dialled');
    await until(() => expect(callee.state).toBe('active'));
    expect((await callApi(stub, 'POST', `calls/${callee.id}/audio`, { sentence: 'One' })).status).toBe(200);
    expect((await callApi(stub, 'POST', `calls/${callee.id}/audio`, { sentence: 'Two' })).status).toBe(200);
    await until(() => expect(outcomeOf(scenario)).toBe('spoken'));
    expect(violationsOf(stub)).toEqual(['spoken twice']);
  });
});

describe('a command', () => {
  const cases = [
    { fault: '429', status: 429, effect: false },
    { fault: '403 call-rate-limit', status: 403, effect: false },
    { fault: '503 unavailable', status: 503, effect: false },
    { fault: '500 with effect', status: 500, effect: true },
    { fault: 'slow reply', status: 201, effect: true },
    { fault: 'reply lost after effect', status: undefined, effect: true },
    { fault: 'hang after effect', status: undefined, effect: true },
    { fault: 'hang before effect', status: undefined, effect: false },
    { fault: 'connection reset', status: undefined, effect: false },
  ] as const;

  it.each(cases)('with the fault "$fault" gets $status and has effect: $effect', async ({ fault, status, effect }) => {
    const stub = await play(naive, { commands: { [fault]: 1 } });
    const { dials } = stub.expectDial(answers);
    const body = { from: LINE, to: dials, callbackUrl: 'http://127.0.0.1:1/', tag: 'f-1' };
    const reply = await callApi(stub, 'POST', 'calls', body).catch(() => undefined);
    expect(reply?.status).toBe(status);
    const listed = await callApi(stub, 'GET', `calls?to=${encodeURIComponent(dials ?? '')}&size=10`);
    expect(await listed.json()).toEqual(effect ? [expect.objectContaining({ tag: 'f-1', to: dials })] : []);
    if (reply?.status === 201) expect(idOf(reply)).toMatch(/^c-/);
  });
});
