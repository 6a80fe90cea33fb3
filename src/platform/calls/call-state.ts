import type { CallState } from '../../v1-wire/commands';

/** What moves a call from one state to the next. */
export type CallSignal = 'answered' | 'rejected' | 'ended' | 'transferred' | 'returned';

const TRANSITIONS: Record<CallState, Partial<Record<CallSignal, CallState>>> = {
  started: { answered: 'active', rejected: 'rejected', ended: 'completed' },
  active: { ended: 'completed', transferred: 'transferring' },
  // `returned`: the number that it was transferred to did not answer.
  transferring: { ended: 'completed', returned: 'active' },
  rejected: {},
  completed: {},
};

/** The state after the signal; undefined where it means nothing in this state. */
export function nextCallState(state: CallState, signal: CallSignal): CallState | undefined {
  return TRANSITIONS[state][signal];
}

/** Whether nothing can happen to the call any more. */
export function isOver(state: CallState): boolean {
  return Object.keys(TRANSITIONS[state]).length === 0;
}
