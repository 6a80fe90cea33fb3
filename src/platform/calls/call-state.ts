import type { CallState } from '../../v1-wire/commands';

/** Causes the transitions of a call. */
export type CallSignal = 'answered' | 'rejected' | 'ended' | 'transferred' | 'returned';

const TRANSITIONS: Record<CallState, Partial<Record<CallSignal, CallState>>> = {
  started: { answered: 'active', rejected: 'rejected', ended: 'completed' },
  active: { ended: 'completed', transferred: 'transferring' },
  // `returned`: the target of the transfer did not answer.
  transferring: { ended: 'completed', returned: 'active' },
  rejected: {},
  completed: {},
};

/** Returns the state after the signal; undefined if the state does not allow the signal. */
export function nextCallState(state: CallState, signal: CallSignal): CallState | undefined {
  return TRANSITIONS[state][signal];
}

/** Whether the state is final. */
export function isOver(state: CallState): boolean {
  return Object.keys(TRANSITIONS[state]).length === 0;
}
