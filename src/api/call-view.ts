import type { Flow, Leg } from '../flows/flow';
import { legsOf } from '../flows/flow';
import type { CallView } from './schemas';

/**
 * A flow as the API shows it: times in ISO 8601, without what only the machine needs.
 * @param wallTime of a time of the store's clock
 */
export function toCallView(flow: Flow, wallTime: (at: number) => number): CallView {
  const isoTime = (at: number): string => new Date(wallTime(at)).toISOString();
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
