import { isOver, nextCallState } from '../../../src/platform/calls/call-state';
import { CALL_STATES } from '../../../src/v1-wire/commands';

it('a call is answered, rejected or ended, and the end is final', () => {
  expect(nextCallState('started', 'answered')).toBe('active');
  expect(nextCallState('started', 'rejected')).toBe('rejected');
  expect(nextCallState('started', 'transferred')).toBeUndefined();
  expect(nextCallState('active', 'answered')).toBeUndefined();
  expect(nextCallState('transferring', 'returned')).toBe('active');
  expect(CALL_STATES.filter(isOver)).toEqual(['rejected', 'completed']);
  for (const state of ['rejected', 'completed'] as const)
    for (const signal of ['answered', 'rejected', 'ended', 'transferred', 'returned'] as const)
      expect(nextCallState(state, signal)).toBeUndefined();
});
