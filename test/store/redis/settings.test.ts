import { openRedisStore } from '../../../src/store/redis';
import { createKeys } from '../../../src/store/redis/keys';
import { checkPrefix, readRedisUrl } from '../../../src/store/redis/settings';
import { recordingLog } from '../../helpers/builders';

describe('the URL of Redis', () => {
  it.each([
    ['redis://localhost', { host: 'localhost', port: 6_379, tls: false, database: 0 }],
    ['redis://10.0.0.1:7000/2', { host: '10.0.0.1', port: 7_000, tls: false, database: 2 }],
    ['rediss://[::1]:6380/', { host: '::1', port: 6_380, tls: true, database: 0 }],
    ['redis://:p%40ss@h', { host: 'h', port: 6_379, tls: false, database: 0, password: 'p@ss' }],
    ['redis://me:p@h', { host: 'h', port: 6_379, tls: false, database: 0, username: 'me', password: 'p' }],
  ])('%s is understood', (url, address) => expect(readRedisUrl(url, false)).toEqual(address));

  it.each([
    ['localhost:6379', 'write'],
    ['http://localhost', 'write'],
    ['redis://', 'write'],
    ['redis://h/first', 'number of a database'],
    ['redis://u/secret@h', '%2F'],
    ['redis://u:%zz-secret@h', '%25'],
    ['', 'write'],
  ])('%j is refused, with the setting and the remedy, and without being repeated', async (url, remedy) => {
    const refusal = await openRedisStore({ url, log: recordingLog().log }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'redis-url' });
    expect(String(refusal)).toContain('REDIS_URL');
    expect(String(refusal)).toContain(remedy);
    expect(String(refusal)).not.toContain('secret');
  });

  it('names no database of a cluster', () => {
    expect(() => readRedisUrl('redis://h/1', true)).toThrow('no database but 0');
    expect(readRedisUrl('redis://h/0', true).database).toBe(0);
  });

  it.each(['', 'a{b', 'a}b', 'a b'])('the prefix %j is refused', (prefix) => {
    expect(() => checkPrefix(prefix)).toThrow('prefix');
  });
});

describe('the names of keys', () => {
  it('keep all of a flow in one slot', () => {
    const keys = createKeys('tandem', 64);
    const shard = keys.shardOf('c-{odd}-1');
    expect(shard).toMatch(/^\{s\d\d\}$/);
    for (const key of [keys.flow('c-{odd}-1'), keys.due(shard), keys.phase(shard, 'bridged')]) {
      expect(/\{(.*?)\}/.exec(key)?.[0]).toBe(shard);
    }
  });

  it('spread flows over all shards', () => {
    const keys = createKeys('tandem', 64);
    const used = new Map<string, number>();
    for (let i = 0; i < 6_400; i++) {
      const shard = keys.shardOf(`c-${i}`);
      used.set(shard, (used.get(shard) ?? 0) + 1);
    }
    expect(used.size).toBe(64);
    expect(Math.max(...used.values())).toBeLessThan(200);
  });
});
