import { LEASE_MS } from '../../../src/store/store';
import type { FlowStore } from '../../../src/store/store';
import type { BridgeLegsFlow } from '../../../src/flows/flow';
import { describeWithRedis, startRedis, startRedisCluster } from '../../helpers/redis-server';
import { pairFlow } from '../contract';
import { append, closeStores, openStores } from './support';

const HUNG = { type: 'hang-up', id: 'hang-up c-1', at: 1, callId: 'c-1' } as const;
/** Longer than what was given out is waited for. */
const GIVEN_OUT_MS = 5_000;

function describeDue(
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
      stores = await openStores(4, { ...server.options, prefix: `due-${run++}` });
      store = stores[0] as FlowStore;
    });
    afterEach(closeStores);
    afterAll(() => server.close());

    it('gives each flow to one of four instances that ask at once, and all of them', async () => {
      const ids = Array.from({ length: 100 }, (_, i) => `c-${i}`);
      await Promise.all(ids.map((id, i) => store.create(pairFlow(id, { wakeAt: i }))));
      const given: string[] = [];
      for (let round = 0; round < 10; round++) {
        const answers = await Promise.all(stores.map((each) => each.due(1_000, 8)));
        for (const answer of answers) expect(answer.length).toBeLessThanOrEqual(8);
        given.push(...answers.flat());
      }
      expect(given.sort()).toEqual([...ids].sort());
    });

    it('gives the longest due first', async () => {
      for (const wakeAt of [30, 10, 20]) await store.create(pairFlow(`c-${wakeAt}`, { wakeAt }));
      expect(await store.due(100, 1)).toEqual(['c-10']);
      expect(await store.due(100, 1)).toEqual(['c-20']);
    });

    it('gives a flow out again where nothing became of it', async () => {
      await store.create(pairFlow('c-1', { wakeAt: 1_000 }));
      expect(await stores[1]?.due(1_000, 10)).toEqual(['c-1']); // and is gone
      expect(await stores[2]?.due(1_000 + GIVEN_OUT_MS - 1, 10)).toEqual([]);
      expect(await stores[2]?.due(1_000 + GIVEN_OUT_MS, 10)).toEqual(['c-1']);
    });

    it('gives no flow out again that was moved on', async () => {
      await store.create(pairFlow('c-1', { wakeAt: 1_000 }));
      await stores[1]?.due(1_000, 10);
      await stores[1]?.update('c-1', (flow) => ({
        flow: { ...(flow as BridgeLegsFlow), wakeAt: 60_000 },
        commands: [],
      }));
      expect(await stores[2]?.due(59_999, 10)).toEqual([]);
      expect(await stores[2]?.due(60_000, 10)).toEqual(['c-1']);
    });

    it('gives flows with commands under way that nothing was heard of for a lease', async () => {
      await store.create(pairFlow('c-1', { pending: [HUNG] }));
      await store.create(pairFlow('c-2'));
      const created = store.now();
      expect(await store.due(created + LEASE_MS - 2_000, 10)).toEqual([]);
      expect(await store.due(created + LEASE_MS, 10)).toEqual(['c-1']);
      await store.update('c-1', append('heard of'));
      const touched = store.now();
      expect(await store.due(touched + LEASE_MS - 2_000, 10)).toEqual([]);
      await store.update('c-1', (flow) => ({ flow: { ...(flow as BridgeLegsFlow), pending: [] }, commands: [] }));
      expect(await store.due(store.now() + 10 * LEASE_MS, 10)).toEqual([]);
    });

    it('lets one of four claim work, until the time is over', async () => {
      const claims = await Promise.all(stores.map((each) => each.claim('sweep', 60_000)));
      expect(claims.filter(Boolean)).toHaveLength(1);
      expect(await store.claim('brief', 1)).toBe(true);
      await new Promise((resolve) => setTimeout(resolve, 20)); // Redis' clock, which no test can move
      expect(await stores[1]?.claim('brief', 1_000)).toBe(true);
    });
  });
}

describeDue('what is due in Redis', async () => {
  const redis = await startRedis();
  return { options: { url: redis.url, cluster: false }, close: () => redis.close() };
});

describeDue('what is due in a cluster', async () => {
  const cluster = await startRedisCluster(3);
  return { options: { url: cluster.url, cluster: true }, close: () => cluster.close() };
});
