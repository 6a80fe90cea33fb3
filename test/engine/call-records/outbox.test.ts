/** Call records of instances that share a store: each is delivered at least once, whichever instance is lost, and when. */
import { createRecordOutbox, type RecordOutbox } from '../../../src/engine/call-records/outbox';
import { StoreUnavailableError, UnreadableStateError } from '../../../src/store/errors';
import { createMemoryStore } from '../../../src/store/memory-store';
import type { FlowStore } from '../../../src/store/store';
import type { SessionSummary } from '../../../src/engine/summary';
import { CALLER, PSTN, flush, offerOf, testEngine, willingControl, type TestEngine } from '../../helpers/builders';

interface Instance extends TestEngine {
  store: FlowStore;
  outbox: RecordOutbox;
  records: { written: SessionSummary[]; waiting: number; settle: () => Promise<void> };
}

/** Instances that share a store. */
function instances(...names: string[]) {
  const memory = createMemoryStore();
  const alive = new Set(names);
  const all = names.map((instance): Instance => {
    const store: FlowStore = {
      ...memory,
      instance,
      isAlive: (name) => alive.has(name),
      owedRecords: async (_, limit) =>
        (await memory.list({ phase: 'ended', limit }))
          .filter((flow) => flow.recordOwner !== undefined)
          .map(({ id }) => id),
    };
    const callbacks: (() => void)[] = [];
    const written: SessionSummary[] = [];
    const records = {
      written,
      waiting: 0,
      write(summary: SessionSummary, settled?: () => void) {
        written.push(summary);
        if (settled) callbacks.push(settled);
      },
      close: () => Promise.resolve(),
      settle() {
        for (const settled of callbacks.splice(0)) settled();
        return flush();
      },
    };
    const lazy: Pick<RecordOutbox, 'owing' | 'write'> = {
      owing: (before, after) => outbox.owing(before, after),
      write: (flow) => outbox.write(flow),
    };
    const engine = testEngine({ store, control: willingControl(), records: lazy });
    const outbox = createRecordOutbox({ store, records, log: engine.log });
    return { ...engine, store, outbox, records };
  });
  return { memory, alive, all };
}

/** A call that is refused, so that its session ends. */
async function refuse({ engine, line }: Instance): Promise<void> {
  await engine.receive(offerOf({ from: PSTN, to: '+15550009999' }));
  await line(({ event }) => event === 'session.ended');
}

const idsOf = ({ records }: Instance) => records.written.map(({ sessionId }) => sessionId);
const ownerIn = async (store: FlowStore) => (await store.get(CALLER))?.recordOwner;

describe('a call record', () => {
  it('is owed from the step that ends the session until it was delivered', async () => {
    const { all } = instances('one');
    const one = all[0]!;
    const update = jest.spyOn(one.store, 'update');
    await refuse(one);
    const steps = await Promise.all(update.mock.results.map(({ value }) => value as ReturnType<FlowStore['update']>));
    const ended = steps.filter((step) => step?.flow.phase === 'ended');
    expect(ended.map((step) => step?.flow.recordOwner)).toEqual(['one']);
    expect(await ownerIn(one.store)).toBe('one');
    await one.records.settle();
    expect(await ownerIn(one.store)).toBeUndefined();
  });

  it.each([
    ['before it was written', () => undefined],
    ['while it was being delivered', (one: Instance) => refuse(one)],
  ])('is taken over by one of two others when its instance is lost %s', async (_, before) => {
    const { all, alive, memory } = instances('one', 'two', 'three');
    const [one, two, three] = all as [Instance, Instance, Instance];
    await before(one);
    // Lost right after the step that ended the session.
    if (idsOf(one).length === 0) await memory.create({ ...(await endedState()), recordOwner: 'one' });
    await two.outbox.sweep();
    expect(idsOf(two)).toEqual([]);
    alive.delete('one');
    await Promise.all([two.outbox.sweep(), three.outbox.sweep()]);
    expect([...idsOf(two), ...idsOf(three)]).toEqual([CALLER]);
    const taker = idsOf(two).length > 0 ? two : three;
    expect(taker.lines.find(({ event }) => event === 'call-record-taken-over')).toMatchObject({ instance: 'one' });
    await taker.outbox.sweep();
    await taker.records.settle();
    expect(idsOf(taker)).toEqual([CALLER]);
    expect(await ownerIn(memory)).toBeUndefined();
  });

  it('is written by its own instance where the reply to the last step was lost', async () => {
    const { all, memory } = instances('one');
    const one = all[0]!;
    one.store.update = async (id, transition) => {
      const decision = await memory.update(id, transition);
      if (decision?.flow.phase !== 'ended') return decision;
      one.store.update = (...args) => memory.update(...args);
      throw new StoreUnavailableError('no reply in time');
    };
    await one.engine.receive(offerOf({ from: PSTN, to: '+15550009999' }));
    await one.line(({ event }) => event === 'result-not-stored');
    expect(idsOf(one)).toEqual([]);
    await one.outbox.sweep();
    expect(idsOf(one)).toEqual([CALLER]);
  });

  it('that was delivered while the store was away is settled later, and not written again', async () => {
    const { all, memory } = instances('one');
    const one = all[0]!;
    await refuse(one);
    one.store.update = () => Promise.reject(new StoreUnavailableError('out of reach'));
    await one.records.settle();
    await expect(one.outbox.sweep()).rejects.toThrow(StoreUnavailableError);
    one.store.update = (...args) => memory.update(...args);
    await one.outbox.sweep();
    expect(await ownerIn(one.store)).toBeUndefined();
    expect(idsOf(one)).toEqual([CALLER]);
  });

  it('of a lost instance stays in the store while many wait here already', async () => {
    const { all, alive } = instances('one', 'two');
    const [one, two] = all as [Instance, Instance];
    await refuse(one);
    alive.delete('one');
    two.records.waiting = 1_000;
    await two.outbox.sweep();
    expect(idsOf(two)).toEqual([]);
    two.records.waiting = 999;
    await two.outbox.sweep();
    expect(idsOf(two)).toEqual([CALLER]);
  });

  it('that another version wrote does not keep the others', async () => {
    const { all, alive, memory } = instances('one', 'two');
    const [one, two] = all as [Instance, Instance];
    await refuse(one);
    alive.delete('one');
    two.store.owedRecords = () => Promise.resolve(['c-new', CALLER]);
    two.store.update = (id, transition) =>
      id === 'c-new' ? Promise.reject(new UnreadableStateError('of a newer version')) : memory.update(id, transition);
    await two.outbox.sweep();
    expect(idsOf(two)).toEqual([CALLER]);
    expect(two.lines.map(({ event }) => event)).toContain('call-record-not-taken-over');
  });

  it('is not owed to a store that ends with the process', async () => {
    const store = createMemoryStore();
    const records = { write: jest.fn<void, [SessionSummary, unknown]>(), close: () => Promise.resolve(), waiting: 0 };
    const outbox = createRecordOutbox({ store, records, log: testEngine().log });
    const parts = testEngine({ store, control: willingControl(), records: outbox });
    await parts.engine.receive(offerOf({ from: PSTN, to: '+15550009999' }));
    await parts.line(({ event }) => event === 'session.ended');
    expect(records.write.mock.calls).toEqual([[expect.objectContaining({ sessionId: CALLER })]]);
    expect(await ownerIn(store)).toBeUndefined();
    await outbox.sweep();
    expect(records.write).toHaveBeenCalledTimes(1);
  });
});

async function endedState() {
  const parts = testEngine({ control: willingControl() });
  await parts.engine.receive(offerOf({ from: PSTN, to: '+15550009999' }));
  await parts.line(({ event }) => event === 'session.ended');
  const flow = await parts.store.get(CALLER);
  if (!flow) throw new Error('no session');
  return flow;
}
