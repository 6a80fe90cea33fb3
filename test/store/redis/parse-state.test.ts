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

describe('of a release whose flows spoke v1', () => {
  const command = (type: string, more: object = {}) => ({ type, id: type, at: 5, owner: 'one', ...more });
  const old = (more: object): string => JSON.stringify({ ...pairFlow('c-1'), schema: 2, ...more });

  it.each([
    [command('create-call', { tag: 'c-1', to: PSTN }), command('dial', { correlation: 'c-1', to: PSTN })],
    [command('find-call', { tag: 'c-1' }), command('find', { correlation: 'c-1' })],
    [command('create-bridge', { callIds: ['a', 'b'] }), command('bridge', { callIds: ['a', 'b'] })],
    [command('speak', { callId: 'b', tag: 'c-1' }), command('say', { callId: 'b', correlation: 'c-1' })],
    [command('reject-call', { cause: 'USER_BUSY' }), command('reject', { cause: 'busy' })],
    [command('reject-call', { cause: 'NORMAL_TEMPORARY_FAILURE' }), command('reject', { cause: 'failed' })],
    [command('answer-call'), command('answer')],
    [command('hang-up', { callId: 'a' }), command('hang-up', { callId: 'a' })],
  ])('a pending command has its name of today: %j', (before, after) => {
    expect(parseState(old({ pending: [before] })).pending).toEqual([after]);
  });

  it('the id of a command changes with its name', () => {
    const pending = [{ ...command('look-at-call'), id: 'look-at-call c-2', callId: 'c-2' }];
    expect(parseState(old({ pending })).pending[0]).toMatchObject({ type: 'look', id: 'look c-2' });
  });

  it('a command of an older instance in a state of today is renamed, too', () => {
    const flow = parseState(old({ schema: SCHEMA, pending: [command('create-call', { tag: 'c-1' })] }));
    expect(flow.pending[0]).toMatchObject({ type: 'dial', correlation: 'c-1' });
  });

  it.each([
    ['NO_ANSWER', 'no-answer'],
    ['NORMAL_CLEARING', 'normal'],
    ['SOMETHING_NEW', 'failed'],
    ['__proto__', 'failed'],
    ['unknown', 'normal'],
  ])('a leg that ended with %s: %s', (cause, endCause) => {
    const callee = { role: 'callee', state: 'gone', callId: 'c-2', cause };
    expect(parseState(old({ callee })).callee).toEqual({ ...callee, endCause });
  });

  it.each([
    ['UNALLOCATED_NUMBER', 'unallocated'],
    ['CALL_REJECTED', 'rejected'],
    ['busy', 'busy'],
  ])('a refusal with %s: %s', (refusal, expected) => {
    expect(parseState(old({ refusal }))).toMatchObject({ refusal: expected });
  });
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
