/** What a shutdown does to the calls that are up. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Engine } from './engine';
import { isLive, type Phase } from '../flows/flow';
import type { FlowStore } from '../store/store';
import type { Logger } from '../support/logger';

/**
 * Which calls end with this process. `all`: the platform is in this process too. `unbridged`: the sessions are in this
 * process; the platform keeps bridged calls up, and recovery adopts them later. `none`: the sessions are in a shared store.
 */
export type EndsWithProcess = 'all' | 'unbridged' | 'none';

export interface DrainDeps {
  engine: Pick<Engine, 'drain' | 'idle' | 'stopSessions'>;
  store: Pick<FlowStore, 'countByPhase'>;
  endsWithProcess: EndsWithProcess;
  /** How long calls may go on, ms. */
  drainMs: number;
  log: Logger;
}

const CHECK_MS = 100;
/** How long the commands that end the remaining calls may take, ms. */
const CUT_MS = 1_500;

/** Begins no session from now on, waits for those that would be cut, and ends the rest as `server-stopped`. */
export async function drain({ engine, store, endsWithProcess, drainMs, log }: DrainDeps): Promise<void> {
  engine.drain();
  const deadline = after(drainMs);
  const isCut = (phase: Phase): boolean =>
    isLive(phase) && endsWithProcess !== 'none' && (phase !== 'bridged' || endsWithProcess === 'all');
  const cutCalls = async () => [...(await store.countByPhase())].some(([phase, count]) => count > 0 && isCut(phase));

  while (!deadline.isOver && (await cutCalls().catch(() => false)))
    await Promise.race([deadline.promise, delay(CHECK_MS, undefined, { ref: false })]);
  await Promise.race([engine.idle(), deadline.promise]);

  const count = await engine.stopSessions(isCut);
  if (count === 0) return;
  log.warn(
    { event: 'calls-cut', count },
    'Calls were cut by the shutdown: raise DRAIN_SECONDS to let them go on longer',
  );
  await Promise.race([engine.idle(), after(CUT_MS).promise]);
}

/** A timer that keeps no process alive. */
export function after(ms: number): { isOver: boolean; promise: Promise<true> } {
  const timer = { isOver: ms === 0, promise: Promise.resolve(true as const) };
  if (ms > 0)
    timer.promise = new Promise((resolve) =>
      setTimeout(() => {
        timer.isOver = true;
        resolve(true);
      }, ms).unref(),
    );
  return timer;
}
