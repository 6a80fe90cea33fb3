/** A flow whose transition throws: it is ended, and its legs are hung up, so that it does not throw for ever. Pure. */
import type { Command, Decision, Flow } from '../flows/flow';
import { legsOf } from '../flows/flow';
import { transition } from '../flows/index';

/** By its own steps where they still work, else without them. An ended flow is given back as it is. */
export function endBroken(flow: Flow, at: number): Decision {
  if (flow.phase === 'ended') return { flow, commands: [] };
  // A flow that is ending has had its chance.
  if (flow.phase !== 'ending') {
    try {
      return transition(flow, { type: 'end-requested', at, reason: 'internal-error' });
    } catch {
      // Its state is beyond its own steps.
    }
  }
  return endByForce(flow, at);
}

function endByForce(flow: Flow, at: number): Decision {
  const commands = legsOf(flow).flatMap(({ callId, state }): Command[] =>
    callId === undefined || state === 'gone' ? [] : [{ type: 'hang-up', id: `hang-up ${callId}`, at, callId }],
  );
  const entry = { at, what: 'internal error', phase: 'ended' } as const;
  return {
    flow: {
      ...flow,
      phase: 'ended',
      reason: flow.reason ?? 'internal-error',
      endedAt: at,
      wakeAt: Infinity,
      pending: commands,
      timeline: [...flow.timeline, entry],
    },
    commands,
  };
}
