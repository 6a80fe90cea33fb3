import { RefusedError, ReplyLostError, UnreachableError } from '../../src/providers/bandwidth-v1/errors';
import { StoreUnavailableError } from '../../src/store/errors';
import { createMemoryStore } from '../../src/store/memory-store';
import type { FlowStore } from '../../src/store/store';
import {
  CALLEE,
  CALLER,
  ENDPOINT,
  NUMBER,
  PSTN,
  answerOf,
  fakeClient,
  flush,
  hangupOf,
  incomingCall,
  speakOf,
  testEngine,
  willingClient,
  type TestEngine,
} from '../helpers/builders';

const SPEECH = { id: 'f-1', from: NUMBER, to: ENDPOINT, callTimeout: 30, speech: { sentence: 'Hi' } };

/** Whether a promise has settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.finally(() => (settled = true));
  await flush();
  return settled;
}

/** Both legs up, and bridged. */
async function bridged({ engine, client }: TestEngine): Promise<void> {
  await engine.receive(incomingCall());
  await client.last('createCall').done(CALLEE);
  await engine.receive(answerOf(CALLEE, { tag: CALLER }));
  await client.last('answerCall').done();
  await engine.receive(answerOf(CALLER));
  await client.last('createBridge').done('brg-1');
}

describe('a pair of legs, from the first event to the last', () => {
  it('dials, answers, bridges, and ends the other leg', async () => {
    const parts = testEngine();
    const { engine, client, store } = parts;
    await bridged(parts);
    expect(await store.get(CALLER)).toMatchObject({ phase: 'bridged', bridgeId: 'brg-1' });
    await engine.receive(hangupOf(CALLEE));
    expect(client.last('hangUp').argument).toBe(CALLER);
    await client.last('hangUp').done();
    expect(client.names()).toEqual(['createCall', 'answerCall', 'createBridge', 'hangUp']);
    expect(client.last('createCall').argument).toMatchObject({ from: NUMBER, to: PSTN, callTimeout: 30, tag: CALLER });
    expect(client.last('createBridge').argument).toEqual([CALLER, CALLEE]);
    expect(await store.get(CALLER)).toMatchObject({ phase: 'ended', reason: 'completed' });
  });

  it('leaves one log line an event, one a command, and one at either end', async () => {
    const parts = testEngine();
    const { engine, client, lines } = parts;
    await bridged(parts);
    await engine.receive(hangupOf(CALLER), 'req-7');
    await client.last('hangUp').done();
    expect(lines.map(({ event, step }) => step ?? event)).toEqual([
      'session.started',
      'command create-call',
      'event answer',
      'command answer-call',
      'event answer',
      'command create-bridge',
      'event hangup',
      'command hang-up',
      'session.ended',
    ]);
    expect(lines[6]).toMatchObject({
      event: 'session.step',
      sessionId: CALLER,
      callId: CALLER,
      leg: 'caller',
      before: 'bridged',
      phase: 'ending',
      outcome: 'NORMAL_CLEARING',
      requestId: 'req-7',
    });
    expect(lines.at(-1)).toMatchObject({ sessionId: CALLER, reason: 'completed', kind: 'bridge-legs' });
  });
});

describe('a doubled event', () => {
  it('incomingcall: dials once, one after the other and at once', async () => {
    const { engine, client } = testEngine();
    await Promise.all([engine.receive(incomingCall()), engine.receive(incomingCall())]);
    await engine.receive(incomingCall());
    await client.last('createCall').done(CALLEE);
    await engine.receive(incomingCall());
    expect(client.names()).toEqual(['createCall']);
  });

  it('answer of the callee: answers the caller once', async () => {
    const { engine, client } = testEngine();
    await engine.receive(incomingCall());
    await Promise.all([1, 2, 3].map(() => engine.receive(answerOf(CALLEE, { tag: CALLER }))));
    expect(client.names()).toEqual(['createCall', 'answerCall']);
  });

  it('answer of the caller: bridges once', async () => {
    const parts = testEngine();
    await bridged(parts);
    await parts.engine.receive(answerOf(CALLER));
    await parts.engine.receive(answerOf(CALLEE, { tag: CALLER }));
    expect(parts.client.names()).toEqual(['createCall', 'answerCall', 'createBridge']);
  });

  it('hangup: hangs the other leg up once', async () => {
    const parts = testEngine();
    await bridged(parts);
    await Promise.all([1, 2].map(() => parts.engine.receive(hangupOf(CALLEE))));
    expect(parts.client.names().filter((name) => name === 'hangUp')).toHaveLength(1);
  });

  it('incomingcall of a call that has ended: rings nobody', async () => {
    const { engine, client, store } = testEngine({ client: willingClient() });
    await engine.receive(incomingCall());
    await engine.receive(hangupOf(CALLER, 'ORIGINATOR_CANCEL'));
    await flush();
    expect((await store.get(CALLER))?.phase).toBe('ended');
    const before = client.names();
    await engine.receive(incomingCall());
    expect(client.names()).toEqual(before);
  });
});

describe('an event that overtakes another', () => {
  it('answer of the callee before the reply to its create-call: known by its tag', async () => {
    const { engine, client, store } = testEngine();
    await engine.receive(incomingCall());
    await engine.receive(answerOf(CALLEE, { tag: CALLER }));
    expect(client.names()).toEqual(['createCall', 'answerCall']);
    await client.last('createCall').done(CALLEE);
    await client.last('answerCall').done();
    await engine.receive(answerOf(CALLER));
    expect(client.last('createBridge').argument).toEqual([CALLER, CALLEE]);
    expect(await store.idOfCall(CALLEE)).toBe(CALLER);
  });

  it('hangup of the caller before its incomingcall: rings nobody', async () => {
    const { engine, client, store } = testEngine();
    await engine.receive(hangupOf(CALLER, 'ORIGINATOR_CANCEL'));
    await engine.receive(incomingCall());
    expect(client.asked).toEqual([]);
    expect(await store.get(CALLER)).toMatchObject({ phase: 'ended', reason: 'caller-gave-up' });
  });

  it('answer of the caller before the reply to its answer-call: bridges once', async () => {
    const { engine, client } = testEngine();
    await engine.receive(incomingCall());
    await client.last('createCall').done(CALLEE);
    await engine.receive(answerOf(CALLEE));
    await engine.receive(answerOf(CALLER));
    await client.last('answerCall').done();
    expect(client.names()).toEqual(['createCall', 'answerCall', 'createBridge']);
  });

  it('hangup of the callee before the reply to its create-call: the caller is rejected, nobody is dialled again', async () => {
    const { engine, client, store } = testEngine();
    await engine.receive(incomingCall());
    await engine.receive(hangupOf(CALLEE, 'USER_BUSY', { tag: CALLER }));
    expect(client.names()).toEqual(['createCall', 'rejectCall']);
    await client.last('createCall').done(CALLEE);
    await client.last('rejectCall').done();
    expect(await store.get(CALLER)).toMatchObject({ phase: 'ended', reason: 'busy' });
    expect(client.names()).toEqual(['createCall', 'rejectCall']);
  });
});

it('the client learns why the caller is rejected', async () => {
  const client = fakeClient({ createCall: CALLEE });
  const rejectCall = jest.spyOn(client, 'rejectCall');
  const { engine } = testEngine({ client });
  await engine.receive(incomingCall());
  await engine.receive(hangupOf(CALLEE, 'USER_BUSY', { tag: CALLER }));
  expect(rejectCall).toHaveBeenCalledWith(CALLER, expect.anything(), 'USER_BUSY');
});

describe('an event of a call that nobody knows', () => {
  it('answer with the tag of a flow that is not there: its leg is hung up, and counted', async () => {
    const { engine, client, metrics } = testEngine({ client: willingClient() });
    await engine.receive(answerOf('c-orphan', { tag: 'c-forgotten' }));
    expect(client.asked).toEqual([expect.objectContaining({ name: 'hangUp', argument: 'c-orphan' })]);
    expect(await metrics.render()).toContain('tandem_orphans_reaped_total 1');
  });

  it('an orphan that cannot be hung up is logged', async () => {
    const { engine, client, lines } = testEngine();
    await engine.receive(answerOf('c-orphan', { tag: 'c-forgotten' }));
    await client.last('hangUp').fail(new UnreachableError('down'));
    expect(lines).toContainEqual(expect.objectContaining({ level: 50, callId: 'c-orphan', leg: 'callee' }));
  });

  it('a second leg with the tag of a flow that has its callee: hung up, the callee stays', async () => {
    const parts = testEngine();
    await bridged(parts);
    await parts.engine.receive(answerOf('c-stray', { tag: CALLER }));
    expect(parts.client.last('hangUp').argument).toBe('c-stray');
    expect((await parts.store.get(CALLER))?.phase).toBe('bridged');
  });

  it('answer with the tag of a flow that has ended: hung up', async () => {
    const { engine, client } = testEngine();
    await engine.receive(incomingCall());
    await client.last('createCall').fail(new RefusedError(400, 'validation-error', 'x', 'x'));
    await client.last('rejectCall').done();
    await engine.receive(answerOf('c-late', { tag: CALLER }));
    expect(client.last('hangUp').argument).toBe('c-late');
  });

  it.each([
    ['answer without a tag', answerOf('c-x')],
    ['hangup with a tag', hangupOf('c-x', 'NORMAL_CLEARING', { tag: 'c-forgotten' })],
    ['speak', speakOf('c-x', 'done')],
  ])('%s: nothing but a warning', async (_, event) => {
    const { engine, client, lines, store } = testEngine();
    await engine.receive(event);
    expect(client.asked).toEqual([]);
    expect(await store.list({ limit: 10 })).toEqual([]);
    expect(lines).toEqual([expect.objectContaining({ level: 40, callId: 'c-x', eventType: event.eventType })]);
  });
});

describe('a command that waits for its turn', () => {
  it('is given up when the caller does not want it any more, and nothing is left of it', async () => {
    const { engine, client, store } = testEngine();
    await engine.receive(incomingCall());
    expect(client.last('createCall').signal.aborted).toBe(false);
    await engine.receive(hangupOf(CALLER, 'ORIGINATOR_CANCEL'));
    expect(client.last('createCall').signal.aborted).toBe(true);
    await client.last('createCall').fail(new UnreachableError('x'));
    expect(await store.get(CALLER)).toMatchObject({ phase: 'ended', reason: 'caller-gave-up' });
    expect(client.names()).toEqual(['createCall']);
  });

  it('that was sent all the same is undone when its reply comes', async () => {
    const { engine, client, store } = testEngine();
    await engine.receive(incomingCall());
    await engine.receive(hangupOf(CALLER, 'ORIGINATOR_CANCEL'));
    expect((await store.get(CALLER))?.phase).toBe('ending');
    await client.last('createCall').done(CALLEE);
    expect(client.last('hangUp').argument).toBe(CALLEE);
    await client.last('hangUp').done();
    expect((await store.get(CALLER))?.phase).toBe('ended');
  });

  it('is not given up by what does not concern it', async () => {
    const { engine, client } = testEngine();
    await engine.receive(incomingCall());
    await engine.receive(incomingCall({ callId: 'c-other' }));
    await engine.receive(hangupOf('c-other', 'ORIGINATOR_CANCEL'));
    const [first, second] = client.asked;
    expect([first?.signal.aborted, second?.signal.aborted]).toEqual([false, true]);
  });

  it('to hang up is wanted whatever happens', async () => {
    const parts = testEngine();
    await bridged(parts);
    await parts.engine.receive(hangupOf(CALLER));
    await parts.engine.end(CALLER);
    expect(parts.client.last('hangUp').signal.aborted).toBe(false);
  });
});

describe('a command that fails', () => {
  it.each([
    ['refused', new RefusedError(403, 'number-access-denied', 'x', 'no'), 'number-access-denied'],
    ['unsent', new UnreachableError('no'), 'unreachable'],
  ])('create-call %s: the caller is rejected, the failure is logged and counted', async (_, error, code) => {
    const { engine, client, store, lines, metrics } = testEngine();
    await engine.receive(incomingCall());
    await client.last('createCall').fail(error);
    await client.last('rejectCall').done();
    expect(await store.get(CALLER)).toMatchObject({ phase: 'ended', reason: 'dial-failed' });
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 40, command: 'create-call', code, event: 'command-failed' }),
    );
    expect(await metrics.render()).toContain(`tandem_command_failures_total{command="create-call",code="${code}"} 1`);
  });

  it('create-call whose reply is lost: the call is looked for, and taken', async () => {
    const { engine, client } = testEngine();
    await engine.receive(incomingCall());
    await client.last('createCall').fail(new ReplyLostError('cut'));
    expect(client.last('findCalls').argument).toMatchObject({ from: NUMBER, to: PSTN, tag: CALLER });
    await client.last('findCalls').done([{ callId: CALLEE, state: 'active' }]);
    expect(client.names()).toEqual(['createCall', 'findCalls', 'answerCall']);
  });

  it('in a way nobody foresaw: its fate is open', async () => {
    const { engine, client } = testEngine();
    await engine.receive(incomingCall());
    await client.last('createCall').fail(new TypeError('fault of ours'));
    expect(client.names()).toEqual(['createCall', 'findCalls']);
  });

  it('hang-up for good: the flow ends, and somebody is told to look', async () => {
    const parts = testEngine();
    const { engine, client, lines, metrics } = parts;
    await bridged(parts);
    await engine.receive(hangupOf(CALLEE));
    await client.last('hangUp').fail(new RefusedError(400, 'x', 'x', 'no'));
    expect(lines.at(-1)).toMatchObject({
      level: 50,
      event: 'leg-given-up',
      callId: CALLER,
      leg: 'caller',
      sessionId: CALLER,
    });
    expect(await metrics.render()).toContain('tandem_legs_given_up_total 1');
  });
});

describe('what cannot be stored', () => {
  it('an event is not acknowledged, and no command is sent', async () => {
    const { engine, client } = testEngine({
      store: { ...createMemoryStore(), create: () => Promise.reject(new Error('disk full')) },
    });
    await expect(engine.receive(incomingCall())).rejects.toThrow('disk full');
    expect(client.asked).toEqual([]);
    await expect(engine.speak(SPEECH)).rejects.toThrow('disk full');
    expect(client.asked).toEqual([]);
  });

  it('the result of a command is logged, and the server comes to rest', async () => {
    const memory = createMemoryStore();
    let full = false;
    const update: FlowStore['update'] = (id, transition) =>
      full ? Promise.reject(new Error('disk full')) : memory.update(id, transition);
    const { engine, client, lines } = testEngine({ store: { ...memory, update } });
    await engine.receive(incomingCall());
    full = true;
    await client.last('createCall').done(CALLEE);
    expect(lines).toContainEqual({
      level: 50,
      time: expect.any(String),
      event: 'result-not-stored',
      sessionId: CALLER,
      command: 'create-call',
      err: 'disk full',
      msg: expect.any(String),
    });
    expect(await isSettled(engine.idle())).toBe(true);
  });
});

describe('a store that is away for a while', () => {
  beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick'] }));
  afterEach(() => jest.useRealTimers());

  it('gets the result of a command when it is back, and is told of once', async () => {
    const memory = createMemoryStore();
    let away = false;
    const update: FlowStore['update'] = (id, transition) =>
      away ? Promise.reject(new StoreUnavailableError('out of reach')) : memory.update(id, transition);
    const { engine, client, lines } = testEngine({ store: { ...memory, update } });
    await engine.receive(incomingCall());
    away = true;
    await client.last('createCall').done(CALLEE);
    await jest.advanceTimersByTimeAsync(10_000);
    const told = lines.filter(({ event }) => event === 'result-not-stored');
    expect(told).toEqual([expect.objectContaining({ err: 'out of reach', command: 'create-call' })]);
    away = false;
    await jest.advanceTimersByTimeAsync(2_000);
    expect(await memory.idOfCall(CALLEE)).toBe(CALLER);
    engine.close();
  });
});

describe('speak and hang up', () => {
  it('dials, speaks when it is answered, hangs up when it has been spoken', async () => {
    const { engine, client, store } = testEngine();
    expect(await engine.speak(SPEECH)).toMatchObject({ flow: { id: 'f-1', phase: 'dialling' }, started: true });
    await client.last('createCall').done(CALLEE);
    await engine.receive(answerOf(CALLEE, { tag: 'f-1' }));
    expect(client.last('speak').argument).toEqual({ callId: CALLEE, sentence: 'Hi', tag: 'f-1' });
    await client.last('speak').done();
    await engine.receive(speakOf(CALLEE, 'started'));
    expect(client.names()).toEqual(['createCall', 'speak']);
    await engine.receive(speakOf(CALLEE, 'done'));
    await client.last('hangUp').done();
    expect(await store.get('f-1')).toMatchObject({ phase: 'ended', reason: 'completed' });
  });
});

describe('ending by request', () => {
  it('ends both legs; of what is not there it knows nothing', async () => {
    const parts = testEngine();
    await bridged(parts);
    expect(await parts.engine.end(CALLER)).toMatchObject({ phase: 'ending', reason: 'ended-by-request' });
    expect(parts.client.names().slice(-2)).toEqual(['hangUp', 'hangUp']);
    expect(await parts.engine.end('c-unknown')).toBeUndefined();
  });
});

describe('time', () => {
  it('wakes only the flows whose time has come', async () => {
    const { engine, client, clock, store } = testEngine();
    await engine.receive(incomingCall());
    clock.now += 30_000;
    await engine.receive(incomingCall({ callId: 'c-young' }));
    clock.now += 15_000; // callTimeout and a step after the first
    await engine.wakeDue();
    expect(await store.get(CALLER)).toMatchObject({ phase: 'ending', reason: 'deadline' });
    expect((await store.get('c-young'))?.phase).toBe('dialling');
    expect(client.last('rejectCall').argument).toBe(CALLER);
  });

  it('asks for the caller when its own answer has not come a second after the command', async () => {
    const { engine, client, clock, store } = testEngine();
    await engine.receive(incomingCall());
    await client.last('createCall').done(CALLEE);
    await engine.receive(answerOf(CALLEE));
    await client.last('answerCall').done();
    clock.now += 999;
    await engine.wakeDue();
    expect(client.names()).not.toContain('lookAtCall');
    clock.now += 1;
    await engine.wakeDue();
    expect(client.last('lookAtCall').argument).toBe(CALLER);
    await client.last('lookAtCall').done({ callId: CALLER, state: 'active' });
    expect((await store.get(CALLER))?.phase).toBe('bridging');
    expect(client.last('createBridge').argument).toEqual([CALLER, CALLEE]);
  });
});

describe('going down', () => {
  it('takes no new call, and knows those that it has', async () => {
    const { engine } = testEngine();
    await engine.receive(incomingCall());
    expect([engine.draining, await engine.accepts(incomingCall({ callId: 'c-new' }))]).toEqual([false, true]);
    engine.drain();
    expect(engine.draining).toBe(true);
    expect(await engine.accepts(incomingCall({ callId: 'c-new' }))).toBe(false);
    expect(await engine.accepts(incomingCall())).toBe(true);
    expect(await engine.accepts(hangupOf('c-new'))).toBe(true);
  });

  it('is idle at once where nothing is under way', async () => {
    expect(await isSettled(testEngine().engine.idle())).toBe(true);
  });

  it('is idle when the last command has its result, and those that follow from it have theirs', async () => {
    const { engine, client } = testEngine();
    await engine.receive(incomingCall());
    await engine.receive(answerOf(CALLEE, { tag: CALLER }));
    const [first, second] = [engine.idle(), engine.idle()];
    await client.last('createCall').done(CALLEE);
    expect(await isSettled(first)).toBe(false);
    await client.last('answerCall').fail(new RefusedError(400, 'x', 'x', 'x'));
    expect(client.names().at(-1)).toBe('lookAtCall');
    expect(await isSettled(first)).toBe(false);
    await client.last('lookAtCall').done({ callId: CALLER, state: 'gone' });
    expect(await isSettled(first)).toBe(false);
    await client.last('hangUp').done();
    expect([await isSettled(first), await isSettled(second)]).toEqual([true, true]);
  });

  // The hang-up of an orphan is in no flow, and nobody waits for it: a server that goes down closes its connection.
  it('is not idle while an orphan is being hung up', async () => {
    const { engine } = testEngine({ client: fakeClient() });
    await engine.receive(answerOf('c-orphan', { tag: 'c-forgotten' }));
    expect(await isSettled(engine.idle())).toBe(false);
  });
});
