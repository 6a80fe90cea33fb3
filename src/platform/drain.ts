/** The end of a platform that has calls: no new ones, a while for those that are there, then it ends them itself. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../support/logger';
import type { Call } from './calls/call';
import type { Calls } from './calls/calls';

/** Whether new calls are accepted. */
export interface Intake {
  readonly open: boolean;
}

export interface DrainDeps {
  calls: Calls;
  /** Hangs up every phone. */
  hangUpPhones: () => void;
  /** How long calls may go on, ms. */
  drainMs: number;
  log: Logger;
}

/** How long the last events may take to be delivered, ms. */
const EVENTS_MS = 1_500;

/** @returns when no call is left, and the applications know it as far as they can be reached */
export async function drainCalls({ calls, hangUpPhones, drainMs, log }: DrainDeps): Promise<void> {
  const live = (): Call[] => calls.list({}).filter(({ over }) => !over);
  const ended = async (): Promise<void> => {
    // A transfer may dial while the others end.
    for (let left = live(); left.length > 0; left = live()) await Promise.all(left.map(endOf));
  };
  await within(drainMs, ended());

  const cut = live();
  if (cut.length > 0) {
    log.warn(
      { event: 'calls-cut', count: cut.length },
      'Calls were cut by the shutdown: raise DRAIN_SECONDS to let them go on longer',
    );
    hangUpPhones();
    for (const call of cut) call.stop();
  }
  await within(EVENTS_MS, Promise.all(calls.list({}).map((call) => call.settled())));
}

function endOf(call: Call): Promise<void> {
  return new Promise((resolve) => call.watch({ ended: () => resolve() }));
}

async function within(ms: number, done: Promise<unknown>): Promise<void> {
  const timer = new AbortController();
  const late = delay(ms, undefined, { signal: timer.signal }).catch(() => undefined);
  await Promise.race([done, late]);
  timer.abort();
}
