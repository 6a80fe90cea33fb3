/** Kills, freezes and pauses, in an order that is drawn from a seed. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Prng } from '../../../src/testkit/platform/prng';
import type { RedisServer } from '../../helpers/redis-server';
import type { Instance } from './instance';

const DISTURBANCES = ['kill', 'freeze', 'redis paused', 'redis stopped', 'redis killed'] as const;
export type Disturbance = (typeof DISTURBANCES)[number];

export interface Disturbed {
  what: string;
  /** Epoch ms. */
  from: number;
  to: number;
}

export interface DisturberOptions {
  instances: readonly Instance[];
  /** Starts an instance again. */
  restart: (instance: Instance) => Promise<void>;
  /** Before an instance is killed: what it has counted dies with it. */
  beforeKill: (instance: Instance) => Promise<void>;
  redis: Pick<RedisServer, 'pause' | 'resume' | 'stop' | 'kill' | 'start'>;
  prng: Prng;
  /** How often each is to happen. */
  plan: Record<Disturbance, number>;
  log: (line: string) => void;
}

export interface Disturber {
  /** Does all of the plan; when it resolves everything is up again. */
  run(): Promise<void>;
  readonly done: readonly Disturbed[];
}

export function createDisturber(options: DisturberOptions): Disturber {
  const { instances, restart, beforeKill, redis, prng, plan, log } = options;
  const done: Disturbed[] = [];
  /** What passes while other things happen: instances are killed and started while Redis is away, too. */
  const passing = new Set<Promise<void>>();
  let redisIsBack: Promise<void> = Promise.resolve();

  const failures: unknown[] = [];

  function inBackground(work: Promise<void>): Promise<void> {
    const tracked = work.catch((error: unknown) => void failures.push(error)).finally(() => passing.delete(tracked));
    passing.add(tracked);
    return tracked;
  }

  /** One trouble of Redis at a time. */
  async function troubleRedis(what: string, away: () => unknown, back: () => unknown, ms: number): Promise<void> {
    await redisIsBack;
    redisIsBack = inBackground(
      disturb(what, async () => {
        await away();
        await sleep(ms);
        await back();
      }),
    );
  }

  async function disturb(what: string, act: () => Promise<void>): Promise<void> {
    const entry: Disturbed = { what, from: Date.now(), to: Infinity };
    done.push(entry);
    log(`${what} …`);
    await act();
    entry.to = Date.now();
    log(`… ${what}: ${entry.to - entry.from} ms`);
  }

  /** One of those that this has happened to least; waits for one where all are frozen. */
  async function pickUp(what: (instance: Instance) => string): Promise<Instance> {
    for (;;) {
      const times = (instance: Instance): number => done.filter((entry) => entry.what === what(instance)).length;
      const up = instances.filter(({ isUp }) => isUp);
      const least = Math.min(...up.map(times));
      if (up.length > 0) return prng.pick(up.filter((instance) => times(instance) === least));
      await sleep(50);
    }
  }

  const acts: Record<Disturbance, () => Promise<void>> = {
    async kill() {
      const what = ({ name }: Instance): string => `SIGKILL of ${name}`;
      const instance = await pickUp(what);
      await beforeKill(instance);
      await disturb(what(instance), async () => {
        await instance.kill();
        await sleep(prng.between(300, 2_000));
        await restart(instance);
      });
    },
    async freeze() {
      const what = ({ name }: Instance): string => `${name} frozen`;
      const instance = await pickUp(what);
      const ms = prng.between(12_000, 15_000);
      void inBackground(
        disturb(what(instance), async () => {
          instance.freeze();
          await sleep(ms);
          instance.thaw();
        }),
      );
    },
    'redis paused': () =>
      troubleRedis(
        'redis paused',
        () => redis.pause(),
        () => redis.resume(),
        prng.between(2_000, 8_000),
      ),
    'redis stopped': () =>
      troubleRedis(
        'redis stopped',
        () => redis.stop(),
        () => redis.start(),
        prng.between(300, 1_500),
      ),
    'redis killed': () =>
      troubleRedis(
        'redis killed',
        () => redis.kill(),
        () => redis.start(),
        prng.between(300, 1_500),
      ),
  };

  return {
    done,
    async run() {
      const left = DISTURBANCES.flatMap((kind) => Array.from({ length: plan[kind] }, () => kind));
      while (left.length > 0) {
        const [kind] = left.splice(prng.between(0, left.length - 1), 1);
        await sleep(prng.between(500, 2_500));
        if (kind) await acts[kind]();
      }
      await Promise.all(passing);
      if (failures.length > 0) throw new AggregateError(failures, 'what was done to the processes went wrong');
    },
  };
}
