import type { Decision, Flow } from '../../flows/flow';
import type { Deadline } from './command-sender';
import { createKeyedMutex } from './keyed-mutex';
import { StateWriter, type WriterOptions } from './state-writer';

export interface Writer {
  create(flow: Flow): Promise<boolean>;
  update(id: string, transition: (flow: Flow) => Decision): Promise<Decision | undefined>;
  /** Drops what the sorted sets say of a flow that has expired. */
  forget(id: string, until?: Deadline): Promise<void>;
}

/** Lost races after which an update waits a little, so that others get through, too. */
const EAGER_TRIES = 3;
const LONGEST_WAIT_MS = 32;

export function createWriter(options: WriterOptions): Writer {
  const { connection, cache } = options;
  const states = new StateWriter(options);
  const exclusively = createKeyedMutex();

  async function tryUpdate(
    id: string,
    transition: (flow: Flow) => Decision,
    until: Deadline,
  ): Promise<Decision | undefined> {
    let seen = cache.get(id);
    let isFresh = false;
    for (let tries = 0; ; tries++) {
      if (!seen) {
        seen = await states.read(id, until);
        isFresh = true;
      }
      if (!seen) {
        await states.forget(id, until);
        return undefined;
      }
      const decision = decide(seen.flow, transition, isFresh);
      if (decision) {
        const same = decision.flow === seen.flow;
        if (same && isFresh) return decision;
        const outcome = await states.write(seen, same ? undefined : decision.flow, until);
        if (outcome === 'done') return decision;
        if (outcome === 'missing' || outcome === 'exists') {
          await states.forget(id, until);
          return undefined;
        }
        seen = outcome;
        isFresh = true;
      } else seen = undefined;
      if (tries >= EAGER_TRIES) await pause(Math.random() * Math.min(2 ** tries, LONGEST_WAIT_MS));
    }
  }

  return {
    create: (flow) => {
      const until = connection.deadline();
      return exclusively(flow.id, async () => (await states.write(undefined, flow, until)) === 'done');
    },
    update: (id, transition) => {
      const until = connection.deadline();
      return exclusively(id, async () => {
        try {
          return await tryUpdate(id, transition, until);
        } catch (error) {
          cache.delete(id);
          throw error;
        }
      });
    },
    forget: (id, until) => states.forget(id, until),
  };
}

/** Undefined where the transition failed on a flow that may be out of date. */
function decide(flow: Flow, transition: (flow: Flow) => Decision, isFresh: boolean): Decision | undefined {
  try {
    return transition(flow);
  } catch (error) {
    if (isFresh) throw error;
    return undefined;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
