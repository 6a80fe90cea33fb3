/** Maps SIP statuses to hangup causes, and back. */
import type { HangupCause, HangupDetail } from '../../v1-wire/events';

/** The cause for the status with which a phone refuses. Any other status is NORMAL_TEMPORARY_FAILURE. */
const CAUSES: Readonly<Record<number, HangupCause>> = {
  400: 'NORMAL_TEMPORARY_FAILURE',
  401: 'CALL_REJECTED',
  403: 'CALL_REJECTED',
  404: 'UNALLOCATED_NUMBER',
  407: 'CALL_REJECTED',
  // No response to the INVITE: the phone is unreachable. An unanswered ringing phone sends 480, or reaches callTimeout.
  408: 'NORMAL_TEMPORARY_FAILURE',
  410: 'UNALLOCATED_NUMBER',
  480: 'NO_ANSWER',
  484: 'UNALLOCATED_NUMBER',
  486: 'USER_BUSY',
  487: 'ORIGINATOR_CANCEL',
  488: 'NORMAL_TEMPORARY_FAILURE',
  503: 'NORMAL_TEMPORARY_FAILURE',
  600: 'USER_BUSY',
  603: 'CALL_REJECTED',
  604: 'UNALLOCATED_NUMBER',
  607: 'CALL_REJECTED', // RFC 8197: unwanted
};

/** The response to a calling phone whose call ends before its answer. */
const STATUSES: Readonly<Record<HangupCause, number>> = {
  // Hung up before the answer, which is a refusal for the caller.
  NORMAL_CLEARING: 603,
  ORIGINATOR_CANCEL: 487,
  USER_BUSY: 486,
  CALL_REJECTED: 603,
  UNALLOCATED_NUMBER: 404,
  NO_ANSWER: 480,
  // The callee is unreachable. Not 503, which phones treat as a failure of the server (RFC 3261 21.5.4).
  NORMAL_TEMPORARY_FAILURE: 480,
};

/** @param status undefined: BYE */
export function causeOf(status: number | undefined): HangupCause {
  return status === undefined ? 'NORMAL_CLEARING' : (CAUSES[status] ?? 'NORMAL_TEMPORARY_FAILURE');
}

/** Statuses that end an active call because the phone is gone (RFC 3261 12.2.1.2) or unreachable (8.1.3.1). */
const LOSSES: ReadonlySet<number | undefined> = new Set([408, 481, 503]);

/** @param status the status that ended an active call; undefined: BYE */
export function lossOf(status: number | undefined): HangupDetail | undefined {
  return LOSSES.has(status) ? 'phone-lost' : undefined;
}

export function statusOf(cause: HangupCause): number {
  return STATUSES[cause];
}
