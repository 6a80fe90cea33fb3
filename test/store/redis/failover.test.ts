import { messageOf } from '../../../src/support/errors';
import { StoreUnavailableError } from '../../../src/store/errors';
import { createKeys } from '../../../src/store/redis/keys';
import type { FlowStore } from '../../../src/store/store';
import { describeWithRedis, startRedisCluster, type RedisCluster, type RedisServer } from '../../helpers/redis-server';
import { pairFlow } from '../contract';
import { append, closeStores, openStore, whatHappened } from './support';

const IDS = Array.from({ length: 30 }, (_, i) => `c-${i}`);
const SLOTS = 16_384;
/** Far beyond what a cluster with a node timeout of two seconds needs. */
const PATIENCE_MS = 30_000;

describeWithRedis('a cluster that changes', () => {
  let cluster: RedisCluster;
  let store: FlowStore;
  // Each test leaves other masters behind.
  beforeEach(async () => {
    cluster = await startRedisCluster(3, { replicas: true });
    ({ store } = await openStore({ url: cluster.url, cluster: true, limitMs: 1_000, stallMs: 1_500 }));
    for (const id of IDS) await store.create(pairFlow(id));
  }, 30_000);
  afterEach(async () => {
    await closeStores();
    await cluster.close();
  });

  /** Updates all flows until each update was taken, at most once a flow at a time; what was acknowledged must be kept. */
  async function updateUntilAllAreTaken(what: string, on = store): Promise<number> {
    const acknowledged = new Map<string, string[]>(IDS.map((id) => [id, []]));
    const patienceEnds = performance.now() + PATIENCE_MS;
    let refused = 0;
    for (let round = 0, all = false; !all; round++) {
      if (performance.now() > patienceEnds) throw new Error(`${what}: updates are still refused`);
      const taken = await Promise.all(
        IDS.map(async (id) => {
          const name = `${what} ${round}`;
          const decision = await on.update(id, append(name)).catch((error: unknown) => {
            expect(error).toBeInstanceOf(StoreUnavailableError);
            refused++;
            return 'refused' as const;
          });
          if (decision === 'refused') return false;
          expect(decision).toBeDefined();
          acknowledged.get(id)?.push(name);
          return true;
        }),
      );
      all = taken.every(Boolean);
    }
    for (const [id, names] of acknowledged) {
      const kept = whatHappened(await on.get(id));
      for (const name of names) expect(kept.filter((each) => each === name)).toEqual([name]);
    }
    return refused;
  }

  /** A part of the cluster for which there was no work is asked for now and then, and may be known to be back a little later. */
  async function untilReady(): Promise<void> {
    const patienceEnds = performance.now() + PATIENCE_MS;
    for (;;) {
      const fault: unknown = await store.ping().catch((error: unknown) => error);
      if (fault === undefined) return;
      if (performance.now() > patienceEnds) throw new Error(`still not ready: ${messageOf(fault)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  it('loses nothing and refuses nothing while the slot of a shard moves', async () => {
    const patient = (await openStore({ url: cluster.url, cluster: true })).store;
    const shard = createKeys('tandem', 64).shardOf('c-0');
    const slot = Number(await cluster.nodes[0]?.command('CLUSTER', 'KEYSLOT', shard));
    const from = Math.floor((slot * 3) / SLOTS);
    let moving = true;
    const moved = moveSlot(cluster, slot, from, (from + 1) % 3).finally(() => (moving = false));
    let refused = 0;
    for (let i = 0; moving; i++) {
      refused += await updateUntilAllAreTaken(`moving ${i}`, patient);
      expect(await patient.create(pairFlow(`new-${i}`))).toBe(true);
    }
    await moved;
    expect(refused).toBe(0);
    await untilReady();
  }, 30_000);

  it('goes on with the replica of a master that hangs, even if it is the one that was named', async () => {
    await everythingIsCopied(cluster);
    cluster.nodes[0]?.pause();
    await expect(store.ping()).rejects.toThrow(StoreUnavailableError);
    expect(await updateUntilAllAreTaken('one hangs')).toBeGreaterThan(0);
    await untilReady();
    cluster.nodes[0]?.resume();
    await updateUntilAllAreTaken('it goes on, as a replica');
  }, 60_000);

  it('goes on with the replica of a master that is killed, and when that comes back', async () => {
    await everythingIsCopied(cluster);
    await cluster.nodes[1]?.kill();
    await updateUntilAllAreTaken('one is gone');
    await untilReady();
    await cluster.nodes[1]?.start();
    await updateUntilAllAreTaken('it is back, as a replica');
  }, 60_000);
});

/** As redis-cli does: what is not there any more is asked for at the other node meanwhile. */
async function moveSlot(cluster: RedisCluster, slot: number, from: number, to: number): Promise<void> {
  const [source, target] = [cluster.nodes[from], cluster.nodes[to]] as [RedisServer, RedisServer];
  const [sourceId, targetId] = [await source.command('CLUSTER', 'MYID'), await target.command('CLUSTER', 'MYID')];
  const name = String(slot);
  await target.command('CLUSTER', 'SETSLOT', name, 'IMPORTING', String(sourceId));
  await source.command('CLUSTER', 'SETSLOT', name, 'MIGRATING', String(targetId));
  for (;;) {
    const keys = (await source.command('CLUSTER', 'GETKEYSINSLOT', name, '1')) as string[];
    if (keys.length === 0) break;
    await source.command('MIGRATE', '127.0.0.1', String(target.port), '', '0', '5000', 'KEYS', ...keys);
  }
  for (const node of [target, source]) await node.command('CLUSTER', 'SETSLOT', name, 'NODE', String(targetId));
}

/** A replica that takes over has what was copied by then, and no more. */
async function everythingIsCopied(cluster: RedisCluster): Promise<void> {
  const roles = await Promise.all(cluster.nodes.map((node) => node.command('ROLE')));
  for (const [i, node] of cluster.nodes.entries()) {
    const role = roles[i];
    if (!Array.isArray(role) || role[0] !== 'master') continue;
    const offset = Number(role[1]);
    const copied = async () => {
      const [, , replicas] = (await node.command('ROLE')) as [string, number, [string, string, string][]];
      return replicas.some(([, , at]) => Number(at) >= offset);
    };
    while (!(await copied())) await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
