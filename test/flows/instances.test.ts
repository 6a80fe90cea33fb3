/** Several engines on one store: what one of them leaves undone. */
import { StoreUnavailableError } from '../../src/store/errors';
import { createMemoryStore } from '../../src/store/memory-store';
import type { FlowStore } from '../../src/store/store';
import {
  CALLEE,
  CALLER,
  PSTN,
  answerOf,
  fakeControl,
  flush,
  endOf,
  offerOf,
  testEngine,
  type TestEngine,
} from '../helpers/builders';

const LEASE_MS = 10_000;

/** Two instances that share a store; either may go. */
function pair() {
  const memory = createMemoryStore();
  const alive = new Set(['one', 'two']);
  const shared = (instance: string): FlowStore => ({
    ...memory,
    instance,
    isAlive: (name) => alive.has(name),
    // As a shared store gives out what nothing was heard of.
    due: async (now, limit) => [
      ...new Set([
        ...(await memory.due(now, limit)),
        ...(await memory.list({ limit })).filter(({ pending }) => pending.length > 0).map(({ id }) => id),
      ]),
    ],
  });
  const one = testEngine({ store: shared('one') });
  const two = testEngine({ store: shared('two') });
  const pass = (ms: number): void => {
    one.clock.now += ms;
    two.clock.now += ms;
  };
  return { one, two, alive, pass, memory };
}

describe('a command whose instance is gone', () => {
  it.each([
    ['while it is alive', false, 60_000, []],
    ['before its lease is over', true, LEASE_MS - 1, []],
    ['when its lease is over', true, LEASE_MS, ['find']],
  ])('is looked after by another one: %s', async (_, isGone, ms, expected) => {
    const { one, two, alive, pass } = pair();
    await one.engine.receive(offerOf());
    if (isGone) alive.delete('one');
    // Less than the ring time is over, so that the deadline has no part in it.
    pass(Math.min(ms, 30_000));
    await two.engine.wakeDue();
    expect(two.control.names()).toEqual(expected);
  });

  it('dials nobody twice: a dial is looked for, and what is found goes on', async () => {
    const { one, two, alive, pass } = pair();
    await one.engine.receive(offerOf());
    alive.delete('one');
    pass(LEASE_MS);
    await two.engine.wakeDue();
    expect(two.control.names()).toEqual(['find']);
    await two.control.last('find').done([{ callId: CALLEE, state: 'answered' }]);
    expect(two.control.names()).toEqual(['find', 'answer']);
    expect(two.control.last('answer').argument).toBe(CALLER);
  });

  it('is done again where that does no harm, by one instance only', async () => {
    const { one, two, alive, pass, memory } = pair();
    const three = testEngine({ store: { ...memory, instance: 'three', isAlive: (name) => alive.has(name) } });
    alive.add('three');
    await one.engine.receive(offerOf());
    await one.engine.receive(endOf(CALLER));
    await one.control.last('dial').done(CALLEE);
    expect(one.control.names()).toEqual(['dial', 'hang-up']);
    alive.delete('one');
    pass(LEASE_MS);
    three.clock.now = two.clock.now;
    await Promise.all([two.engine.wakeDue(), three.engine.wakeDue()]);
    await two.engine.wakeDue();
    expect([...two.control.names(), ...three.control.names()]).toEqual(['hang-up']);
    await two.control.last('hang-up').done();
    expect(await memory.get(CALLER)).toMatchObject({ phase: 'ended', reason: 'caller-gave-up', pending: [] });
  });

  it('that comes back with its result after all changes nothing that went on meanwhile', async () => {
    const { one, two, alive, pass, memory } = pair();
    await one.engine.receive(offerOf());
    await one.control.last('dial').done(CALLEE);
    await one.engine.receive(answerOf(CALLEE));
    alive.delete('one');
    pass(LEASE_MS);
    await two.engine.wakeDue();
    expect(two.control.names()).toEqual(['answer']);
    await one.control.last('answer').done(); // it had only stood still
    expect((await memory.get(CALLER))?.pending).toMatchObject([{ type: 'answer', owner: 'two' }]);
    await two.engine.receive(answerOf(CALLER));
    expect(two.control.names()).toEqual(['answer', 'bridge']);
  });

  it('and that did dial: whom it dialled is the callee while he is looked for, and is hung up later', async () => {
    const { one, two, alive, pass, memory } = pair();
    await one.engine.receive(offerOf());
    alive.delete('one');
    pass(LEASE_MS);
    await two.engine.wakeDue();
    await one.control.last('dial').done(CALLEE);
    expect(await memory.get(CALLER)).toMatchObject({ phase: 'dialling', callee: { callId: CALLEE, state: 'ringing' } });
    await two.engine.receive(endOf(CALLER));
    expect(two.control.last('hang-up').argument).toBe(CALLEE);
  });

  it('and that its flow no longer wants is not done again', async () => {
    const { one, two, alive, pass, memory } = pair();
    await one.engine.receive(offerOf());
    await one.control.last('dial').done(CALLEE);
    await one.engine.receive(answerOf(CALLEE)); // and the caller is answered by one, or not
    await two.engine.receive(endOf(CALLEE));
    expect(two.control.names()).toEqual(['hang-up']);
    alive.delete('one');
    pass(LEASE_MS);
    await two.engine.wakeDue();
    expect(two.control.names()).toEqual(['hang-up']);
    await two.control.last('hang-up').done();
    expect(await memory.get(CALLER)).toMatchObject({ phase: 'ended', reason: 'callee-left', pending: [] });
  });

  it('counts in the metrics', async () => {
    const { one, two, alive, pass } = pair();
    await one.engine.receive(offerOf());
    alive.delete('one');
    pass(LEASE_MS);
    await two.engine.wakeDue();
    expect(await two.metrics.render()).toContain('tandem_commands_taken_over_total{command="dial"} 1');
  });
});

describe('a store that does not answer', () => {
  /** From now on, or up to now, it is away. `lost`: it does what it is told, and its reply is lost. */
  function breakable() {
    const memory = createMemoryStore();
    const state = { away: false, lost: false };
    const guard = async <T>(work: () => Promise<T>): Promise<T> => {
      if (state.away) throw new StoreUnavailableError('no connection');
      const result = await work();
      if (state.lost) throw new StoreUnavailableError('no reply');
      return result;
    };
    const store: FlowStore = {
      ...memory,
      create: (flow) => guard(() => memory.create(flow)),
      update: (id, transition) => guard(() => memory.update(id, transition)),
      get: (id) => guard(() => memory.get(id)),
      due: async (_now, limit) => (await memory.list({ limit })).map(({ id }) => id),
    };
    return { store, state, memory };
  }

  it('acknowledges no event', async () => {
    const { store, state } = breakable();
    const { engine, control } = testEngine({ store });
    state.away = true;
    await expect(engine.receive(offerOf())).rejects.toThrow(StoreUnavailableError);
    expect(control.names()).toEqual([]);
  });

  it('gets the result of a command when it is back: nobody is dialled twice', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] });
    try {
      const { store, state, memory } = breakable();
      const { engine, control } = testEngine({ store });
      await engine.receive(offerOf());
      state.away = true;
      await control.last('dial').done(CALLEE);
      expect((await memory.get(CALLER))?.pending).toHaveLength(1);
      state.away = false;
      await jest.advanceTimersByTimeAsync(5_000);
      await flush();
      expect(await memory.get(CALLER)).toMatchObject({ callee: { callId: CALLEE, state: 'ringing' }, pending: [] });
      expect(control.names()).toEqual(['dial']);
    } finally {
      jest.useRealTimers();
    }
  });

  it('that kept what it did not acknowledge: its commands are sent, once, when it is certain that nobody does', async () => {
    const { store, state } = breakable();
    const { engine, control, clock } = testEngine({ store });
    state.lost = true;
    await expect(engine.receive(offerOf())).rejects.toThrow(StoreUnavailableError);
    state.lost = false;
    await engine.receive(offerOf()); // the platform, or its fallback, sends it again
    await engine.wakeDue();
    expect(control.names()).toEqual([]);
    clock.now += LEASE_MS;
    await engine.wakeDue();
    await engine.wakeDue();
    expect(control.names()).toEqual(['dial']);
    expect(control.last('dial').argument).toMatchObject({ to: PSTN, correlation: CALLER });
  });
});

describe('a dial that was stored, and never sent', () => {
  it.each([
    ['the caller is gone by then', 0, 'caller-gave-up'],
    ['the deadline comes first', 120_000, 'deadline'],
  ])('is not sent any more where %s', async (_, ms, reason) => {
    const memory = createMemoryStore();
    let lost = true;
    const store: FlowStore = {
      ...memory,
      create: async (flow) => {
        await memory.create(flow);
        if (lost) throw new StoreUnavailableError('no reply');
        return false;
      },
      due: async (_now, limit) => (await memory.list({ limit })).map(({ id }) => id),
    };
    const { engine, control, clock } = testEngine({ store });
    await expect(engine.receive(offerOf())).rejects.toThrow(StoreUnavailableError);
    lost = false;
    if (ms === 0) await engine.receive(endOf(CALLER));
    clock.now += Math.max(ms, LEASE_MS);
    await engine.wakeDue();
    await flush();
    expect(control.names()).not.toContain('dial');
    if (ms > 0) await control.last('reject').done();
    expect(await memory.get(CALLER)).toMatchObject({ phase: 'ended', reason, pending: [] });
  });
});

describe('a result that no store takes, by a fault of ours', () => {
  it('is logged, and its command is not sent again', async () => {
    const memory = createMemoryStore();
    const state = { broken: false };
    const store: FlowStore = {
      ...memory,
      update: (id, transition) => (state.broken ? Promise.reject(new TypeError('bug')) : memory.update(id, transition)),
      due: () => Promise.resolve([CALLER]),
    };
    const { engine, control, clock, lines } = testEngine({ store });
    await engine.receive(offerOf());
    state.broken = true;
    await control.last('dial').done(CALLEE);
    state.broken = false;
    expect(lines).toContainEqual(expect.objectContaining({ level: 50, err: 'bug', command: 'dial' }));
    clock.now += LEASE_MS;
    await engine.wakeDue();
    expect(control.names()).toEqual(['dial']);
  });
});

describe('a command that is to be sent again', () => {
  it.each([
    ['the caller is gone, as another instance knows', true, 'no longer wanted'],
    ['all is as it was', false, 'sent'],
  ])('asks the store first: %s', async (_, isGone, expected) => {
    const { one, two } = pair();
    const outcomes: string[] = [];
    let again = (): void => undefined;
    one.control.on('dial', async (_command, { beforeSend }) => {
      await beforeSend?.(); // refused with 429, say
      await new Promise<void>((resolve) => (again = resolve));
      await beforeSend?.().then(
        () => outcomes.push('sent'),
        () => outcomes.push('no longer wanted'),
      );
      return CALLEE;
    });
    await one.engine.receive(offerOf());
    await flush();
    if (isGone) await two.engine.receive(endOf(CALLER));
    again();
    await flush();
    expect(outcomes).toEqual([expected]);
  });
});

it('an event of a flow that has vanished since its id was read is one of an unknown call', async () => {
  const memory = createMemoryStore();
  const store: FlowStore = { ...memory, idOfCall: () => Promise.resolve('c-expired') };
  const { engine, control } = testEngine({ store });
  await engine.receive(answerOf(CALLEE, { correlation: CALLER }));
  expect(control.names()).toEqual(['hang-up']);
});

describe('an instance that lost its lease', () => {
  it.each([
    ['and its commands', true, 'no longer wanted'],
    ['and kept its commands', false, 'sent'],
  ])('%s: what must not be done twice waits for it', async (_, isTaken, expected) => {
    const memory = createMemoryStore();
    let holds = false;
    const store: FlowStore = { ...memory, holdsLease: () => holds };
    const control = fakeControl();
    const outcomes: string[] = [];
    control.on('dial', async (_command, { beforeSend }) => {
      await beforeSend?.().then(
        () => outcomes.push('sent'),
        () => outcomes.push('no longer wanted'),
      );
      return CALLEE;
    });
    const { engine }: TestEngine = testEngine({ store, control });
    await engine.receive(offerOf());
    await flush();
    expect(outcomes).toEqual([]);
    if (isTaken)
      await memory.update(CALLER, (flow) => ({
        flow: { ...flow, pending: flow.pending.map((command) => ({ ...command, at: command.at + 1, owner: 'two' })) },
        commands: [],
      }));
    holds = true;
    await engine.idle();
    expect(outcomes).toEqual([expected]);
  });
});

describe('a callback that comes again', () => {
  it('with its key changes nothing, is counted, and is in the log', async () => {
    const { engine, store, metrics, lines } = testEngine();
    await engine.receive(offerOf({ key: 'k-offer' }));
    const before = await store.get(CALLER);
    await engine.receive(offerOf({ key: 'k-offer' }));
    await engine.receive(offerOf({ key: 'k-offer' }));
    expect(await store.get(CALLER)).toBe(before);
    expect(await metrics.render()).toContain('tandem_events_doubled_total{type="offered"} 2');
    expect(lines.filter(({ event }) => event === 'event-repeated')).toHaveLength(2);
  });

  it('with another key, or without one, is another event', async () => {
    const { engine, store } = testEngine();
    await engine.receive(offerOf({ key: 'k-offer' }));
    await engine.receive({ type: 'digit', callId: CALLER, digit: '1', key: 'k-1' });
    await engine.receive({ type: 'digit', callId: CALLER, digit: '1', key: 'k-2' });
    await engine.receive({ type: 'digit', callId: CALLER, digit: '1' });
    await engine.receive({ type: 'digit', callId: CALLER, digit: '1' });
    const flow = await store.get(CALLER);
    expect(flow?.timeline.filter(({ what }) => what === 'event digit')).toHaveLength(4);
    expect(flow?.seen).toHaveLength(3);
  });

  it('is remembered a hundred callbacks long', async () => {
    const { engine, store } = testEngine();
    await engine.receive(offerOf({ key: 'k-offer' }));
    for (let i = 0; i < 150; i += 1) await engine.receive({ type: 'digit', callId: CALLER, digit: '1', key: `k-${i}` });
    expect((await store.get(CALLER))?.seen).toHaveLength(100);
  });
});
