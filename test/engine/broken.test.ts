/** A flow whose transition throws: it ends, its legs are hung up, and every other flow goes on. */
import type { Flow } from '../../src/flows/flow';
import type { CallEvent } from '../../src/calls/events';
import { answerOf, CALLEE, CALLER, offerOf, testEngine, type TestEngine } from '../helpers/builders';

/** Two pairs whose callees ring. */
async function twoRinging(parts: TestEngine): Promise<void> {
  for (const [caller, callee] of [
    [CALLER, CALLEE],
    ['c-other', 'c-other-callee'],
  ] as const) {
    await parts.engine.receive(offerOf({ callId: caller }));
    await parts.control.last('dial').done(callee);
  }
}

async function goesOn({ engine, control, store }: TestEngine): Promise<void> {
  await engine.receive(answerOf('c-other-callee', { correlation: 'c-other' }));
  expect(control.last('answer').argument).toBe('c-other');
  expect(await store.get('c-other')).toMatchObject({ phase: 'answering' });
}

it('a state that makes every transition throw: both legs are hung up, once, and the event is not acknowledged', async () => {
  const parts = testEngine();
  const { engine, control, store, clock } = parts;
  await twoRinging(parts);
  await store.update(CALLER, (flow) => ({ flow: { ...flow, limits: null } as unknown as Flow, commands: [] }));
  await expect(engine.receive(answerOf(CALLEE, { correlation: CALLER }))).rejects.toThrow(TypeError);
  expect(await store.get(CALLER)).toMatchObject({ phase: 'ended', reason: 'internal-error' });
  expect(control.names().filter((name) => name === 'hang-up')).toHaveLength(2);
  clock.now += 1_000;
  await engine.wakeDue();
  await engine.wakeDue();
  expect(parts.internalErrors.total).toBe(1);
  expect(control.names().filter((name) => name === 'hang-up')).toHaveLength(2);
  expect(await parts.metrics.render()).toMatch(/^tandem_internal_errors_total 1$/m);
  await goesOn(parts);
});

it('a state that throws when it is woken ends; the others that are due are woken', async () => {
  const parts = testEngine();
  const { engine, store, clock } = parts;
  await twoRinging(parts);
  await store.update(CALLER, (flow) => ({ flow: { ...flow, limits: null } as unknown as Flow, commands: [] }));
  clock.now += 60_000;
  await engine.wakeDue();
  expect(await store.get(CALLER)).toMatchObject({ phase: 'ended', reason: 'internal-error' });
  expect(await store.get('c-other')).toMatchObject({ phase: 'ending', reason: 'deadline' });
  expect(parts.internalErrors.total).toBe(1);
});

it('an event that makes a sound state throw: the flow ends by its own steps', async () => {
  const parts = testEngine();
  const { engine, control, store, lines } = parts;
  await twoRinging(parts);
  const event: CallEvent = answerOf(CALLEE, { correlation: CALLER });
  const boom = (): never => {
    throw new Error('boom');
  };
  Object.defineProperty(event, 'type', { get: once('answered', boom) });
  await expect(engine.receive(event)).rejects.toThrow('boom');
  expect(await store.get(CALLER)).toMatchObject({ phase: 'ending', reason: 'internal-error' });
  expect(control.names()).toEqual(['dial', 'dial', 'reject', 'hang-up']);
  expect(lines.find(({ event: code }) => code === 'internal-error')).toMatchObject({ where: 'flow', flowId: CALLER });
  await goesOn(parts);
});

/** The engine reads it twice before the flow does. */
function once(value: string, then: () => never): () => string {
  let reads = 0;
  return () => (++reads <= 2 ? value : then());
}
