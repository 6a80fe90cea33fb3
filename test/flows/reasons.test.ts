import { causeReason } from '../../src/flows/reasons';

const leg = { role: 'callee', state: 'gone', callId: 'c-1' } as const;

it.each([
  ['USER_BUSY', 'busy'],
  ['CALL_REJECTED', 'rejected'],
  ['NO_ANSWER', 'no-answer'],
  ['UNALLOCATED_NUMBER', 'unallocated'],
  ['NORMAL_TEMPORARY_FAILURE', 'callee-failed'],
  ['constructor', 'callee-failed'],
  ['__proto__', 'callee-failed'],
  ['toString', 'callee-failed'],
])('cause %s: %s', (cause, reason) => {
  expect(causeReason({ ...leg, cause })).toBe(reason);
});
