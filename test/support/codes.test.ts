import fc from 'fast-check';
import { cutCode, failureLabel } from '../../src/support/codes';
import { RefusedError } from '../../src/providers/errors';
import { toCallEvent } from '../../src/providers/bandwidth-v1/events';
import { CALLEE, CALLER, offerOf, testEngine } from '../helpers/builders';

it('truncates codes of more than 64 characters', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (code) => {
      const cut = cutCode(code);
      expect(cut.length).toBeLessThanOrEqual(64);
      if (code.length <= 64) expect(cut).toBe(code);
    }),
  );
});

it.each(['__proto__', 'constructor', 'toString', 'x'.repeat(10_000), ''])(
  'an unknown code %.20s has the label other',
  (code) => expect(failureLabel(code)).toBe('other'),
);

it('an unknown failure code is not a label, and is truncated in the log and the state', async () => {
  const { engine, control, metrics, lines, store } = testEngine();
  await engine.receive(offerOf());
  await control.last('dial').fail(new RefusedError(400, 'made-up-'.repeat(100), 'x', 'no'));
  expect(await metrics.render()).toContain('tandem_command_failures_total{command="dial",code="other"} 1');
  expect(String(lines.find(({ event }) => event === 'command-failed')?.['code'])).toHaveLength(64);
  const outcomes = (await store.get(CALLER))?.timeline.map(({ outcome = '' }) => outcome.length);
  expect(Math.max(...(outcomes ?? []))).toBe(64);
});

it('truncates an unknown hang-up cause', () => {
  const event = toCallEvent({ eventType: 'hangup', callId: CALLEE, cause: 'MADE_UP_'.repeat(100) });
  expect(event).toMatchObject({ type: 'ended', cause: 'failed', raw: expect.stringMatching(/^.{64}$/) });
});
