import fc from 'fast-check';
import { StoreUnavailableError, UnreadableStateError } from '../../../src/store/errors';
import { WRITE } from '../../../src/store/redis/scripts';
import type { FlowStore } from '../../../src/store/store';
import type { Flow } from '../../../src/flows/flow';
import { describeWithRedis, startRedis, startRedisCluster, type RedisServer } from '../../helpers/redis-server';
import { endedFlow, pairFlow } from '../contract';
import { startLossyProxy, type LossyProxy } from './lossy-proxy';
import { append, closeStores, openStore, openStores, whatHappened } from './support';

const commands = async (redis: RedisServer, name: string): Promise<number> => {
  const stats = String(await redis.command('INFO', 'commandstats'));
  return Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
};

describeWithRedis('updates in Redis', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  beforeEach(() => redis.command('FLUSHALL'));
  afterEach(closeStores);
  afterAll(() => redis.close());

  it('loses none of fifty on one flow from four instances at once', async () => {
    const stores = await openStores(4, { url: redis.url });
    await stores[0]?.create(pairFlow('c-1'));
    const all = stores.flatMap((store, s) =>
      Array.from({ length: 50 }, (_, i) => store.update('c-1', append(`${s}/${i}`))),
    );
    await Promise.all(all);
    const flow = await stores[1]?.get('c-1');
    expect(flow).toMatchObject({ bridgeTries: 200 });
    expect(new Set(whatHappened(flow)).size).toBe(200);
  });

  it('reads and goes on with a state of the previous release, which has no schema number', async () => {
    const [old, current] = await openStores(2, { url: redis.url });
    await old?.create(pairFlow('c-1'));
    const key = 'tandem:{s00}:flow:c-1';
    const stored = String(await redis.command('GET', key));
    await redis.command('SET', key, stored.replace(/"schema":\d+,/, ''));
    expect(await current?.get('c-1')).toEqual(pairFlow('c-1'));
    await current?.update('c-1', append('new'));
    expect(String(await redis.command('GET', key))).toMatch(/"schema":\d+/);
    expect(whatHappened(await current?.get('c-1'))).toEqual(['new']);
  });

  it('leaves a state that it does not understand as it is, and lists the others', async () => {
    const [other, current] = await openStores(2, { url: redis.url });
    await other?.create(pairFlow('c-1'));
    await other?.create(pairFlow('c-2'));
    const key = 'tandem:{s00}:flow:c-1';
    const newer = String(await redis.command('GET', key)).replace('"bridge-legs"', '"conference"');
    await redis.command('SET', key, newer);
    await expect(current?.update('c-1', append('new'))).rejects.toThrow(UnreadableStateError);
    expect(await current?.create(pairFlow('c-1'))).toBe(false);
    expect(await redis.command('GET', key)).toBe(newer);
    expect((await current?.list({ limit: 10 }))?.map(({ id }) => id)).toEqual(['c-2']);
  });

  it('come out as some order of them, whatever interleaves', async () => {
    const stores = await openStores(4, { url: redis.url });
    const step = fc.record({ store: fc.nat(3), flow: fc.nat(2) });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 40 }), async (steps) => {
        const idOf = (flow: number) => `run-${run}-${flow}`;
        run++;
        const first = stores[0] as FlowStore;
        for (let flow = 0; flow < 3; flow++) await first.create(pairFlow(idOf(flow)));
        const decisions = await Promise.all(
          steps.map(async ({ store, flow }, i) => ({
            id: idOf(flow),
            own: `step ${i}`,
            seen: whatHappened((await stores[store]?.update(idOf(flow), append(`step ${i}`)))?.flow),
          })),
        );
        for (let flow = 0; flow < 3; flow++) {
          const id = idOf(flow);
          const kept = whatHappened(await first.get(id));
          const mine = decisions.filter((decision) => decision.id === id);
          expect([...kept].sort()).toEqual(mine.map(({ own }) => own).sort());
          for (const { own, seen } of mine) expect(seen).toEqual(kept.slice(0, kept.indexOf(own) + 1));
        }
      }),
      { numRuns: 30 },
    );
  });

  it('take one round trip where this instance made the last change, two where another one did', async () => {
    const [one, two] = await openStores(2, { url: redis.url });
    await one?.create(pairFlow('c-1'));
    await redis.command('CONFIG', 'RESETSTAT');
    await one?.update('c-1', append('a'));
    expect([await commands(redis, 'evalsha'), await commands(redis, 'get')]).toEqual([1, 0]);
    await two?.update('c-1', append('b')); // never seen: read, then written
    expect([await commands(redis, 'evalsha'), await commands(redis, 'get')]).toEqual([2, 1]);
    await one?.update('c-1', append('c')); // out of date: refused with what is there, then written
    // The get is that of the script.
    expect([await commands(redis, 'evalsha'), await commands(redis, 'get')]).toEqual([4, 2]);
    expect(whatHappened(await two?.get('c-1'))).toEqual(['a', 'b', 'c']);
  });

  it('never leave a decision that was made on what is out of date', async () => {
    const [one, two] = await openStores(2, { url: redis.url });
    await one?.create(pairFlow('c-1'));
    await two?.update('c-1', append('by two'));
    const seen: string[][] = [];
    const look = (flow: Flow) => {
      seen.push(whatHappened(flow));
      return { flow, commands: [] };
    };
    const decision = await one?.update('c-1', look);
    expect(whatHappened(decision?.flow)).toEqual(['by two']);
    expect(seen).toEqual([[], ['by two']]);
  });

  it('throw only what a transition throws on the flow as it is', async () => {
    const [one, two] = await openStores(2, { url: redis.url });
    await one?.create(pairFlow('c-1'));
    await two?.update('c-1', append('by two'));
    const picky = (flow: Flow) => {
      if (flow.timeline.length === 0) throw new Error('out of date');
      return append('picky')(flow);
    };
    await one?.update('c-1', picky);
    expect(whatHappened(await one?.get('c-1'))).toEqual(['by two', 'picky']);
  });

  it('go on when Redis has forgotten its scripts', async () => {
    const { store } = await openStore({ url: redis.url });
    await store.create(pairFlow('c-1', { wakeAt: 1 }));
    await redis.command('SCRIPT', 'FLUSH');
    await store.update('c-1', append('after'));
    await redis.command('SCRIPT', 'FLUSH');
    expect(await store.due(1_000, 10)).toEqual(['c-1']);
    expect(whatHappened(await store.get('c-1'))).toEqual(['after']);
  });

  it('find nothing when the flow has expired, and sweep up after it', async () => {
    const { store } = await openStore({ url: redis.url });
    await store.create(pairFlow('c-1', { wakeAt: 1_000 }));
    await redis.command('DEL', 'tandem:{s00}:flow:c-1');
    expect([...(await store.countByPhase())]).toEqual([['dialling', 1]]);
    expect(await store.update('c-1', append('late'))).toBeUndefined();
    expect([...(await store.countByPhase())]).toEqual([]);
    expect(await store.due(2_000, 10)).toEqual([]);
  });

  it('leave no key without an expiry', async () => {
    const { store } = await openStore({ url: redis.url, keepEndedMs: 60_000 });
    const callee = { role: 'callee', callId: 'c-1b', state: 'answered' } as const;
    await store.create(pairFlow('c-1', { callee }));
    await store.create(pairFlow('c-2', { callee: { ...callee, callId: 'c-2b' } }));
    await store.update('c-2', () => ({
      flow: endedFlow('c-2', 2_000, { callee: { ...callee, callId: 'c-2b' } }),
      commands: [],
    }));
    await store.due(1_000, 10);
    await store.claim('sweep', 5_000);
    const keys = (await redis.command('KEYS', '*')) as string[];
    const expiries = new Map<string, number>();
    for (const key of keys) expiries.set(key, Number(await redis.command('PTTL', key)));
    expect(keys.sort()).toEqual(
      [
        'tandem:call:c-1',
        'tandem:call:c-1b',
        'tandem:call:c-2',
        'tandem:call:c-2b',
        'tandem:claim:sweep',
        'tandem:instances',
        'tandem:{s00}:due',
        'tandem:{s00}:flow:c-1',
        'tandem:{s00}:flow:c-2',
        'tandem:{s00}:phase:dialling',
        'tandem:{s00}:phase:ended',
      ].sort(),
    );
    expect([...expiries.values()].filter((ms) => ms <= 0)).toEqual([]);
    // An ended one goes with its calls; a live one outlives the longest call and what may follow.
    for (const key of ['tandem:{s00}:flow:c-2', 'tandem:call:c-2', 'tandem:call:c-2b']) {
      expect(expiries.get(key)).toBeLessThanOrEqual(60_000);
    }
    const longest = 3_600_000 + 600_000;
    for (const key of ['tandem:{s00}:flow:c-1', 'tandem:call:c-1', 'tandem:call:c-1b', 'tandem:{s00}:due']) {
      expect(expiries.get(key)).toBeGreaterThan(longest);
    }
  });

  it('list so many ended flows and no more, and none that has expired', async () => {
    const { store } = await openStore({ url: redis.url, maxEnded: 3 });
    for (let i = 0; i < 5; i++) await store.create(endedFlow(`c-${i}`, 2_000, { createdAt: i }));
    await redis.command('DEL', 'tandem:{s00}:flow:c-3');
    expect((await store.list({ limit: 10 })).map(({ id }) => id)).toEqual(['c-4', 'c-2']);
    expect(await redis.command('ZCARD', 'tandem:{s00}:phase:ended')).toBe(2);
    expect(await store.get('c-0')).toMatchObject({ id: 'c-0' });
  });

  it('are refused, not lost, when Redis has no room', async () => {
    const { store } = await openStore({ url: redis.url });
    await store.create(pairFlow('c-1'));
    await redis.command('CONFIG', 'SET', 'maxmemory', '1');
    await expect(store.update('c-1', append('too much'))).rejects.toThrow(StoreUnavailableError);
    await redis.command('CONFIG', 'SET', 'maxmemory', '0');
    await store.update('c-1', append('again'));
    expect(whatHappened(await store.get('c-1'))).toEqual(['again']);
  });

  it('are in danger where Redis drops keys to make room, which is said', async () => {
    await redis.command('CONFIG', 'SET', 'maxmemory', '100mb', 'maxmemory-policy', 'allkeys-lru');
    const { line } = await openStore({ url: redis.url });
    await line(({ maxmemoryPolicy }) => maxmemoryPolicy === 'allkeys-lru');
    await redis.command('CONFIG', 'SET', 'maxmemory', '0', 'maxmemory-policy', 'noeviction');
  });

  describe('whose reply is lost', () => {
    let proxy: LossyProxy;
    beforeEach(async () => {
      proxy = await startLossyProxy(redis.port);
    });
    afterEach(() => proxy.close());

    it('are sent again, and take place once', async () => {
      const { store } = await openStore({ url: proxy.url });
      await store.create(pairFlow('c-1'));
      const lost = proxy.loseReplyTo(WRITE.sha1);
      await store.update('c-1', append('once'));
      await lost;
      expect(whatHappened(await store.get('c-1'))).toEqual(['once']);
      await store.update('c-1', append('and on'));
      expect(whatHappened(await store.get('c-1'))).toEqual(['once', 'and on']);
    });

    it('create a flow once, and say so', async () => {
      const { store } = await openStore({ url: proxy.url });
      const lost = proxy.loseReplyTo(WRITE.sha1);
      expect(await store.create(pairFlow('c-1'))).toBe(true);
      await lost;
      expect(await store.create(pairFlow('c-1'))).toBe(false);
    });

    it('are given up where the flow has changed since: nobody knows whether they took place', async () => {
      const { store } = await openStore({ url: proxy.url });
      const { store: other } = await openStore({ url: redis.url });
      await store.create(pairFlow('c-1'));
      const lost = proxy.loseReplyTo(WRITE.sha1).then(() => proxy.shut());
      const update = store.update('c-1', append('lost'));
      const outcome = update.catch((error: unknown) => error);
      await lost;
      await other.update('c-1', append('between'));
      proxy.open();
      expect(await outcome).toBeInstanceOf(StoreUnavailableError);
      expect(whatHappened(await store.get('c-1'))).toEqual(['lost', 'between']);
    });
  });
});

describeWithRedis('updates in a cluster', () => {
  it('loses none of fifty on each of four flows from four instances at once', async () => {
    const cluster = await startRedisCluster(3);
    const stores = await openStores(4, { url: cluster.url, cluster: true, limitMs: 20_000 });
    const ids = ['c-1', 'c-2', 'c-3', 'c-4'];
    for (const id of ids) await stores[0]?.create(pairFlow(id));
    await Promise.all(
      ids.flatMap((id) => stores.flatMap((store) => Array.from({ length: 50 }, () => store.update(id, append('x'))))),
    );
    for (const id of ids) expect(await stores[2]?.get(id)).toMatchObject({ bridgeTries: 200 });
    await closeStores();
    await cluster.close();
  }, 30_000);
});
