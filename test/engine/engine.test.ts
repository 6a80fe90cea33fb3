import { RefusedError, ReplyLostError, UnreachableError } from '../../src/providers/errors';
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
  fakeControl,
  flush,
  endOf,
  offerOf,
  speechOf,
  testEngine,
  willingControl,
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
async function bridged({ engine, control }: TestEngine): Promise<void> {
  await engine.receive(offerOf());
  await control.last('dial').done(CALLEE);
  await engine.receive(answerOf(CALLEE, { correlation: CALLER }));
  await control.last('answer').done();
  await engine.receive(answerOf(CALLER));
  await control.last('bridge').done('brg-1');
}

describe('a pair of legs, from the first event to the last', () => {
  it('dials, answers, bridges, and ends the other leg', async () => {
    const parts = testEngine();
    const { engine, control, store } = parts;
    await bridged(parts);
    expect(await store.get(CALLER)).toMatchObject({ phase: 'bridged', bridgeId: 'brg-1' });
    await engine.receive(endOf(CALLEE));
    expect(control.last('hang-up').argument).toBe(CALLER);
    await control.last('hang-up').done();
    expect(control.names()).toEqual(['dial', 'answer', 'bridge', 'hang-up']);
    expect(control.last('dial').argument).toMatchObject({
      from: NUMBER,
      to: PSTN,
      callTimeout: 30,
      correlation: CALLER,
    });
    expect(control.last('bridge').argument).toEqual([CALLER, CALLEE]);
    expect(await store.get(CALLER)).toMatchObject({ phase: 'ended', reason: 'completed' });
  });

  it('leaves one log line an event, one a command, and one at either end', async () => {
    const parts = testEngine();
    const { engine, control, lines } = parts;
    await bridged(parts);
    await engine.receive(endOf(CALLER), 'req-7');
    await control.last('hang-up').done();
    expect(lines.map(({ event, step }) => step ?? event)).toEqual([
      'session.started',
      'command dial',
      'event answered',
      'command answer',
      'event answered',
      'command bridge',
      'event ended',
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
      outcome: 'normal',
      requestId: 'req-7',
    });
    expect(lines.at(-1)).toMatchObject({ sessionId: CALLER, reason: 'completed', kind: 'bridge-legs' });
  });
});

describe('a doubled event', () => {
  it('incomingcall: dials once, one after the other and at once', async () => {
    const { engine, control } = testEngine();
    await Promise.all([engine.receive(offerOf()), engine.receive(offerOf())]);
    await engine.receive(offerOf());
    await control.last('dial').done(CALLEE);
    await engine.receive(offerOf());
    expect(control.names()).toEqual(['dial']);
  });

  it('answer of the callee: answers the caller once', async () => {
    const { engine, control } = testEngine();
    await engine.receive(offerOf());
    await Promise.all([1, 2, 3].map(() => engine.receive(answerOf(CALLEE, { correlation: CALLER }))));
    expect(control.names()).toEqual(['dial', 'answer']);
  });

  it('answer of the caller: bridges once', async () => {
    const parts = testEngine();
    await bridged(parts);
    await parts.engine.receive(answerOf(CALLER));
    await parts.engine.receive(answerOf(CALLEE, { correlation: CALLER }));
    expect(parts.control.names()).toEqual(['dial', 'answer', 'bridge']);
  });

  it('hangup: hangs the other leg up once', async () => {
    const parts = testEngine();
    await bridged(parts);
    await Promise.all([1, 2].map(() => parts.engine.receive(endOf(CALLEE))));
    expect(parts.control.names().filter((name) => name === 'hang-up')).toHaveLength(1);
  });

  it('incomingcall of a call that has ended: rings nobody', async () => {
    const { engine, control, store } = testEngine({ control: willingControl() });
    await engine.receive(offerOf());
    await engine.receive(endOf(CALLER, 'cancelled'));
    await flush();
    expect((await store.get(CALLER))?.phase).toBe('ended');
    const before = control.names();
    await engine.receive(offerOf());
    expect(control.names()).toEqual(before);
  });
});

describe('an event that overtakes another', () => {
  it('answer of the callee before the reply to its dial: known by its tag', async () => {
    const { engine, control, store } = testEngine();
    await engine.receive(offerOf());
    await engine.receive(answerOf(CALLEE, { correlation: CALLER }));
    expect(control.names()).toEqual(['dial', 'answer']);
    await control.last('dial').done(CALLEE);
    await control.last('answer').done();
    await engine.receive(answerOf(CALLER));
    expect(control.last('bridge').argument).toEqual([CALLER, CALLEE]);
    expect(await store.idOfCall(CALLEE)).toBe(CALLER);
  });

  it('hangup of the caller before its incomingcall: rings nobody', async () => {
    const { engine, control, store } = testEngine();
    await engine.receive(endOf(CALLER, 'cancelled'));
    await engine.receive(offerOf());
    expect(control.asked).toEqual([]);
    expect(await store.get(CALLER)).toMatchObject({ phase: 'ended', reason: 'caller-gave-up' });
  });

  it('answer of the caller before the reply to its answer: bridges once', async () => {
    const { engine, control } = testEngine();
    await engine.receive(offerOf());
    await control.last('dial').done(CALLEE);
    await engine.receive(answerOf(CALLEE));
    await engine.receive(answerOf(CALLER));
    await control.last('answer').done();
    expect(control.names()).toEqual(['dial', 'answer', 'bridge']);
  });

  it('hangup of the callee before the reply to its dial: the caller is rejected, nobody is dialled again', async () => {
    const { engine, control, store } = testEngine();
    await engine.receive(offerOf());
    await engine.receive(endOf(CALLEE, 'busy', { correlation: CALLER }));
    expect(control.names()).toEqual(['dial', 'reject']);
    await control.last('dial').done(CALLEE);
    await control.last('reject').done();
    expect(await store.get(CALLER)).toMatchObject({ phase: 'ended', reason: 'busy' });
    expect(control.names()).toEqual(['dial', 'reject']);
  });
});

it('the provider learns why the caller is rejected', async () => {
  const control = fakeControl({ dial: CALLEE });
  const send = jest.spyOn(control, 'send');
  const { engine } = testEngine({ control });
  await engine.receive(offerOf());
  await engine.receive(endOf(CALLEE, 'busy', { correlation: CALLER }));
  expect(send).toHaveBeenCalledWith(
    expect.objectContaining({ type: 'reject', callId: CALLER, cause: 'busy' }),
    expect.anything(),
  );
});

describe('an event of a call that nobody knows', () => {
  it('answer with the tag of a flow that is not there: its leg is hung up, and counted', async () => {
    const { engine, control, metrics } = testEngine({ control: willingControl() });
    await engine.receive(answerOf('c-orphan', { correlation: 'c-forgotten' }));
    expect(control.asked).toEqual([expect.objectContaining({ name: 'hang-up', argument: 'c-orphan' })]);
    expect(await metrics.render()).toContain('tandem_orphans_reaped_total 1');
  });

  it('an orphan that cannot be hung up is logged', async () => {
    const { engine, control, lines } = testEngine();
    await engine.receive(answerOf('c-orphan', { correlation: 'c-forgotten' }));
    await control.last('hang-up').fail(new UnreachableError('down'));
    expect(lines).toContainEqual(expect.objectContaining({ level: 50, callId: 'c-orphan', leg: 'callee' }));
  });

  it('a second leg with the tag of a flow that has its callee: hung up, the callee stays', async () => {
    const parts = testEngine();
    await bridged(parts);
    await parts.engine.receive(answerOf('c-stray', { correlation: CALLER }));
    expect(parts.control.last('hang-up').argument).toBe('c-stray');
    expect((await parts.store.get(CALLER))?.phase).toBe('bridged');
  });

  it('answer with the tag of a flow that has ended: hung up', async () => {
    const { engine, control } = testEngine();
    await engine.receive(offerOf());
    await control.last('dial').fail(new RefusedError(400, 'validation-error', 'x', 'x'));
    await control.last('reject').done();
    await engine.receive(answerOf('c-late', { correlation: CALLER }));
    expect(control.last('hang-up').argument).toBe('c-late');
  });

  it.each([
    ['answer without a tag', answerOf('c-x')],
    ['hangup with a tag', endOf('c-x', 'normal', { correlation: 'c-forgotten' })],
    ['speak', speechOf('c-x', 'done')],
  ])('%s: nothing but a warning', async (_, event) => {
    const { engine, control, lines, store } = testEngine();
    await engine.receive(event);
    expect(control.asked).toEqual([]);
    expect(await store.list({ limit: 10 })).toEqual([]);
    expect(lines).toEqual([expect.objectContaining({ level: 40, callId: 'c-x', eventType: event.type })]);
  });
});

describe('a command that waits for its turn', () => {
  it('is given up when the caller does not want it any more, and nothing is left of it', async () => {
    const { engine, control, store } = testEngine();
    await engine.receive(offerOf());
    expect(control.last('dial').signal.aborted).toBe(false);
    await engine.receive(endOf(CALLER, 'cancelled'));
    expect(control.last('dial').signal.aborted).toBe(true);
    await control.last('dial').fail(new UnreachableError('x'));
    expect(await store.get(CALLER)).toMatchObject({ phase: 'ended', reason: 'caller-gave-up' });
    expect(control.names()).toEqual(['dial']);
  });

  it('that was sent all the same is undone when its reply comes', async () => {
    const { engine, control, store } = testEngine();
    await engine.receive(offerOf());
    await engine.receive(endOf(CALLER, 'cancelled'));
    expect((await store.get(CALLER))?.phase).toBe('ending');
    await control.last('dial').done(CALLEE);
    expect(control.last('hang-up').argument).toBe(CALLEE);
    await control.last('hang-up').done();
    expect((await store.get(CALLER))?.phase).toBe('ended');
  });

  it('is not given up by what does not concern it', async () => {
    const { engine, control } = testEngine();
    await engine.receive(offerOf());
    await engine.receive(offerOf({ callId: 'c-other' }));
    await engine.receive(endOf('c-other', 'cancelled'));
    const [first, second] = control.asked;
    expect([first?.signal.aborted, second?.signal.aborted]).toEqual([false, true]);
  });

  it('to hang up is wanted whatever happens', async () => {
    const parts = testEngine();
    await bridged(parts);
    await parts.engine.receive(endOf(CALLER));
    await parts.engine.end(CALLER);
    expect(parts.control.last('hang-up').signal.aborted).toBe(false);
  });
});

describe('a command that fails', () => {
  it.each([
    ['refused', new RefusedError(403, 'user-access-denied', 'x', 'no'), 'user-access-denied'],
    ['unsent', new UnreachableError('no'), 'unreachable'],
  ])('dial %s: the caller is rejected, the failure is logged and counted', async (_, error, code) => {
    const { engine, control, store, lines, metrics } = testEngine();
    await engine.receive(offerOf());
    await control.last('dial').fail(error);
    await control.last('reject').done();
    expect(await store.get(CALLER)).toMatchObject({ phase: 'ended', reason: 'dial-failed' });
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 40, command: 'dial', code, event: 'command-failed' }),
    );
    expect(await metrics.render()).toContain(`tandem_command_failures_total{command="dial",code="${code}"} 1`);
  });

  it('dial whose reply is lost: the call is looked for, and taken', async () => {
    const { engine, control } = testEngine();
    await engine.receive(offerOf());
    await control.last('dial').fail(new ReplyLostError('cut'));
    expect(control.last('find').argument).toMatchObject({ from: NUMBER, to: PSTN, correlation: CALLER });
    await control.last('find').done([{ callId: CALLEE, state: 'answered' }]);
    expect(control.names()).toEqual(['dial', 'find', 'answer']);
  });

  it('in a way nobody foresaw: its effect is open', async () => {
    const { engine, control } = testEngine();
    await engine.receive(offerOf());
    await control.last('dial').fail(new TypeError('fault of ours'));
    expect(control.names()).toEqual(['dial', 'find']);
  });

  it('hang-up for good: the flow ends, and somebody is told to look', async () => {
    const parts = testEngine();
    const { engine, control, lines, metrics } = parts;
    await bridged(parts);
    await engine.receive(endOf(CALLEE));
    await control.last('hang-up').fail(new RefusedError(400, 'x', 'x', 'no'));
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
    const { engine, control } = testEngine({
      store: { ...createMemoryStore(), create: () => Promise.reject(new Error('disk full')) },
    });
    await expect(engine.receive(offerOf())).rejects.toThrow('disk full');
    expect(control.asked).toEqual([]);
    await expect(engine.speak(SPEECH)).rejects.toThrow('disk full');
    expect(control.asked).toEqual([]);
  });

  it('the result of a command is logged, and the server comes to rest', async () => {
    const memory = createMemoryStore();
    let full = false;
    const update: FlowStore['update'] = (id, transition) =>
      full ? Promise.reject(new Error('disk full')) : memory.update(id, transition);
    const { engine, control, lines } = testEngine({ store: { ...memory, update } });
    await engine.receive(offerOf());
    full = true;
    await control.last('dial').done(CALLEE);
    expect(lines).toContainEqual({
      level: 50,
      time: expect.any(String),
      event: 'result-not-stored',
      sessionId: CALLER,
      command: 'dial',
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
    const { engine, control, lines } = testEngine({ store: { ...memory, update } });
    await engine.receive(offerOf());
    away = true;
    await control.last('dial').done(CALLEE);
    await jest.advanceTimersByTimeAsync(10_000);
    const told = lines.filter(({ event }) => event === 'result-not-stored');
    expect(told).toEqual([expect.objectContaining({ err: 'out of reach', command: 'dial' })]);
    away = false;
    await jest.advanceTimersByTimeAsync(2_000);
    expect(await memory.idOfCall(CALLEE)).toBe(CALLER);
    engine.close();
  });
});

describe('speak and hang up', () => {
  it('dials, speaks when it is answered, hangs up when it has been spoken', async () => {
    const { engine, control, store } = testEngine();
    expect(await engine.speak(SPEECH)).toMatchObject({ flow: { id: 'f-1', phase: 'dialling' }, started: true });
    await control.last('dial').done(CALLEE);
    await engine.receive(answerOf(CALLEE, { correlation: 'f-1' }));
    expect(control.last('say').argument).toEqual({ callId: CALLEE, sentence: 'Hi', correlation: 'f-1' });
    await control.last('say').done();
    await engine.receive(speechOf(CALLEE, 'started'));
    expect(control.names()).toEqual(['dial', 'say']);
    await engine.receive(speechOf(CALLEE, 'done'));
    await control.last('hang-up').done();
    expect(await store.get('f-1')).toMatchObject({ phase: 'ended', reason: 'completed' });
  });
});

describe('ending by request', () => {
  it('ends both legs; of what is not there it knows nothing', async () => {
    const parts = testEngine();
    await bridged(parts);
    expect(await parts.engine.end(CALLER)).toMatchObject({ phase: 'ending', reason: 'ended-by-request' });
    expect(parts.control.names().slice(-2)).toEqual(['hang-up', 'hang-up']);
    expect(await parts.engine.end('c-unknown')).toBeUndefined();
  });
});

describe('time', () => {
  it('wakes only the flows whose time has come', async () => {
    const { engine, control, clock, store } = testEngine();
    await engine.receive(offerOf());
    clock.now += 30_000;
    await engine.receive(offerOf({ callId: 'c-young' }));
    clock.now += 15_000; // callTimeout and a step after the first
    await engine.wakeDue();
    expect(await store.get(CALLER)).toMatchObject({ phase: 'ending', reason: 'deadline' });
    expect((await store.get('c-young'))?.phase).toBe('dialling');
    expect(control.last('reject').argument).toBe(CALLER);
  });

  it('asks for the caller when its own answer has not come a second after the command', async () => {
    const { engine, control, clock, store } = testEngine();
    await engine.receive(offerOf());
    await control.last('dial').done(CALLEE);
    await engine.receive(answerOf(CALLEE));
    await control.last('answer').done();
    clock.now += 999;
    await engine.wakeDue();
    expect(control.names()).not.toContain('look');
    clock.now += 1;
    await engine.wakeDue();
    expect(control.last('look').argument).toBe(CALLER);
    await control.last('look').done({ callId: CALLER, state: 'answered' });
    expect((await store.get(CALLER))?.phase).toBe('bridging');
    expect(control.last('bridge').argument).toEqual([CALLER, CALLEE]);
  });
});

describe('going down', () => {
  it('takes no new call, and knows those that it has', async () => {
    const { engine } = testEngine();
    await engine.receive(offerOf());
    expect([engine.draining, await engine.accepts(offerOf({ callId: 'c-new' }))]).toEqual([false, true]);
    engine.drain();
    expect(engine.draining).toBe(true);
    expect(await engine.accepts(offerOf({ callId: 'c-new' }))).toBe(false);
    expect(await engine.accepts(offerOf())).toBe(true);
    expect(await engine.accepts(endOf('c-new'))).toBe(true);
  });

  it('is idle at once where nothing is under way', async () => {
    expect(await isSettled(testEngine().engine.idle())).toBe(true);
  });

  it('is idle when the last command has its result, and those that follow from it have theirs', async () => {
    const { engine, control } = testEngine();
    await engine.receive(offerOf());
    await engine.receive(answerOf(CALLEE, { correlation: CALLER }));
    const [first, second] = [engine.idle(), engine.idle()];
    await control.last('dial').done(CALLEE);
    expect(await isSettled(first)).toBe(false);
    await control.last('answer').fail(new RefusedError(400, 'x', 'x', 'x'));
    expect(control.names().at(-1)).toBe('look');
    expect(await isSettled(first)).toBe(false);
    await control.last('look').done({ callId: CALLER, state: 'ended' });
    expect(await isSettled(first)).toBe(false);
    await control.last('hang-up').done();
    expect([await isSettled(first), await isSettled(second)]).toEqual([true, true]);
  });

  // The hang-up of an orphan is in no flow, and nobody waits for it: a server that goes down closes its connection.
  it('is not idle while an orphan is being hung up', async () => {
    const { engine } = testEngine({ control: fakeControl() });
    await engine.receive(answerOf('c-orphan', { correlation: 'c-forgotten' }));
    expect(await isSettled(engine.idle())).toBe(false);
  });
});
