/** Takes in the events of calls: finds their session, begins one, or deals with a call that no session owns. */
import type { CallEvent, OfferedEvent } from '../calls/events';
import { route, type DialPlan } from '../dial-plan/dial-plan';
import { beginBridgeLegs, goneBeforeStart, reapOrphan, type Orphan } from '../flows/bridge-legs';
import type { Limits } from '../flows/flow';
import { transition } from '../flows/index';
import type { FlowStore } from '../store/store';
import type { Metrics } from './metrics';
import type { Reporter } from './reporter';
import type { Receipt, SessionSteps } from './session-steps';

export interface ReceiverDeps {
  steps: SessionSteps;
  store: Pick<FlowStore, 'get' | 'idOfCall'>;
  reporter: Reporter;
  metrics: Metrics;
  plan: DialPlan;
  limits: Limits;
  /** Called for an event of an unknown call: sessions may have been lost. */
  onStray?: (() => void) | undefined;
  /** epoch ms */
  now: () => number;
}

export interface Receiver {
  receive(event: CallEvent, requestId?: string): Promise<void>;
  /** Hangs up a call that no session owns, in a session of its own. */
  reap(orphan: Orphan): Promise<void>;
}

export function createReceiver(deps: ReceiverDeps): Receiver {
  const { steps, store, reporter, metrics, plan, limits, now } = deps;

  async function sessionIdOf(event: CallEvent): Promise<string | undefined> {
    const id = await store.idOfCall(event.callId);
    if (id !== undefined || event.correlation === undefined) return id;
    return (await store.get(event.correlation))?.id;
  }

  async function receiveOffer(event: OfferedEvent, at: number, receipt: Receipt): Promise<void> {
    const begun = await steps.start(beginBridgeLegs(event, route(event, plan), limits, at), receipt);
    if (!begun) await receiveKnown(event.callId, event, at, receipt);
  }

  /** @returns false where the session is gone: it has expired, or was lost */
  async function receiveKnown(id: string, event: CallEvent, at: number, receipt: Receipt): Promise<boolean> {
    let isCopy = false;
    const flow = await steps.update(
      id,
      (before) => {
        const decision = transition(before, { type: 'call-event', at, event });
        isCopy = decision.flow === before;
        return decision;
      },
      receipt,
    );
    if (flow && isCopy) reporter.eventRepeated(id, event, receipt.requestId);
    return flow !== undefined;
  }

  async function receiveStray(event: CallEvent, at: number): Promise<void> {
    const { callId, correlation } = event;
    deps.onStray?.();
    if (event.type === 'ended' && correlation === undefined) {
      // It may have overtaken its own offer: the caller is gone already.
      await steps.start(goneBeforeStart(event, limits, at));
      return;
    }
    reporter.eventStray(event);
    if (event.type !== 'answered' || correlation === undefined) return;
    // Only calls that Tandem dials have a correlation: no session owns this one any more.
    const { from = 'unknown', to = 'unknown' } = event;
    await reap({ id: callId, direction: 'out', state: 'answered', from, to });
  }

  /** The session is named after the call. That name may be taken by a session that has ended and left the leg up. */
  async function reap(orphan: Orphan): Promise<void> {
    metrics.orphanReaped();
    const at = now();
    for (const id of [orphan.id, `${orphan.id}-orphan`])
      if (await steps.start(reapOrphan(id, orphan, limits, at))) return;
    steps.runner.run(orphan.id, { type: 'hang-up', id: `hang-up ${orphan.id}`, at, callId: orphan.id });
  }

  return {
    reap,
    async receive(event, requestId) {
      const at = now();
      const receipt = { requestId, receivedAt: performance.now() };
      metrics.eventReceived(event.type);
      if (event.type === 'offered') return receiveOffer(event, at, receipt);
      const id = await sessionIdOf(event);
      if (id === undefined || !(await receiveKnown(id, event, at, receipt))) await receiveStray(event, at);
    },
  };
}
