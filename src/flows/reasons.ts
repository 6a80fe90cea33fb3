import type { Reason } from './flow';

const REASON_OF_CAUSE: Readonly<Record<string, Reason>> = {
  USER_BUSY: 'busy',
  CALL_REJECTED: 'rejected',
  NO_ANSWER: 'no-answer',
  UNALLOCATED_NUMBER: 'unallocated',
};

/**
 * Why a callee that never answered is gone.
 * @param cause the platform's hangup cause; undefined where there was no such call, because dialling failed
 */
export function causeReason(cause: string | undefined): Reason {
  if (cause === undefined) return 'dial-failed';
  return REASON_OF_CAUSE[cause] ?? 'callee-failed';
}
