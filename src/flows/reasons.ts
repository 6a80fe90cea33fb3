import type { RejectCause } from '../calls/causes';
import type { Flow, Leg, Reason } from './flow';

/** Why a callee that never answered is gone. Without a call there is no cause: then it could not be dialled. */
export function causeReason({ endCause, callId }: Leg): Reason {
  switch (endCause) {
    case 'busy':
    case 'rejected':
    case 'no-answer':
    case 'unallocated':
      return endCause;
    case undefined:
      return callId === undefined ? 'dial-failed' : 'callee-failed';
    default:
      return 'callee-failed';
  }
}

/** What a caller hears who is rejected: why its callee could not be reached. */
export function rejectCauseOf(flow: Flow): RejectCause {
  if (flow.kind === 'bridge-legs' && flow.refusal !== undefined) return flow.refusal;
  switch (flow.reason) {
    case 'busy':
    case 'rejected':
    case 'no-answer':
    case 'unallocated':
      return flow.reason;
    case 'ended-by-request': // a client of the API declined the call
      return 'rejected';
    default: // a failure that may pass
      return 'failed';
  }
}
