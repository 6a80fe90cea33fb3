import fc from 'fast-check';
import { cutCode, failureLabel } from '../../src/support/codes';
import { RefusedError } from '../../src/providers/bandwidth-v1/errors';
import { CALLEE, CALLER, hangupOf, incomingCall, testEngine } from '../helpers/builders';

it('a code is kept whole up to 64 characters, and cut above', () => {
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

it('a failure code that the platform makes up is no label, and is cut in the log and the state', async () => {
  const { engine, client, metrics, lines, store } = testEngine();
  await engine.receive(incomingCall());
  await client.last('createCall').fail(new RefusedError(400, 'made-up-'.repeat(100), 'x', 'no'));
  expect(await metrics.render()).toContain('tandem_command_failures_total{command="create-call",code="other"} 1');
  expect(String(lines.find(({ event }) => event === 'command-failed')?.['code'])).toHaveLength(64);
  const outcomes = (await store.get(CALLER))?.timeline.map(({ outcome = '' }) => outcome.length);
  expect(Math.max(...(outcomes ?? []))).toBe(64);
});

it('a hang-up cause that the platform makes up is cut in the log and the state', async () => {
  const { engine, store, lines } = testEngine();
  await engine.receive(incomingCall());
  await engine.receive(hangupOf(CALLEE, 'MADE_UP_'.repeat(100), { tag: CALLER }));
  expect((await store.get(CALLER))?.callee.cause).toHaveLength(64);
  for (const line of lines) expect(JSON.stringify(line).length).toBeLessThan(1_000);
});
