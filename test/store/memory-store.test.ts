import { createMemoryStore } from '../../src/store/memory-store';
import { describeFlowStore, endedFlow, pairFlow } from './contract';

describeFlowStore('the memory store', () => {
  const store = createMemoryStore();
  return Promise.resolve({ store, close: () => store.close() });
});

describe('the memory of ended flows', () => {
  const ids = async (store: ReturnType<typeof createMemoryStore>) =>
    (await store.list({ limit: 1_000 })).map(({ id }) => id).sort();

  it('is bounded: the first that ended is forgotten first, with its calls', async () => {
    const store = createMemoryStore({ maxEnded: 2 });
    const callee = { role: 'callee', callId: 'c-1b', state: 'gone' } as const;
    await store.create(endedFlow('c-1', 1_000, { callee }));
    await store.create(endedFlow('c-2', 2_000));
    expect(await store.idOfCall('c-1b')).toBe('c-1');
    await store.create(endedFlow('c-3', 3_000));
    expect(await ids(store)).toEqual(['c-2', 'c-3']);
    expect([await store.get('c-1'), await store.idOfCall('c-1'), await store.idOfCall('c-1b')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(await store.idOfCall('c-2')).toBe('c-2');
  });

  it('lasts for a while: what ended too long ago is forgotten when the next one ends', async () => {
    const store = createMemoryStore({ keepEndedMs: 1_000 });
    await store.create(endedFlow('c-1', 1_000));
    await store.create(endedFlow('c-2', 1_999));
    expect(await ids(store)).toEqual(['c-1', 'c-2']);
    await store.create(endedFlow('c-3', 2_000));
    expect(await ids(store)).toEqual(['c-2', 'c-3']);
  });

  it('never forgets a live flow', async () => {
    const store = createMemoryStore({ maxEnded: 1, keepEndedMs: 1 });
    await store.create(pairFlow('c-live'));
    for (let i = 0; i < 10; i++) await store.create(endedFlow(`c-${i}`, i * 1_000));
    expect(await ids(store)).toEqual(['c-9', 'c-live']);
  });

  it('moves a flow that ends, and keeps it once', async () => {
    const store = createMemoryStore();
    await store.create(pairFlow('c-1'));
    const end = () => ({ flow: endedFlow('c-1', 5_000), commands: [] });
    await store.update('c-1', end);
    await store.update('c-1', end);
    expect(await ids(store)).toEqual(['c-1']);
    expect([...(await store.countByPhase())]).toEqual([]);
  });

  it('is two thousand flows by default', async () => {
    const store = createMemoryStore();
    for (let i = 0; i < 2_100; i++) await store.create(endedFlow(`c-${i}`, 1_000));
    expect(await store.list({ limit: 5_000 })).toHaveLength(2_000);
  });
});
