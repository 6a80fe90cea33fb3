import { createCallsPerEndpoint } from '../../../src/platform/lines/calls-per-endpoint';

it('counts each endpoint separately, and a call until its end', () => {
  const calls = createCallsPerEndpoint(2);
  const over = calls.begin('re-a');
  expect(calls.begin('re-a')).toBeDefined();
  expect(calls.begin('re-a')).toBeUndefined();
  expect(calls.begin('re-b')).toBeDefined();
  over?.();
  expect(calls.begin('re-a')).toBeDefined();
  expect(calls.begin('re-a')).toBeUndefined();
});

it('has no limit with 0', () => {
  const calls = createCallsPerEndpoint(0);
  expect(Array.from({ length: 1_000 }, () => calls.begin('re-a')).every(Boolean)).toBe(true);
});
