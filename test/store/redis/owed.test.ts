/** Ended sessions whose call record is not delivered yet, as Redis keeps them. */
import { LEASE_MS, type FlowStore } from '../../../src/store/store';
import type { Decision, Flow } from '../../../src/flows/flow';
import { describeWithRedis, startRedis, startRedisCluster, type RedisServer } from '../../helpers/redis-server';
import { endedFlow, pairFlow } from '../contract';
import { append, closeStores, openStores } from './support';

const AGAIN_MS = 15_000;

const endOwing = (flow: Flow): Decision => ({
  flow: { ...flow, phase: 'ended', reason: 'completed', endedAt: 2_000, recordOwner: 'one' },
  commands: [],
});
const settle = (flow: Flow): Decision => {
  const settled = { ...flow };
  delete settled.recordOwner;
  return { flow: settled, commands: [] };
};

function describeOwed(
  name: string,
  open: () => Promise<{ options: { url: string; cluster: boolean }; close(): Promise<void> }>,
) {
  describeWithRedis(name, () => {
    let server: Awaited<ReturnType<typeof open>>;
    let stores: FlowStore[];
    let store: FlowStore;
    let run = 0;
    beforeAll(async () => {
      server = await open();
    }, 30_000);
    beforeEach(async () => {
      stores = await openStores(4, { ...server.options, prefix: `owed-${run++}` });
      store = stores[0] as FlowStore;
    });
    afterEach(closeStores);
    afterAll(() => server.close());

    const owed = async (afterMs: number, each = store) => each.owedRecords?.(store.now() + afterMs, 100);

    it('are given from a lease after the end until they are settled, and no others', async () => {
      for (const id of ['c-1', 'c-2', 'c-3']) await store.create(pairFlow(id));
      await store.update('c-1', endOwing);
      await store.update('c-2', (flow) => settle(endOwing(flow).flow));
      await store.create(endedFlow('c-4', 2_000, { recordOwner: 'one' }));
      expect(await owed(LEASE_MS - 2_000)).toEqual([]);
      await store.update('c-1', settle);
      expect(await owed(LEASE_MS)).toEqual(['c-4']);
      expect(await store.get('c-1')).not.toHaveProperty('recordOwner');
      expect(await store.due(store.now() + 10 * LEASE_MS, 100)).not.toContain('c-4');
    });

    it('are given to one of four instances that ask at once, and again after a while', async () => {
      const ids = Array.from({ length: 50 }, (_, i) => `c-${i}`).sort();
      for (const id of ids) await store.create(endedFlow(id, 2_000, { recordOwner: 'one' }));
      const given = await Promise.all(stores.map((each) => owed(LEASE_MS, each)));
      expect(given.flat().sort()).toEqual(ids);
      expect(await owed(LEASE_MS + AGAIN_MS - 2_000)).toEqual([]);
      expect((await owed(LEASE_MS + AGAIN_MS))?.sort()).toEqual(ids);
    });

    it('are settled by any instance, whatever came in between', async () => {
      await store.create(pairFlow('c-1'));
      await store.update('c-1', endOwing);
      await stores[1]?.update('c-1', append('late event'));
      await store.update('c-1', settle);
      expect(await stores[1]?.get('c-1')).toMatchObject({ phase: 'ended', timeline: [{ what: 'late event' }] });
      expect(await owed(10 * LEASE_MS)).toEqual([]);
    });
  });
}

describeOwed('owed call records in Redis', async () => {
  const redis = await startRedis();
  return { options: { url: redis.url, cluster: false }, close: () => redis.close() };
});

describeOwed('owed call records in a cluster', async () => {
  const cluster = await startRedisCluster(3);
  return { options: { url: cluster.url, cluster: true }, close: () => cluster.close() };
});

describeWithRedis('an ended session in Redis', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterEach(closeStores);
  afterAll(() => redis.close());

  it('outlives an outage of a day while its record is owed, and the keys of others do not grow', async () => {
    const [store] = await openStores(1, { url: redis.url, keepEndedMs: 60_000 });
    const lifeOf = async (id: string) => Number(await redis.command('PTTL', `tandem:{s00}:flow:${id}`));
    await store?.create(pairFlow('c-1'));
    await store?.update('c-1', endOwing);
    expect(await lifeOf('c-1')).toBeGreaterThan(24 * 3_600_000);
    expect(Number(await redis.command('PTTL', 'tandem:{s00}:owed'))).toBeGreaterThan(24 * 3_600_000);
    expect(Number(await redis.command('PTTL', 'tandem:call:c-1'))).toBeLessThanOrEqual(60_000);
    await store?.update('c-1', settle);
    expect(await lifeOf('c-1')).toBeLessThanOrEqual(60_000);
    await store?.create(endedFlow('c-2', 2_000));
    expect(await redis.command('EXISTS', 'tandem:{s00}:owed')).toBe(0);
  });

  it('that expired all the same is forgotten', async () => {
    const [store] = await openStores(1, { url: redis.url });
    await store?.create(endedFlow('c-3', 2_000, { recordOwner: 'one' }));
    const [other] = await openStores(1, { url: redis.url });
    await redis.command('DEL', 'tandem:{s00}:flow:c-3');
    expect(await other?.update('c-3', settle)).toBeUndefined();
    expect(await redis.command('ZCARD', 'tandem:{s00}:owed')).toBe(0);
  });
});
