import type { RejectCause } from '../v1-wire/commands';
import type { Flow, Leg, Reason } from './flow';

/** By text from the platform, so a Map: no cause finds what every object inherits. */
const REASON_OF_CAUSE: ReadonlyMap<string, Reason> = new Map<string, Reason>([
  ['USER_BUSY', 'busy'],
  ['CALL_REJECTED', 'rejected'],
  ['NO_ANSWER', 'no-answer'],
  ['UNALLOCATED_NUMBER', 'unallocated'],
]);

/** Why a callee that never answered is gone. Without a call there is no cause: then it could not be dialled. */
export function causeReason({ cause, callId }: Leg): Reason {
  if (cause === undefined) return callId === undefined ? 'dial-failed' : 'callee-failed';
  return REASON_OF_CAUSE.get(cause) ?? 'callee-failed';
}

/** Reasons with a cause of their own; any other is a failure that may pass. */
const CAUSE_OF_REASON: ReadonlyMap<Reason, RejectCause> = new Map<Reason, RejectCause>([
  ['busy', 'USER_BUSY'],
  ['rejected', 'CALL_REJECTED'],
  ['no-answer', 'NO_ANSWER'],
  ['unallocated', 'UNALLOCATED_NUMBER'],
  // A client of the API declined the call.
  ['ended-by-request', 'CALL_REJECTED'],
]);

/** What a caller hears who is rejected: why its callee could not be reached. */
export function rejectCauseOf(flow: Flow): RejectCause {
  if (flow.kind === 'bridge-legs' && flow.refusal !== undefined) return flow.refusal;
  return (flow.reason && CAUSE_OF_REASON.get(flow.reason)) ?? 'NORMAL_TEMPORARY_FAILURE';
}
