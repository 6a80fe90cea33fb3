import type { CommandSender } from '../../../src/store/redis/command-sender';
import type { Connection } from '../../../src/store/redis/connection';
import { createHeartbeat } from '../../../src/store/redis/heartbeat';
import { createKeys } from '../../../src/store/redis/keys';
import { createInternalErrors } from '../../../src/support/internal-errors';
import { LEASE_MS } from '../../../src/store/store';
import { recordingLog } from '../../helpers/builders';

const keys = createKeys('tandem', 1);
/** Redis' clock is not this machine's. */
const SERVER_AHEAD_MS = 3_600_000;

/** A Redis that answers as the script does, or not at all. */
function playRedis() {
  const state = { reachable: true, others: new Set<string>(), added: 0, aheadMs: SERVER_AHEAD_MS };
  const start = Date.now() - performance.now();
  const sender: CommandSender = {
    command: () => Promise.resolve({ reply: 1, resent: false }),
    script(_script, _keys, [own = '']) {
      if (!state.reachable) return Promise.reject(new Error('out of reach'));
      const now = start + performance.now() + state.aheadMs;
      const reply = [String(Math.floor(now / 1_000)), String(Math.round((now % 1_000) * 1_000)), state.added];
      return Promise.resolve({ reply: [...reply, [own, ...state.others]], resent: false });
    },
  };
  const connection: Connection = {
    ...sender,
    deadline: () => performance.now() + 3_000,
    ping: () => Promise.resolve(),
    start: () => Promise.resolve(),
    close: () => undefined,
  };
  return { state, connection };
}

describe('the heartbeat', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  async function begun() {
    const redis = playRedis();
    const heartbeat = createHeartbeat(keys, createInternalErrors(recordingLog().log));
    await heartbeat.beat(redis.connection);
    heartbeat.start(redis.connection);
    return { ...redis, heartbeat };
  }

  it('takes everybody for alive until a lease has passed, then those who were heard of', async () => {
    const { heartbeat, state } = await begun();
    state.others.add('here');
    await jest.advanceTimersByTimeAsync(LEASE_MS - 1);
    expect([heartbeat.isAlive('here'), heartbeat.isAlive('gone')]).toEqual([true, true]);
    await jest.advanceTimersByTimeAsync(1);
    expect([heartbeat.isAlive('here'), heartbeat.isAlive('gone')]).toEqual([true, false]);
    state.others.clear();
    await jest.advanceTimersByTimeAsync(1_000);
    expect([heartbeat.isAlive('here'), heartbeat.isAlive(heartbeat.instance)]).toEqual([false, true]);
    await heartbeat.close(playRedis().connection);
  });

  it.each([
    ['an outage', (redis: ReturnType<typeof playRedis>) => void (redis.state.reachable = false)],
    ['a broken connection', (_: unknown, heartbeat: { disturb(): void }) => heartbeat.disturb()],
    ['names that were lost', (redis: ReturnType<typeof playRedis>) => void (redis.state.added = 1)],
    ['a step of the clock', (redis: ReturnType<typeof playRedis>) => void (redis.state.aheadMs += 5_000)],
  ])('takes everybody for alive for another lease after %s', async (_what, happen) => {
    const { heartbeat, ...redis } = await begun();
    await jest.advanceTimersByTimeAsync(2 * LEASE_MS);
    expect(heartbeat.isAlive('gone')).toBe(false);
    happen(redis, heartbeat);
    await jest.advanceTimersByTimeAsync(4_000);
    expect(heartbeat.isAlive('gone')).toBe(true);
    Object.assign(redis.state, { reachable: true, added: 0 });
    await jest.advanceTimersByTimeAsync(LEASE_MS - 4_000);
    expect(heartbeat.isAlive('gone')).toBe(true);
    await jest.advanceTimersByTimeAsync(6_000);
    expect(heartbeat.isAlive('gone')).toBe(false);
    await heartbeat.close(redis.connection);
  });

  it('holds the lease for half of it after the last beat that was answered', async () => {
    const { heartbeat, state, connection } = await begun();
    expect(heartbeat.holdsLease()).toBe(true);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(heartbeat.holdsLease()).toBe(true);
    state.reachable = false;
    await jest.advanceTimersByTimeAsync(LEASE_MS / 2 - 1);
    expect(heartbeat.holdsLease()).toBe(true);
    await jest.advanceTimersByTimeAsync(1);
    expect(heartbeat.holdsLease()).toBe(false);
    state.reachable = true;
    await jest.advanceTimersByTimeAsync(1_000);
    expect(heartbeat.holdsLease()).toBe(true);
    await heartbeat.close(connection);
    expect(heartbeat.holdsLease()).toBe(false);
  });

  it('has no lease before its first beat', () => {
    expect(createHeartbeat(keys, createInternalErrors(recordingLog().log)).holdsLease()).toBe(false);
  });

  it('tells the time of Redis, whatever Date says', async () => {
    const start = Date.now();
    const { heartbeat, connection } = await begun();
    expect(Math.abs(heartbeat.now() - (start + SERVER_AHEAD_MS))).toBeLessThanOrEqual(1);
    jest.setSystemTime(start - 86_400_000);
    await jest.advanceTimersByTimeAsync(2_500);
    expect(Math.abs(heartbeat.now() - (start + SERVER_AHEAD_MS + 2_500))).toBeLessThanOrEqual(1);
    await heartbeat.close(connection);
  });

  it('leaves no timer when it is closed', async () => {
    const { heartbeat, connection } = await begun();
    await heartbeat.close(connection);
    expect(jest.getTimerCount()).toBe(0);
  });
});
