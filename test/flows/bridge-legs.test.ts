import { transition } from '../../src/flows';
import { beginBridgeLegs, bridgeLegsTransition, goneBeforeStart } from '../../src/flows/bridge-legs';
import type { BridgeLegsFlow, Command, CommandFailure, CommandResult, FlowEvent, Reason } from '../../src/flows/flow';
import type { VoiceEvent } from '../../src/v1-wire/events';
import {
  CALLEE,
  CALLER,
  ENDPOINT,
  LIMITS,
  NUMBER,
  PSTN,
  answerOf,
  hangupOf,
  incomingCall,
  speakOf,
} from '../helpers/builders';

const ROUTE = { direction: 'sip-to-pstn', from: NUMBER, to: PSTN, callTimeout: 30 } as const;
const REFUSED: CommandFailure = { fate: 'refused', code: 'http-400', status: 400 };
const LOST: CommandFailure = { fate: 'unknown', code: 'reply-lost' };
const UNSENT: CommandFailure = { fate: 'unsent', code: 'unreachable' };

/** A pair that is driven by hand; every command it issues is kept, newest last. */
class Pair {
  now = 0;
  issued: Command[];
  constructor(
    public flow: BridgeLegsFlow,
    commands: Command[],
  ) {
    this.issued = commands;
  }
  static begun(): Pair {
    const { flow, commands } = beginBridgeLegs(incomingCall(), ROUTE, LIMITS, 0);
    return new Pair(flow, commands);
  }
  /** Dialled, and known by its id. */
  static ringing(): Pair {
    return Pair.begun().done('create-call', { callId: CALLEE });
  }
  static answering(): Pair {
    return Pair.ringing().hears(answerOf(CALLEE, { tag: CALLER }));
  }
  static bridging(): Pair {
    return Pair.answering().done('answer-call').hears(answerOf(CALLER));
  }
  static bridged(): Pair {
    return Pair.bridging().done('create-bridge', { bridgeId: 'brg-1' });
  }

  private apply(event: FlowEvent): this {
    const { flow, commands } = bridgeLegsTransition(this.flow, event);
    this.flow = flow;
    this.issued.push(...commands);
    return this;
  }
  private pending(type: Command['type']): Command {
    const command = this.flow.pending.find((one) => one.type === type);
    if (!command) throw new Error(`no ${type} is under way, only ${this.flow.pending.map(({ id }) => id).join()}`);
    return command;
  }
  hears(event: VoiceEvent): this {
    return this.apply({ type: 'webhook', at: this.now, event });
  }
  done(type: Command['type'], result: CommandResult = {}): this {
    return this.apply({ type: 'command-done', at: this.now, command: this.pending(type), result });
  }
  fails(type: Command['type'], failure: CommandFailure): this {
    return this.apply({ type: 'command-failed', at: this.now, command: this.pending(type), failure });
  }
  wakes(): this {
    this.now = this.flow.wakeAt;
    return this.apply({ type: 'wake', at: this.now });
  }
  ends(reason: 'ended-by-request' | 'server-stopped' = 'ended-by-request'): this {
    return this.apply({ type: 'end-requested', reason, at: this.now });
  }
  /** `type callId` of every command since the last look. */
  commands(): string[] {
    return this.issued
      .splice(0)
      .map((command) => ('callId' in command ? `${command.type} ${command.callId}` : command.type));
  }
  /** Ends what is being ended. */
  over(): Reason | undefined {
    for (const { type } of [...this.flow.pending]) if (type === 'hang-up' || type === 'reject-call') this.done(type);
    expect(this.flow.phase).toBe('ended');
    expect(this.flow.pending.filter(({ type }) => type === 'hang-up' || type === 'reject-call')).toEqual([]);
    return this.flow.reason;
  }
}

describe('the phases', () => {
  it('dialling: an incoming call dials the callee, with the flow id as tag', () => {
    const pair = Pair.begun();
    expect(pair.flow).toMatchObject({ phase: 'dialling', direction: 'sip-to-pstn', deadlineAt: 45_000 });
    expect(pair.issued).toEqual([
      { type: 'create-call', id: 'create-call', at: 0, from: NUMBER, to: PSTN, callTimeout: 30, tag: CALLER },
    ]);
  });

  it('answering: when the callee has answered, the caller is answered, and not before', () => {
    const pair = Pair.ringing();
    pair.commands();
    pair.hears(answerOf(CALLEE));
    expect([pair.flow.phase, pair.commands()]).toEqual(['answering', [`answer-call ${CALLER}`]]);
  });

  it('does not bridge on the 200 of active: the caller may be picking up still', () => {
    const pair = Pair.answering();
    pair.commands();
    pair.done('answer-call');
    expect([pair.flow.phase, pair.commands()]).toEqual(['answering', []]);
    expect(pair.flow.wakeAt).toBe(LIMITS.confirmMs);
  });

  it('bridging: bridges once when both legs have answered', () => {
    const pair = Pair.bridging();
    pair.hears(answerOf(CALLER)).hears(answerOf(CALLEE));
    expect(pair.flow.phase).toBe('bridging');
    expect(pair.issued.filter(({ type }) => type === 'create-bridge')).toEqual([
      expect.objectContaining({ callIds: [CALLER, CALLEE] }),
    ]);
  });

  it('bridging: a look that says active stands for an answer event that is missing', () => {
    const pair = Pair.answering().done('answer-call').wakes();
    expect(pair.commands()).toContain(`look-at-call ${CALLER}`);
    pair.done('look-at-call', { seen: [{ callId: CALLER, state: 'active' }] });
    expect([pair.flow.phase, pair.commands()]).toEqual(['bridging', ['create-bridge']]);
  });

  it('answering: a look that says started is taken again a second later', () => {
    const pair = Pair.answering().done('answer-call').wakes();
    pair.done('look-at-call', { seen: [{ callId: CALLER, state: 'started' }] });
    expect([pair.flow.phase, pair.flow.wakeAt]).toEqual(['answering', pair.now + LIMITS.confirmMs]);
  });

  it('bridged: the bridge is made, nothing more is to be done', () => {
    const pair = Pair.bridging();
    pair.commands();
    pair.done('create-bridge', { bridgeId: 'brg-1' });
    expect([pair.flow.phase, pair.flow.bridgeId, pair.commands()]).toEqual(['bridged', 'brg-1', []]);
    expect(pair.flow.deadlineAt).toBe(pair.now + LIMITS.maxCallMs);
  });

  it.each([
    ['caller', CALLEE, CALLER],
    ['callee', CALLER, CALLEE],
  ])('ending: when one leg hangs up the %s is hung up', (_, gone, left) => {
    const pair = Pair.bridged();
    pair.commands();
    pair.hears(hangupOf(gone));
    expect([pair.flow.phase, pair.commands()]).toEqual(['ending', [`hang-up ${left}`]]);
    expect(pair.over()).toBe('completed');
  });

  it('ended: late and doubled events change nothing', () => {
    const pair = Pair.bridged().hears(hangupOf(CALLEE));
    pair.over();
    pair.hears(hangupOf(CALLER)).commands();
    for (const event of [
      incomingCall(),
      answerOf(CALLER),
      answerOf(CALLEE),
      hangupOf(CALLER),
      speakOf(CALLEE, 'done'),
    ]) {
      pair.hears(event);
    }
    expect([pair.flow.phase, pair.flow.reason, pair.commands()]).toEqual(['ended', 'completed', []]);
    expect(pair.flow.wakeAt).toBe(Infinity);
  });

  it('leaves the flow that it was given as it was', () => {
    const { flow } = beginBridgeLegs(incomingCall(), ROUTE, LIMITS, 0);
    const before = structuredClone(flow);
    bridgeLegsTransition(flow, { type: 'webhook', at: 5, event: hangupOf(CALLER) });
    expect(flow).toEqual(before);
  });
});

describe('why a pair ends', () => {
  it.each([
    ['USER_BUSY', 'busy', 'USER_BUSY'],
    ['CALL_REJECTED', 'rejected', 'CALL_REJECTED'],
    ['NO_ANSWER', 'no-answer', 'NO_ANSWER'],
    ['UNALLOCATED_NUMBER', 'unallocated', 'UNALLOCATED_NUMBER'],
    ['NORMAL_TEMPORARY_FAILURE', 'callee-failed', 'NORMAL_TEMPORARY_FAILURE'],
    ['SOMETHING_NEW', 'callee-failed', 'NORMAL_TEMPORARY_FAILURE'],
    ['constructor', 'callee-failed', 'NORMAL_TEMPORARY_FAILURE'],
    ['__proto__', 'callee-failed', 'NORMAL_TEMPORARY_FAILURE'],
  ])('the callee hangs up with %s: %s, and the caller is rejected with %s', (cause, reason, told) => {
    const pair = Pair.ringing();
    pair.commands();
    pair.hears(hangupOf(CALLEE, cause));
    expect(pair.issued).toEqual([expect.objectContaining({ type: 'reject-call', callId: CALLER, cause: told })]);
    expect(pair.over()).toBe(reason);
  });

  it('a client of the API ends a call that rings: the caller is rejected as declined', () => {
    const pair = Pair.ringing().ends();
    expect(pair.issued).toContainEqual(expect.objectContaining({ type: 'reject-call', cause: 'CALL_REJECTED' }));
  });

  it('a timeout of the callee: no-answer, and the hangup after it changes nothing', () => {
    const pair = Pair.ringing().hears({ eventType: 'timeout', callId: CALLEE, tag: CALLER });
    pair.hears(hangupOf(CALLEE, 'NO_ANSWER'));
    expect(pair.commands().filter((name) => name.startsWith('reject'))).toHaveLength(1);
    expect(pair.over()).toBe('no-answer');
  });

  it('the caller gives up while the callee rings: the callee is hung up', () => {
    const pair = Pair.ringing();
    pair.commands();
    pair.hears(hangupOf(CALLER, 'ORIGINATOR_CANCEL'));
    expect(pair.commands()).toEqual([`hang-up ${CALLEE}`]);
    expect(pair.over()).toBe('caller-gave-up');
  });

  it('the caller gives up before the reply to create-call: the callee is hung up when it is known', () => {
    const pair = Pair.begun().hears(hangupOf(CALLER, 'ORIGINATOR_CANCEL'));
    expect(pair.flow.phase).toBe('ending');
    pair.done('create-call', { callId: CALLEE });
    expect(pair.commands()).toContain(`hang-up ${CALLEE}`);
    expect(pair.over()).toBe('caller-gave-up');
  });

  it('the callee leaves while the caller is being answered: the caller is hung up, not rejected', () => {
    const pair = Pair.answering();
    pair.commands();
    pair.hears(hangupOf(CALLEE));
    expect(pair.commands()).toEqual([`hang-up ${CALLER}`]);
    expect(pair.over()).toBe('callee-left');
  });

  it.each([REFUSED, UNSENT])('create-call %j: dial-failed, the caller is rejected', (failure) => {
    const pair = Pair.begun().fails('create-call', failure);
    expect(pair.commands()).toEqual(['create-call', `reject-call ${CALLER}`]);
    expect(pair.over()).toBe('dial-failed');
  });

  it('create-call lost: looked for three times, then the caller need not wait', () => {
    const pair = Pair.begun().fails('create-call', LOST);
    for (let tries = 1; tries < 3; tries++) pair.done('find-call', { seen: [] }).wakes();
    expect(pair.flow.phase).toBe('dialling');
    pair.done('find-call', { seen: [] });
    expect([pair.flow.phase, pair.flow.reason]).toEqual(['ending', 'dial-failed']);
    expect(pair.issued.filter(({ type }) => type === 'create-call')).toHaveLength(1);
  });

  it('answer-call refused: a look tells whether the caller is up; if not, answer-failed', () => {
    const pair = Pair.answering().fails('answer-call', REFUSED);
    expect(pair.commands()).toContain(`look-at-call ${CALLER}`);
    pair.done('look-at-call', { seen: [{ callId: CALLER, state: 'started' }] });
    expect(pair.commands()).toEqual([`hang-up ${CALLER}`, `hang-up ${CALLEE}`]);
    expect(pair.over()).toBe('answer-failed');
  });

  it('answer-call refused of a caller who is up already: goes on to the bridge', () => {
    const pair = Pair.answering().fails('answer-call', REFUSED);
    pair.done('look-at-call', { seen: [{ callId: CALLER, state: 'active' }] });
    expect(pair.flow.phase).toBe('bridging');
  });

  it('create-bridge refused: bridge-failed, both legs are hung up', () => {
    const pair = Pair.bridging();
    pair.commands();
    pair.fails('create-bridge', REFUSED);
    expect(pair.commands()).toEqual([`hang-up ${CALLER}`, `hang-up ${CALLEE}`]);
    expect(pair.over()).toBe('bridge-failed');
  });

  it('create-bridge lost: a look finds the bridge', () => {
    const pair = Pair.bridging().fails('create-bridge', LOST);
    pair.done('look-at-call', { seen: [{ callId: CALLER, state: 'active', bridgeId: 'brg-7' }] });
    expect([pair.flow.phase, pair.flow.bridgeId]).toEqual(['bridged', 'brg-7']);
  });

  it('create-bridge lost and not there: asked for once more, and no third time', () => {
    const pair = Pair.bridging().fails('create-bridge', LOST);
    const unbridged = { seen: [{ callId: CALLER, state: 'active' as const }] };
    pair.done('look-at-call', unbridged).fails('create-bridge', LOST).done('look-at-call', unbridged);
    expect(pair.issued.filter(({ type }) => type === 'create-bridge')).toHaveLength(2);
    expect(pair.flow).toMatchObject({ phase: 'ending', reason: 'bridge-failed' });
  });

  it('create-bridge asked twice and refused because the calls are bridged: they are', () => {
    const pair = Pair.bridging().fails('create-bridge', LOST);
    pair.done('look-at-call', { seen: [{ callId: CALLER, state: 'active' }] });
    pair.fails('create-bridge', { ...REFUSED, code: 'bridge-bridged-callId' });
    expect(pair.flow.phase).toBe('bridged');
  });

  it.each([
    ['dialling', () => Pair.ringing()],
    ['answering', () => Pair.answering()],
    ['bridging', () => Pair.bridging()],
    ['bridged', () => Pair.bridged()],
  ])('nothing more happens while %s: the deadline ends it', (phase, make) => {
    const pair = make();
    expect(pair.flow.phase).toBe(phase);
    for (let i = 0; i < 100 && pair.flow.phase === phase; i++) pair.wakes();
    expect(pair.flow.reason).toBe('deadline');
    pair.over();
  });

  it('somebody asks for its end: both legs go', () => {
    const pair = Pair.bridged();
    pair.commands();
    pair.ends();
    expect(pair.commands()).toEqual([`hang-up ${CALLER}`, `hang-up ${CALLEE}`]);
    expect(pair.over()).toBe('ended-by-request');
  });

  it.each([
    ['the caller, as the platform says it', CALLER, { causeDetail: 'media-lost' }],
    ['the callee, as the platform says it', CALLEE, { causeDetail: 'phone-lost' }],
    ['the caller, on a platform that says no more than that it failed', CALLER, {}],
    ['the callee, on a platform that says no more than that it failed', CALLEE, {}],
  ])('a party of a bridged call vanishes: media-lost (%s)', (_, callId, more) => {
    const pair = Pair.bridged();
    pair.commands();
    pair.hears(hangupOf(callId, 'NORMAL_TEMPORARY_FAILURE', more));
    expect(pair.commands()).toEqual([`hang-up ${callId === CALLER ? CALLEE : CALLER}`]);
    expect(pair.over()).toBe('media-lost');
  });

  it.each(['constructor', 'SOMETHING_NEW'])('a detail that is not known changes nothing: %s', (causeDetail) => {
    const pair = Pair.bridged().hears(hangupOf(CALLER, 'NORMAL_CLEARING', { causeDetail }));
    expect(pair.over()).toBe('completed');
  });

  it('the callee vanishes while the caller is being answered: media-lost', () => {
    const pair = Pair.answering().hears(hangupOf(CALLEE, 'NORMAL_TEMPORARY_FAILURE', { causeDetail: 'media-lost' }));
    expect(pair.over()).toBe('media-lost');
  });

  it.each([
    ['bridged', () => Pair.bridged()],
    ['answering', () => Pair.answering()],
  ])('the platform stops while %s: the reason says so', (_, make) => {
    const cut = { causeDetail: 'platform-stopped' };
    const pair = make().hears(hangupOf(CALLEE, 'NORMAL_TEMPORARY_FAILURE', cut));
    expect(pair.over()).toBe('server-stopped');
  });

  it('the server stops: both legs go, and the reason says so', () => {
    const pair = Pair.bridged().ends('server-stopped');
    expect(pair.flow.timeline.at(-1)?.what).toBe('server stops');
    expect(pair.over()).toBe('server-stopped');
  });

  it('the server stops while the callee rings: the caller hears a temporary failure', () => {
    const pair = Pair.ringing().ends('server-stopped');
    expect(pair.issued).toContainEqual(
      expect.objectContaining({ type: 'reject-call', cause: 'NORMAL_TEMPORARY_FAILURE' }),
    );
  });

  it('a caller who withholds its number withholds it from the callee', () => {
    const { commands } = beginBridgeLegs({ ...incomingCall(), privacy: 'id' }, ROUTE, LIMITS, 0);
    expect(commands).toEqual([expect.objectContaining({ type: 'create-call', from: NUMBER, privacy: 'id' })]);
  });

  it('there is no route: the caller is rejected, nobody is dialled', () => {
    const { flow, commands } = beginBridgeLegs(
      incomingCall(),
      { refused: 'no such thing', cause: 'UNALLOCATED_NUMBER' },
      LIMITS,
      0,
    );
    expect(commands).toEqual([expect.objectContaining({ type: 'reject-call', cause: 'UNALLOCATED_NUMBER' })]);
    expect(new Pair(flow, commands).over()).toBe('unroutable');
    expect(flow.timeline[0]).toMatchObject({ what: 'begin', outcome: 'no such thing' });
  });

  it('the caller was gone before the call began: ended at once, without a command', () => {
    const { flow, commands } = goneBeforeStart(
      hangupOf(CALLER, 'ORIGINATOR_CANCEL', { from: ENDPOINT, to: PSTN }),
      LIMITS,
      0,
    );
    expect([flow.phase, flow.reason, commands]).toEqual(['ended', 'caller-gave-up', []]);
    expect(flow).toMatchObject({ direction: 'unknown', incoming: { from: ENDPOINT, to: PSTN } });
  });

  it('the first reason stays', () => {
    const pair = Pair.ringing().hears(hangupOf(CALLEE, 'USER_BUSY')).hears(hangupOf(CALLER, 'CALL_REJECTED'));
    pair.ends();
    expect(pair.over()).toBe('busy');
  });
});

describe("the caller's number as caller id", () => {
  const foreign = { ...ROUTE, direction: 'pstn-to-sip', from: PSTN, fallbackFrom: NUMBER } as const;
  const begun = () => {
    const { flow, commands } = beginBridgeLegs(incomingCall({ from: PSTN }), foreign, LIMITS, 0);
    return new Pair(flow, commands);
  };
  const DENIED: CommandFailure = { fate: 'refused', code: 'number-access-denied', status: 403 };
  const dialled = ({ issued }: Pair) =>
    issued.flatMap((command) => (command.type === 'create-call' ? command.from : []));

  it("that the platform refuses is replaced by the line's, once", () => {
    const pair = begun().fails('create-call', DENIED);
    expect(dialled(pair)).toEqual([PSTN, NUMBER]);
    pair.fails('create-call', DENIED);
    expect(dialled(pair)).toEqual([PSTN, NUMBER]);
    expect(pair.over()).toBe('dial-failed');
  });

  it('is not tried again where the call was refused for another reason', () => {
    const pair = begun().fails('create-call', REFUSED);
    expect(dialled(pair)).toEqual([PSTN]);
    expect(pair.over()).toBe('dial-failed');
  });

  it("is the line's where the caller withholds its own", () => {
    const { commands } = beginBridgeLegs(incomingCall({ from: PSTN, privacy: 'id' }), foreign, LIMITS, 0);
    expect(commands).toEqual([expect.objectContaining({ type: 'create-call', from: NUMBER, privacy: 'id' })]);
  });

  it('is not replaced once the caller is gone', () => {
    const pair = begun().hears(hangupOf(CALLER, 'ORIGINATOR_CANCEL')).fails('create-call', DENIED);
    expect(dialled(pair)).toEqual([PSTN]);
    expect(pair.over()).toBe('caller-gave-up');
  });
});

describe('a key that is pressed', () => {
  const press = (over: object) => ({ eventType: 'dtmf', callId: CALLEE, dtmfDigit: '5', ...over }) as VoiceEvent;
  it.each([
    ['whole seconds and no id: each is one', { time: '2026-01-01T00:00:00Z' }, false],
    ['whole seconds, written with a fraction: each is one', { time: '2026-01-01T00:00:00.000Z' }, false],
    ['the same id: one', { time: '2026-01-01T00:00:00Z', eventId: 'ev-1' }, true],
    ['the same millisecond: one', { time: '2026-01-01T00:00:00.123Z' }, true],
  ])('and comes twice, with %s', (_, over, isCopy) => {
    const once = transition(Pair.bridged().flow, { type: 'webhook', at: 5, event: press(over) }).flow;
    const twice = transition(once, { type: 'webhook', at: 6, event: press(over) }).flow;
    expect(twice === once).toBe(isCopy);
  });
  it('twice, with ids of their own: two', () => {
    const time = '2026-01-01T00:00:00Z';
    const once = transition(Pair.bridged().flow, {
      type: 'webhook',
      at: 5,
      event: press({ time, eventId: 'ev-1' }),
    }).flow;
    expect(transition(once, { type: 'webhook', at: 5, event: press({ time, eventId: 'ev-2' }) }).flow).not.toBe(once);
  });
});

describe('legs that must not be left', () => {
  it('a reject that is refused means that the caller is up: it is hung up', () => {
    const pair = Pair.ringing().hears(hangupOf(CALLEE, 'USER_BUSY'));
    pair.commands();
    pair.fails('reject-call', REFUSED);
    expect(pair.commands()).toEqual([`hang-up ${CALLER}`]);
    expect(pair.over()).toBe('busy');
  });

  it('a hang-up that fails for good is marked', () => {
    const pair = Pair.bridged().hears(hangupOf(CALLEE)).fails('hang-up', REFUSED);
    expect(pair.flow).toMatchObject({ phase: 'ended', caller: { state: 'gone', givenUp: true } });
  });

  it('an answer of a second leg with our tag is hung up', () => {
    const pair = Pair.bridged();
    pair.commands();
    pair.hears(answerOf('c-stray', { tag: CALLER }));
    expect([pair.flow.phase, pair.commands()]).toEqual(['bridged', ['hang-up c-stray']]);
  });

  it('a late answer of a leg that was hung up, and of which the platform never said that it is gone: hung up again', () => {
    const pair = Pair.ringing().ends().done('hang-up').done('reject-call');
    expect(pair.flow.phase).toBe('ended');
    pair.commands();
    pair.hears(answerOf(CALLEE, { tag: CALLER }));
    expect([pair.flow.phase, pair.commands()]).toEqual(['ended', [`hang-up ${CALLEE}`]]);
  });

  it('a late answer of a leg whose hangup has come: nothing', () => {
    const pair = Pair.ringing().ends().done('hang-up').done('reject-call').hears(hangupOf(CALLEE));
    pair.commands();
    pair.hears(answerOf(CALLEE, { tag: CALLER }));
    expect(pair.commands()).toEqual([]);
  });

  it('ending that lasts too long is ended all the same, its legs marked', () => {
    const pair = Pair.bridged().hears(hangupOf(CALLEE)).wakes();
    expect(pair.flow).toMatchObject({ phase: 'ended', caller: { givenUp: true } });
  });

  it('legs that nothing is heard of are looked at, and found gone', () => {
    const limits = { ...LIMITS, legCheckMs: 5_000 };
    const { flow, commands } = beginBridgeLegs(incomingCall(), ROUTE, limits, 0);
    const pair = new Pair(flow, commands).done('create-call', { callId: CALLEE }).wakes();
    expect(pair.now).toBe(5_000);
    expect(pair.commands()).toEqual(['create-call', `look-at-call ${CALLER}`, `look-at-call ${CALLEE}`]);
    pair.done('look-at-call', { seen: [{ callId: CALLER, state: 'gone' }] });
    expect(pair.flow).toMatchObject({ phase: 'ending', reason: 'caller-gave-up' });
  });
});
