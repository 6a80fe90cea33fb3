/** The stub platform, the load balancer and the instances behind it, in one folder of their own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createStubPlatform, type Faults, type StubPlatform } from '../../../src/testkit/platform';
import { createPrng } from '../../../src/testkit/platform/prng';
import { createInstance, type Instance } from './instance';
import { startLoadBalancer, type LoadBalancer, type LoadBalancerOptions } from './load-balancer';

/** How far the second instance's clock is off, in turn from life to life, ms. */
const SKEWS = [90_000, -90_000];

export interface WorldOptions {
  seed: number;
  names: readonly string[];
  faults: Faults;
  commandTimeoutMs: number;
  /**
   * When Tandem first looks at the legs itself. Where each call has to end for its exact reason, that must be well after
   * the event that says why, on a slow machine too: a look only shows that a leg is gone.
   */
  legCheckSeconds?: number;
  balancing?: LoadBalancerOptions;
  /** Undefined: the memory store. */
  redisUrl?: string;
  /** Whether the second instance's clock is wrong. */
  skewed?: boolean;
}

export interface World {
  readonly stub: StubPlatform;
  readonly balancer: LoadBalancer;
  readonly instances: readonly Instance[];
  /** Begins the next life of an instance. */
  start: (instance: Instance) => Promise<void>;
  close(): Promise<void>;
}

export async function startWorld(options: WorldOptions): Promise<World> {
  const { seed, names, faults, commandTimeoutMs, legCheckSeconds = 1, balancing, redisUrl, skewed = false } = options;
  const folder = mkdtempSync(join(tmpdir(), 'tandem-chaos-'));
  // callTimeout ends at 0.7 s.
  const stub = createStubPlatform({ seed, timeScale: 0.35, faults });
  await stub.start();
  const instances = names.map((name) => createInstance(name, folder));
  const balancer = await startLoadBalancer(instances, createPrng(seed).fork('balancer'), balancing);
  stub.setIncomingCallUrl(`${balancer.url}/webhooks/voice`);

  const start = (instance: Instance): Promise<void> => {
    const skewMs = skewed && instance === instances[1] ? (SKEWS[instance.startedAt.length % 2] ?? 0) : 0;
    const env = {
      BANDWIDTH_API_URL: stub.url,
      BANDWIDTH_USER_ID: stub.user.id,
      BANDWIDTH_API_TOKEN: stub.user.token,
      BANDWIDTH_API_SECRET: stub.user.secret,
      PUBLIC_BASE_URL: balancer.url,
      CALL_TIMEOUT_SECONDS: '2',
      COMMAND_TIMEOUT_MS: String(commandTimeoutMs),
      LEG_CHECK_SECONDS: String(legCheckSeconds),
      RECOVERY_SECONDS: '5',
      ...(redisUrl !== undefined && { REDIS_URL: redisUrl }),
    };
    return instance.start(env, skewMs);
  };

  const close = async (): Promise<void> => {
    await Promise.all(instances.map((instance) => instance.kill()));
    await balancer.close();
    await stub.close();
    // CHAOS_KEEP=1 leaves the logs for a second look.
    if (process.env['CHAOS_KEEP'] === undefined) rmSync(folder, { recursive: true, force: true });
    else process.stdout.write(`logs: ${folder}\n`);
  };
  try {
    await Promise.all(instances.map(start));
  } catch (error) {
    await close();
    throw error;
  }
  return { stub, balancer, instances, start, close };
}
