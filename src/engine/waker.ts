/** Wakes sessions whose time has come, and takes over commands that are no longer carried out. */
import type { Command, Flow } from '../flows/flow';
import { transition } from '../flows/index';
import { LEASE_MS, type FlowStore } from '../store/store';
import { messageOf } from '../support/errors';
import type { Logger } from '../support/logger';
import type { Reporter } from './reporter';
import type { SessionSteps } from './session-steps';
import { takeOver, type LostCommand } from './take-over';

export interface WakerDeps {
  steps: SessionSteps;
  store: Pick<FlowStore, 'instance' | 'isAlive' | 'due'>;
  reporter: Reporter;
  log: Logger;
  /** epoch ms */
  now: () => number;
}

/** How many sessions one tick wakes: the rest is due in the next. */
const DUE_LIMIT = 500;

/** @returns wakes what is due; for the ticker */
export function createWaker({ steps, store, reporter, log, now }: WakerDeps): () => Promise<void> {
  function lostOf(flow: Flow, at: number): LostCommand[] {
    return (
      flow.pending
        .filter((command) => at - command.at >= LEASE_MS && isLost(flow, command))
        // This instance lives: what it does not carry out it never began, as the store's reply to it was lost.
        .map((command) => ({ command, mayBeSent: command.owner !== store.instance }))
    );
  }

  function isLost({ id }: Flow, command: Command): boolean {
    if (command.owner === undefined) return false;
    return command.owner === store.instance ? !steps.runner.runs(id, command) : !store.isAlive(command.owner);
  }

  /** One step for what is due and for what is lost: what is due may make the lost unwanted. */
  async function wake(id: string, at: number): Promise<void> {
    let lost: LostCommand[] = [];
    await steps.update(id, (flow) => {
      lost = lostOf(flow, at);
      if (flow.wakeAt > at) return takeOver(flow, lost, at);
      const woken = transition(flow, { type: 'wake', at });
      const taken = takeOver(woken.flow, lost, at);
      return { flow: taken.flow, commands: [...woken.commands, ...taken.commands] };
    });
    for (const { command } of lost) reporter.commandTakenOver(id, command);
  }

  return async () => {
    const at = now();
    for (const id of await store.due(at, DUE_LIMIT)) {
      // One session that cannot be woken must not keep the others asleep.
      await wake(id, at).catch((error: unknown) => {
        log.error({ event: 'session-not-woken', sessionId: id, err: messageOf(error) }, 'A session could not be woken');
      });
    }
  };
}
