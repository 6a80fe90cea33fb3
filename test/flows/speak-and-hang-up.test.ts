import { transition } from '../../src/flows';
import type { CommandFailure, CommandResult } from '../../src/calls/outcomes';
import type { Command, Flow, FlowEvent } from '../../src/flows/flow';
import { beginSpeak } from '../../src/flows/speak-and-hang-up';
import type { CallEvent } from '../../src/calls/events';
import { CALLEE, ENDPOINT, LIMITS, NUMBER, answerOf, endOf, speechOf } from '../helpers/builders';

const REQUEST = {
  id: 'f-1',
  from: NUMBER,
  to: ENDPOINT,
  callTimeout: 30,
  speech: { sentence: 'Hello', voice: 'Kate' },
};

/** A spoken call that is driven by hand. */
function spoken() {
  const begun = beginSpeak(REQUEST, LIMITS, 0);
  let flow: Flow = begun.flow;
  const issued: Command[] = [...begun.commands];
  const apply = (event: FlowEvent) => {
    const decision = transition(flow, event);
    flow = decision.flow;
    issued.push(...decision.commands);
    return call;
  };
  const pending = (type: Command['type']): Command => {
    const command = flow.pending.find((one) => one.type === type);
    if (!command) throw new Error(`no ${type} is under way`);
    return command;
  };
  const call = {
    get flow() {
      return flow;
    },
    issued,
    names: () => issued.map(({ type }) => type),
    hears: (event: CallEvent) => apply({ type: 'call-event', at: 0, event }),
    done: (type: Command['type'], result: CommandResult = {}) =>
      apply({ type: 'command-done', at: 0, command: pending(type), result }),
    fails: (type: Command['type'], failure: CommandFailure) =>
      apply({ type: 'command-failed', at: 0, command: pending(type), failure }),
    wakes: () => apply({ type: 'wake', at: flow.wakeAt }),
  };
  return call;
}
const ringing = () => spoken().done('dial', { callId: CALLEE });
const speaking = () => ringing().hears(answerOf(CALLEE, { correlation: 'f-1' }));

describe('speak and hang up', () => {
  it('a sentence that the platform could not speak: speak-failed, not completed', () => {
    const call = speaking().done('say').hears(speechOf(CALLEE, 'failed'));
    expect(call.flow).toMatchObject({ phase: 'ending', reason: 'speak-failed', spoken: false });
  });

  it('dialling: dials with its id as correlation', () => {
    const { flow, issued } = spoken();
    expect(flow).toMatchObject({ phase: 'dialling', deadlineAt: 45_000 });
    expect(issued).toMatchObject([{ type: 'dial', from: NUMBER, to: ENDPOINT, callTimeout: 30, correlation: 'f-1' }]);
  });

  it('speaking: speaks once when the callee has answered, however often that is told', () => {
    const call = speaking()
      .hears(answerOf(CALLEE))
      .hears(answerOf(CALLEE, { correlation: 'f-1' }));
    expect(call.flow.phase).toBe('speaking');
    expect(call.issued.slice(1)).toMatchObject([
      { type: 'say', callId: CALLEE, speech: REQUEST.speech, correlation: 'f-1' },
    ]);
  });

  it('speaking: an answer that overtakes the reply to dial is understood by its tag', () => {
    const call = spoken().hears(answerOf(CALLEE, { correlation: 'f-1' }));
    expect([call.flow.phase, call.names()]).toEqual(['speaking', ['dial', 'say']]);
  });

  it('speaking: stays while the sentence is being spoken', () => {
    const call = speaking().done('say').hears(speechOf(CALLEE, 'started'));
    expect([call.flow.phase, call.names()]).toEqual(['speaking', ['dial', 'say']]);
  });

  it('ending: hangs up once when it has been spoken', () => {
    const event = speechOf(CALLEE, 'done');
    const call = speaking().done('say').hears(event).hears(event);
    expect([call.flow.phase, call.flow.reason]).toEqual(['ending', 'completed']);
    expect(call.names()).toEqual(['dial', 'say', 'hang-up']);
    expect(call.done('hang-up').flow.phase).toBe('ended');
  });

  it('the speech of another call is not ours', () => {
    expect(speaking().hears(speechOf('c-other', 'done')).flow.phase).toBe('speaking');
  });

  it.each([['busy'], ['rejected'], ['no-answer'], ['unallocated']] as const)(
    'the callee is gone before it answers: ended at once, %s',
    (cause) => {
      const call = ringing().hears(endOf(CALLEE, cause));
      expect(call.flow).toMatchObject({ phase: 'ended', reason: cause });
      expect(call.names()).toEqual(['dial']);
    },
  );

  it('the callee hangs up in the middle of the sentence: callee-left', () => {
    expect(speaking().hears(endOf(CALLEE)).flow.reason).toBe('callee-left');
  });

  it('dial is refused: dial-failed, and over', () => {
    const call = spoken().fails('dial', { effect: 'none', code: 'x', status: 400 });
    expect(call.flow).toMatchObject({ phase: 'ended', reason: 'dial-failed' });
  });

  it('speak is refused: speak-failed, and the callee is hung up', () => {
    const call = speaking().fails('say', { effect: 'none', code: 'x', status: 400 });
    expect([call.flow.reason, call.names().at(-1)]).toEqual(['speak-failed', 'hang-up']);
  });

  it('the reply to speak is lost, and its events come: not spoken twice', () => {
    const call = speaking().fails('say', { effect: 'unknown', code: 'reply-lost' }).hears(speechOf(CALLEE, 'started'));
    for (let i = 0; i < 5 && call.flow.phase === 'speaking'; i++) call.wakes();
    expect(call.names().filter((name) => name === 'say')).toHaveLength(1);
  });

  it('the reply to speak is lost, and nothing is heard: said once more, and no third time', () => {
    const lost: CommandFailure = { effect: 'unknown', code: 'reply-lost' };
    const call = speaking().fails('say', lost).wakes();
    expect(call.names().filter((name) => name === 'say')).toHaveLength(2);
    call.fails('say', lost).wakes();
    expect(call.names().filter((name) => name === 'say')).toHaveLength(2);
    expect(call.flow).toMatchObject({ phase: 'ending', reason: 'deadline' });
  });

  it('speaking never ends: the deadline is that of the slowest speaker', () => {
    const call = speaking();
    expect(call.flow.deadlineAt).toBe(5 * 150 + LIMITS.stepMs);
    expect(call.wakes().flow.reason).toBe('deadline');
  });

  it('a sentence that was heard to begin has been spoken when its time is over, even if no event says so', () => {
    const call = speaking().hears(speechOf(CALLEE, 'started'));
    expect(call.flow.deadlineAt).toBe(5 * 150 + 5_000);
    expect(call.wakes().flow.reason).toBe('completed');
  });

  it('hang-up fails for good: ended, and marked', () => {
    const call = speaking()
      .hears(speechOf(CALLEE, 'done'))
      .fails('hang-up', { effect: 'none', code: 'x', status: 400 });
    expect(call.flow).toMatchObject({ phase: 'ended', reason: 'completed', callee: { givenUp: true } });
  });
});
