import { UnreadableStateError } from '../../../src/store/errors';
import { SCHEMA, parseState, printState } from '../../../src/store/redis/parse-state';
import { beginSpeak } from '../../../src/flows/speak-and-hang-up';
import { LIMITS, NUMBER, PSTN } from '../../helpers/builders';
import { pairFlow } from '../contract';

const speech = beginSpeak(
  { id: 'f-1', from: NUMBER, to: PSTN, callTimeout: 30, speech: { sentence: 'Hi' } },
  LIMITS,
  1,
).flow;

it.each([pairFlow('c-1'), pairFlow('c-2', { wakeAt: 5, bridgeId: 'brg-1' }), speech])(
  'is read as it was: %#',
  (flow) => {
    expect(parseState(printState(flow))).toEqual(flow);
    expect(JSON.parse(printState(flow))).toMatchObject({ schema: SCHEMA });
  },
);

it('of the previous release, which has no number, is read, and written with one', () => {
  const old = JSON.stringify(pairFlow('c-1', { phase: 'bridged' }));
  const flow = parseState(old);
  expect(flow).toEqual(pairFlow('c-1', { phase: 'bridged' }));
  expect(JSON.parse(printState(flow))).toMatchObject({ schema: SCHEMA, phase: 'bridged' });
});

it('of a release before events were remembered gets what it lacks', () => {
  const { seen: _, ...old } = pairFlow('c-1');
  expect(parseState(JSON.stringify(old))).toEqual(pairFlow('c-1'));
});

it('of a newer release keeps its number, and the fields that mean nothing here', () => {
  const newer = JSON.stringify({ ...pairFlow('c-1'), schema: SCHEMA + 1, mood: 'fine' });
  const written = printState({ ...parseState(newer), phase: 'ending' });
  expect(JSON.parse(written)).toMatchObject({ schema: SCHEMA + 1, mood: 'fine', phase: 'ending' });
});

it.each([
  ['no JSON', '{"id":'],
  ['null', 'null'],
  ['a list', '[]'],
  ['a kind of a newer release', JSON.stringify({ ...pairFlow('c-1'), kind: 'conference' })],
  ['a kind that every object has', JSON.stringify({ ...pairFlow('c-1'), kind: 'constructor' })],
  ['a phase of a newer release', JSON.stringify({ ...pairFlow('c-1'), phase: 'parked' })],
  ['no id', JSON.stringify({ ...pairFlow('c-1'), id: undefined })],
  ['no caller', JSON.stringify({ ...pairFlow('c-1'), caller: undefined })],
  ['a leg without a state', JSON.stringify({ ...pairFlow('c-1'), callee: { role: 'callee' } })],
  ['a time in words', JSON.stringify({ ...pairFlow('c-1'), wakeAt: 'soon' })],
  ['no list of commands', JSON.stringify({ ...pairFlow('c-1'), pending: {} })],
])('with %s is refused', (_, json) => expect(() => parseState(json)).toThrow(UnreadableStateError));
