import type { Leg, Reason } from './flow';

const REASON_OF_CAUSE: Readonly<Record<string, Reason>> = {
  USER_BUSY: 'busy',
  CALL_REJECTED: 'rejected',
  NO_ANSWER: 'no-answer',
  UNALLOCATED_NUMBER: 'unallocated',
};

/** Why a callee that never answered is gone. Without a call there is no cause: then it could not be dialled. */
export function causeReason({ cause, callId }: Leg): Reason {
  if (cause === undefined) return callId === undefined ? 'dial-failed' : 'callee-failed';
  return REASON_OF_CAUSE[cause] ?? 'callee-failed';
}
