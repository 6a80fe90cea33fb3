import { createInternalErrors } from '../../src/support/internal-errors';

function logged() {
  const lines: Record<string, unknown>[] = [];
  const errors = createInternalErrors({ error: (fields: object) => void lines.push({ ...fields }) });
  return { lines, errors };
}

const boom = (): never => {
  throw new Error('boom');
};

it('a guarded callback never throws: the error is logged with its stack, and counted', () => {
  const { lines, errors } = logged();
  errors.guard('timer', boom)();
  expect(errors.total).toBe(1);
  expect(lines).toEqual([{ event: 'internal-error', where: 'timer', err: expect.any(Error) }]);
  expect((lines[0]?.['err'] as Error).stack).toContain('internal-errors.test');
});

it('passes arguments on, and reports the rejection of a promise that the callback returns', async () => {
  const { lines, errors } = logged();
  const got: unknown[] = [];
  errors.guard('socket', (...args: number[]) => got.push(...args))(1, 2);
  expect(got).toEqual([1, 2]);
  errors.guard('socket', () => Promise.reject(new Error('later')))();
  await Promise.resolve();
  await Promise.resolve();
  expect([errors.total, lines[0]?.['where']]).toEqual([1, 'socket']);
});

it('within a call: every error is logged with the call, the first one ends it, and exceptions of its end are reported, too', async () => {
  const { lines, errors } = logged();
  let ends = 0;
  const ofCall = errors.within({ callId: 'c-1' }, () => {
    ends += 1;
    throw new Error('cannot end');
  });
  ofCall.guard('key', boom)();
  ofCall.report('text', { where: 'other' });
  expect(ends).toBe(0);
  await Promise.resolve();
  expect(ends).toBe(1);
  expect(errors.total).toBe(3);
  expect(ofCall.total).toBe(3);
  expect(lines.map(({ callId, where }) => [callId, where])).toEqual([
    ['c-1', 'key'],
    ['c-1', 'other'],
    ['c-1', 'end of a broken call'],
  ]);
});
