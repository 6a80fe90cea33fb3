import { createServer, type AddressInfo } from 'node:net';
import { StoreUnavailableError } from '../../../src/store/errors';
import { openRedisStore } from '../../../src/store/redis';
import { recordingLog, type LogLine } from '../../helpers/builders';
import {
  describeWithRedis,
  describeWithRedisTls,
  startRedis,
  startRedisCluster,
  type RedisServer,
} from '../../helpers/redis-server';
import { pairFlow } from '../contract';
import { startLossyProxy } from './lossy-proxy';
import { append, closeStores, openStore, whatHappened } from './support';

const LOST = 'redis-lost';
const BACK = 'redis-back';
/** More than an operation takes where Redis is there, on a slow machine too; each that rejects takes as long. */
const LIMIT_MS = 800;
const said = (lines: LogLine[], event: string) => lines.filter((line) => line.event === event);

describeWithRedis('Redis that goes away', () => {
  let redis: RedisServer;
  beforeEach(async () => {
    redis = await startRedis({ persistent: true, password: 'secret-word' });
  });
  afterEach(async () => {
    await closeStores();
    await redis.close();
  });

  it('is bridged where it is back within the limit', async () => {
    const { store, lines } = await openStore({ url: redis.url, limitMs: 20_000 });
    await store.create(pairFlow('c-1'));
    const updates: Promise<unknown>[] = [];
    const restarted = redis.restart();
    for (let i = 0; i < 50; i++) updates.push(store.update('c-1', append(`${i}`)));
    await Promise.all([restarted, ...updates]);
    expect(await store.get('c-1')).toMatchObject({ bridgeTries: 50 });
    expect(said(lines, LOST)).toHaveLength(1);
    expect(said(lines, BACK)).toHaveLength(1);
    expect(said(lines, BACK)[0]?.['afterMs']).toBeGreaterThan(0);
  });

  it('makes every operation reject in time, and comes back without a restart of Tandem', async () => {
    const { store, line } = await openStore({ url: redis.url, limitMs: LIMIT_MS });
    await store.create(pairFlow('c-1'));
    await redis.kill();
    const before = performance.now();
    const operations = [
      store.update('c-1', append('unheard')),
      store.update('c-1', append('unheard, too')),
      store.create(pairFlow('c-2')),
      store.get('c-1'),
      store.idOfCall('c-unknown'),
      store.due(1_000, 10),
      store.list({ limit: 10 }),
      store.countByPhase(),
      store.claim('sweep', 1_000),
      store.ping(),
    ];
    const outcomes = await Promise.all(operations.map((each) => each.catch((error: unknown) => error)));
    for (const outcome of outcomes) expect(outcome).toBeInstanceOf(StoreUnavailableError);
    expect(performance.now() - before).toBeLessThan(LIMIT_MS + 5_000);
    await redis.start();
    await line(({ event }) => event === BACK);
    await expect(store.ping()).resolves.toBeUndefined();
    await store.update('c-1', append('heard'));
    expect(whatHappened(await store.get('c-1'))).toEqual(['heard']);
  });

  it('may hang: what was given up is not done later, and what comes then is', async () => {
    const { store, lines, line } = await openStore({ url: redis.url, limitMs: LIMIT_MS });
    await store.create(pairFlow('c-1'));
    redis.pause();
    await expect(store.update('c-1', append('given up'))).rejects.toThrow(StoreUnavailableError);
    await expect(store.ping()).rejects.toThrow(StoreUnavailableError);
    // The time by which it was to be done passes before Redis goes on.
    await expect(store.get('c-1')).rejects.toThrow(StoreUnavailableError);
    redis.resume();
    await line(({ event }) => event === BACK);
    await store.update('c-1', append('after'));
    expect(whatHappened(await store.get('c-1'))).toEqual(['after']);
    expect(said(lines, LOST)).toHaveLength(1);
  });

  it('may hang for long: the connection is replaced until one answers', async () => {
    const { store, line } = await openStore({ url: redis.url, limitMs: LIMIT_MS, stallMs: 1.5 * LIMIT_MS });
    redis.pause();
    await expect(store.get('c-1')).rejects.toThrow(StoreUnavailableError);
    await expect(store.get('c-1')).rejects.toThrow(StoreUnavailableError);
    await expect(store.get('c-1')).rejects.toThrow('out of reach'); // no connection any more
    redis.resume();
    await line(({ event }) => event === BACK);
    expect(await store.get('c-1')).toBeUndefined();
  });

  it('may hold back writes alone (CLIENT PAUSE)', async () => {
    const { store } = await openStore({ url: redis.url, limitMs: LIMIT_MS });
    await store.create(pairFlow('c-1'));
    await redis.command('CLIENT', 'PAUSE', '20000', 'WRITE');
    await expect(store.update('c-1', append('given up'))).rejects.toThrow(StoreUnavailableError);
    await redis.command('CLIENT', 'UNPAUSE');
    await store.update('c-1', append('after'));
    const kept = whatHappened(await store.get('c-1'));
    expect(kept.at(-1)).toBe('after');
  });

  it('may be away at start: the store is there when Redis is', async () => {
    await redis.stop();
    const { store, lines, line } = await openStore({ url: redis.url, limitMs: LIMIT_MS });
    expect(said(lines, LOST)).toHaveLength(1);
    await expect(store.ping()).rejects.toThrow(StoreUnavailableError);
    expect(store.holdsLease()).toBe(false);
    await redis.start();
    await line(({ event }) => event === BACK);
    await expect(store.ping()).resolves.toBeUndefined();
    expect(store.holdsLease()).toBe(true);
  });

  it('never has its password told', async () => {
    const { store, lines } = await openStore({ url: redis.url, limitMs: LIMIT_MS });
    await redis.kill();
    const error: unknown = await store.ping().catch((thrown: unknown) => thrown);
    expect(JSON.stringify(lines) + String(error)).not.toContain('secret-word');
  });

  it('is left at once by a store that is closed, and others know', async () => {
    const { store: one } = await openStore({ url: redis.url });
    const { store: two } = await openStore({ url: redis.url });
    expect((await redis.command('ZRANGE', 'tandem:instances', '0', '-1')) as string[]).toHaveLength(2);
    await one.close();
    expect(await redis.command('ZRANGE', 'tandem:instances', '0', '-1')).toEqual([two.instance]);
    await expect(one.get('c-1')).rejects.toThrow(StoreUnavailableError);
  });

  it('at start is told with the address, and without the password', async () => {
    const { url, port } = redis;
    await redis.stop();
    const { lines } = await openStore({ url: url.replace('//', '//:secret@'), limitMs: LIMIT_MS });
    expect(lines).toContainEqual(expect.objectContaining({ level: 40, redis: `redis://127.0.0.1:${port}` }));
    expect(JSON.stringify(lines)).toContain('REDIS_URL');
    expect(JSON.stringify(lines)).not.toContain('secret');
  });

  it('does not keep a store from being closed', async () => {
    await redis.stop();
    const { store } = await openStore({ url: redis.url, limitMs: LIMIT_MS });
    const waiting = store.get('c-1').catch((error: unknown) => error);
    await store.close();
    expect(await waiting).toBeInstanceOf(StoreUnavailableError);
  });
});

describeWithRedis('Redis that answers and takes nothing', () => {
  let redis: RedisServer;
  beforeEach(async () => {
    redis = await startRedis();
  });
  afterEach(async () => {
    await closeStores();
    await redis.close();
  });

  it.each([
    ['is full', 'OOM', ['maxmemory', '1'], ['maxmemory', '0']],
    ['has too few replicas', 'NOREPLICAS', ['min-replicas-to-write', '1'], ['min-replicas-to-write', '0']],
  ])('because it %s counts as away, which is said once, and is back when it takes something', async (...row) => {
    const [, code, begin, end] = row;
    const { store, lines, line } = await openStore({ url: redis.url });
    await store.create(pairFlow('c-1'));
    await redis.command('CONFIG', 'SET', ...begin);
    // No event is needed to find out: the instance's own sign of life is refused.
    expect(await line(({ event }) => event === LOST)).toMatchObject({ err: expect.stringContaining(code) as string });
    for (let i = 0; i < 3; i++) {
      await expect(store.update('c-1', append('refused'))).rejects.toThrow(code);
      await expect(store.ping()).rejects.toThrow(code);
    }
    expect((await store.get('c-1'))?.id).toBe('c-1');
    await redis.command('CONFIG', 'SET', ...end);
    await line(({ event }) => event === BACK);
    await expect(store.ping()).resolves.toBeUndefined();
    await store.update('c-1', append('taken'));
    expect(whatHappened(await store.get('c-1'))).toEqual(['taken']);
    expect([said(lines, LOST), said(lines, BACK)].map(({ length }) => length)).toEqual([1, 1]);
  });

  it('because it became a replica counts as away until it is none', async () => {
    const primary = await startRedis();
    const { store, line } = await openStore({ url: redis.url, limitMs: 500 });
    await redis.command('REPLICAOF', '127.0.0.1', String(primary.port));
    expect(await line(({ event }) => event === LOST)).toMatchObject({
      err: expect.stringContaining('READONLY') as string,
    });
    await expect(store.create(pairFlow('c-1'))).rejects.toThrow(StoreUnavailableError);
    await expect(store.ping()).rejects.toThrow(StoreUnavailableError);
    await redis.command('REPLICAOF', 'NO', 'ONE');
    await line(({ event }) => event === BACK);
    expect(await store.create(pairFlow('c-1'))).toBe(true);
    await expect(store.ping()).resolves.toBeUndefined();
    await primary.close();
  });

  it('is not away where it refuses one command alone', async () => {
    const { store, lines } = await openStore({ url: redis.url });
    await redis.command('SET', 'tandem:{s00}:due', 'no sorted set');
    await expect(store.due(1_000, 10)).rejects.toThrow('WRONGTYPE');
    await expect(store.ping()).resolves.toBeUndefined();
    expect(said(lines, LOST)).toEqual([]);
  });
});

describeWithRedis('Redis that refuses', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis({ password: 'right' });
  });
  afterEach(closeStores);
  afterAll(() => redis.close());

  it.each([
    ['a wrong password', (port: number) => `redis://:wrong-secret@127.0.0.1:${port}`, 'check user and password'],
    ['a user that it does not know', (port: number) => `redis://nobody:right@127.0.0.1:${port}`, 'check user'],
    ['no password', (port: number) => `redis://127.0.0.1:${port}`, 'put user and password'],
    ['a database that it does not have', (port: number) => `redis://:right@127.0.0.1:${port}/99`, 'check the database'],
  ])('%s is an error at start, with its remedy', async (_what, url, remedy) => {
    const { log, lines } = recordingLog();
    const refusal: unknown = await openRedisStore({ url: url(redis.port), log }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'redis-refused' });
    expect(String(refusal)).toContain(remedy);
    expect(String(refusal)).toContain('REDIS_URL');
    expect(String(refusal) + JSON.stringify(lines)).not.toContain('wrong-secret');
  });

  it('rights that do not suffice are an error at start', async () => {
    await redis.command('ACL', 'SETUSER', 'poor', 'on', '>poor', '~tandem:*', '+@all', '-zadd');
    const url = `redis://poor:poor@127.0.0.1:${redis.port}`;
    const refusal: unknown = await openRedisStore({ url, log: recordingLog().log }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'redis-refused' });
  });

  it('a command that it does not know is an error at start, which does not repeat the password', async () => {
    const old = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => {
        socket.write(`-ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'default' 'my-secret' \r\n`);
      });
    });
    await new Promise<void>((resolve) => old.listen(0, '127.0.0.1', resolve));
    const { log, lines } = recordingLog();
    const url = `redis://:my-secret@127.0.0.1:${(old.address() as AddressInfo).port}`;
    const refusal: unknown = await openRedisStore({ url, log }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'redis-refused' });
    expect(String(refusal)).toContain("unknown command 'HELLO'");
    expect(String(refusal) + JSON.stringify(lines)).not.toContain('my-secret');
    await new Promise((resolve) => old.close(resolve));
  });

  it('a cluster that is none is an error at start', async () => {
    const refusal: unknown = await openRedisStore({
      url: redis.url,
      cluster: true,
      log: recordingLog().log,
    }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'redis-refused' });
    expect(String(refusal)).toContain('REDIS_CLUSTER');
  });

  it('a wrong password of a cluster is one, too', async () => {
    const cluster = await startRedisCluster(1);
    await cluster.nodes[0]?.command('CONFIG', 'SET', 'requirepass', 'right');
    const refusal: unknown = await openRedisStore({
      url: cluster.url,
      cluster: true,
      log: recordingLog().log,
    }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'redis-refused' });
    await cluster.close();
  });

  it('a password that is changed later is told once, and waited for', async () => {
    const changing = await startRedis({ password: 'right' });
    const proxy = await startLossyProxy(changing.port);
    const url = proxy.url.replace('//', '//:right@');
    const { store, line, lines } = await openStore({ url, limitMs: LIMIT_MS });
    await changing.command('CONFIG', 'SET', 'requirepass', 'other');
    const lost = proxy.loseReplyTo('PING');
    await store.ping().catch(() => undefined);
    await lost;
    await line(({ event }) => event === 'redis-refuses');
    await expect(store.get('c-1')).rejects.toThrow(StoreUnavailableError);
    const admin = await openStore({ url: `redis://:other@127.0.0.1:${changing.port}` });
    await admin.store.close();
    expect(said(lines, 'redis-refuses')).toHaveLength(1);
    await closeStores();
    await proxy.close();
    await changing.close();
  });
});

describeWithRedisTls('Redis whose certificate nobody vouches for', () => {
  it('is told with the remedy, and waited for', async () => {
    const redis = await startRedis({ tls: true });
    const { lines } = await openStore({ url: redis.url });
    expect(lines.find(({ event }) => event === 'redis-unreachable')).toMatchObject({
      err: expect.stringContaining('self-signed') as string,
      remedy: expect.stringContaining('NODE_EXTRA_CA_CERTS') as string,
    });
    await closeStores();
    await redis.close();
  });
});

describeWithRedis('a cluster of which a node goes away', () => {
  it('keeps the flows of the others within reach, and mends itself', async () => {
    const cluster = await startRedisCluster(3);
    const { store, line } = await openStore({ url: cluster.url, cluster: true, limitMs: 1_000 });
    for (const node of cluster.nodes) await node.command('CONFIG', 'SET', 'cluster-require-full-coverage', 'no');
    const ids = Array.from({ length: 30 }, (_, i) => `c-${i}`);
    for (const id of ids) await store.create(pairFlow(id));
    cluster.nodes[2]?.pause();
    const during = await Promise.allSettled(ids.map((id) => store.update(id, append('during'))));
    const reached = during.filter(({ status }) => status === 'fulfilled').length;
    expect(reached).toBeGreaterThan(5);
    expect(reached).toBeLessThan(30);
    await expect(store.ping()).rejects.toThrow(StoreUnavailableError);
    cluster.nodes[2]?.resume();
    await line(({ event }) => event === BACK);
    for (const [i, id] of ids.entries()) {
      await store.update(id, append('after'));
      const expected = during[i]?.status === 'fulfilled' ? ['during', 'after'] : ['after'];
      expect(whatHappened(await store.get(id))).toEqual(expected);
    }
    await closeStores();
    await cluster.close();
  }, 30_000);
});
