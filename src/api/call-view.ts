import type { Flow, Leg } from '../flows/flow';
import { legsOf } from '../flows/flow';
import type { CallView } from './schemas';

/** A flow as the API shows it: times in ISO 8601, without what only the machine needs. */
export function toCallView(flow: Flow): CallView {
  const shown = flow.kind === 'bridge-legs' ? flow.incoming : flow.dial;
  return {
    id: flow.id,
    kind: flow.kind,
    ...(flow.kind === 'bridge-legs' && { direction: flow.direction }),
    phase: flow.phase,
    reason: flow.reason,
    from: shown?.from,
    to: shown?.to,
    ...(flow.kind === 'bridge-legs' && { bridgeId: flow.bridgeId }),
    legs: legsOf(flow).map(toLegView),
    createdAt: isoTime(flow.createdAt),
    endedAt: flow.endedAt === undefined ? undefined : isoTime(flow.endedAt),
    timeline: flow.timeline.map(({ at, ...entry }) => ({ time: isoTime(at), ...entry })),
  };
}

function toLegView({ role, callId, state, cause }: Leg): CallView['legs'][number] {
  return { role, callId, state, cause };
}

function isoTime(at: number): string {
  return new Date(at).toISOString();
}
