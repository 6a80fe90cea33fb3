/**
 * Why a call ended, whichever provider says so. `normal`: a party hung up. `cancelled`: the caller gave up before an answer.
 * `lost`: a party that was up vanished. `stopped`: the provider cut the call as it
 * shut down. `failed`: anything else.
 */
export const END_CAUSES = [
  'normal',
  'cancelled',
  'busy',
  'rejected',
  'no-answer',
  'unallocated',
  'lost',
  'stopped',
  'failed',
] as const;
export type EndCause = (typeof END_CAUSES)[number];

/** Why a caller is rejected: what it hears. `failed` may pass: the caller may try again. */
export type RejectCause = Extract<EndCause, 'busy' | 'rejected' | 'no-answer' | 'unallocated' | 'failed'>;
