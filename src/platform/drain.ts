/** Drains the platform: waits for the end of its calls, then ends the rest. */
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
  hangUpPhones: () => void;
  /** How long calls may continue, ms. */
  drainMs: number;
  log: Logger;
}

/** Time limit for the delivery of the last events, ms. */
const EVENTS_MS = 1_500;

/** Resolves when no call is left, and the last events are delivered or have failed. */
export async function drainCalls({ calls, hangUpPhones, drainMs, log }: DrainDeps): Promise<void> {
  const live = (): Call[] => calls.list({}).filter(({ over }) => !over);
  const ended = async (): Promise<void> => {
    // A transfer may dial a new call while others end.
    for (let left = live(); left.length > 0; left = live()) await Promise.all(left.map(endOf));
  };
  await within(drainMs, ended());

  const cut = live();
  if (cut.length > 0) {
    log.warn(
      { event: 'calls-cut', count: cut.length },
      'the shutdown ended active calls; increase DRAIN_SECONDS to give them more time',
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
