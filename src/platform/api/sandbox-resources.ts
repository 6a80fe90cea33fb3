import type { Calls } from '../calls/calls';
import type { FarEnd } from '../lines/far-ends';

/** Returns the JSON of a leg from the view of its far end, with the state and the events of the platform's call. */
export function showFarEnd(farEnd: FarEnd, calls: Calls) {
  const { id, kind, name, party, direction, from, to, callId, state, cause, startTime, history } = farEnd;
  const call = callId === undefined ? undefined : calls.find(callId);
  return {
    id,
    kind,
    name,
    party,
    direction,
    from,
    to,
    state,
    cause,
    startTime: startTime.toISOString(),
    callId,
    callState: call?.state,
    bridgeId: call?.bridge?.id,
    tag: call?.settings.tag,
    history,
    events: (call?.events ?? []).map(({ time, name: eventType, fields, outcome, attempts }) => ({
      time,
      eventType,
      cause: fields['cause'],
      status: fields['status'],
      outcome,
      attempts,
    })),
  };
}
