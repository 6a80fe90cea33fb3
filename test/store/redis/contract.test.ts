import { openRedisStore, type RedisStoreOptions } from '../../../src/store/redis';
import { recordingLog } from '../../helpers/builders';
import {
  describeWithRedis,
  describeWithRedisTls,
  startRedis,
  startRedisCluster,
  type RedisCluster,
  type RedisServer,
  type RedisServerOptions,
} from '../../helpers/redis-server';
import { describeFlowStore } from '../contract';

function describeOn(name: string, server: RedisServerOptions, options: (server: RedisServer) => object = () => ({})) {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis(server);
  });
  beforeEach(() => redis.command('FLUSHALL'));
  afterAll(() => redis.close());
  describeFlowStore(name, () => opened({ url: redis.url, ...options(redis) }));
}

async function opened(options: Omit<RedisStoreOptions, 'log'>) {
  const store = await openRedisStore({ ...options, log: recordingLog().log });
  return { store, close: () => store.close() };
}

describeWithRedis('one server', () => {
  describeOn('the Redis store', {});
});

describeWithRedis('a server with a password, a prefix and another database', () => {
  describeOn('the Redis store', { password: 'p@ss:w/rd?' }, ({ url }) => ({ url: `${url}/3`, prefix: 'shop:tandem' }));
});

describeWithRedisTls('a server that speaks TLS', () => {
  describeOn('the Redis store', { tls: true, password: 'secret' }, ({ ca }) => ({ tls: { ca } }));
});

describeWithRedis('a cluster of three', () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster(3);
  }, 30_000);
  beforeEach(() => Promise.all(cluster.nodes.map((node) => node.command('FLUSHALL'))));
  afterAll(() => cluster.close());
  describeFlowStore('the Redis store', () => opened({ url: cluster.url, cluster: true }));
});
