import { causeReason } from '../../src/flows/reasons';

const leg = { role: 'callee', state: 'gone', callId: 'c-1' } as const;

it.each([
  ['busy', 'busy'],
  ['rejected', 'rejected'],
  ['no-answer', 'no-answer'],
  ['unallocated', 'unallocated'],
  ['failed', 'callee-failed'],
  ['normal', 'callee-failed'],
] as const)('cause %s: %s', (endCause, reason) => {
  expect(causeReason({ ...leg, endCause })).toBe(reason);
});

it('no cause: the callee failed, or was never dialled', () => {
  expect(causeReason(leg)).toBe('callee-failed');
  expect(causeReason({ role: 'callee', state: 'gone' })).toBe('dial-failed');
});
