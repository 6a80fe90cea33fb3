import { transition } from '../../src/flows';
import { beginBridgeLegs, bridgeLegsTransition, goneBeforeStart } from '../../src/flows/bridge-legs';
import type { CommandFailure, CommandResult } from '../../src/calls/outcomes';
import type { BridgeLegsFlow, Command, FlowEvent, Reason } from '../../src/flows/flow';
import type { CallEvent } from '../../src/calls/events';
import {
  CALLEE,
  CALLER,
  ENDPOINT,
  LIMITS,
  NUMBER,
  PSTN,
  answerOf,
  endOf,
  offerOf,
  speechOf,
} from '../helpers/builders';

const ROUTE = { direction: 'sip-to-pstn', from: NUMBER, to: PSTN, callTimeout: 30 } as const;
const REFUSED: CommandFailure = { effect: 'none', code: 'http-400', status: 400 };
const LOST: CommandFailure = { effect: 'unknown', code: 'reply-lost' };
const UNSENT: CommandFailure = { effect: 'none', code: 'unreachable' };

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
    const { flow, commands } = beginBridgeLegs(offerOf(), ROUTE, LIMITS, 0);
    return new Pair(flow, commands);
  }
  /** Dialled, and known by its id. */
  static ringing(): Pair {
    return Pair.begun().done('dial', { callId: CALLEE });
  }
  static answering(): Pair {
    return Pair.ringing().hears(answerOf(CALLEE, { correlation: CALLER }));
  }
  static bridging(): Pair {
    return Pair.answering().done('answer').hears(answerOf(CALLER));
  }
  static bridged(): Pair {
    return Pair.bridging().done('bridge', { bridgeId: 'brg-1' });
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
  hears(event: CallEvent): this {
    return this.apply({ type: 'call-event', at: this.now, event });
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
    for (const { type } of [...this.flow.pending]) if (type === 'hang-up' || type === 'reject') this.done(type);
    expect(this.flow.phase).toBe('ended');
    expect(this.flow.pending.filter(({ type }) => type === 'hang-up' || type === 'reject')).toEqual([]);
    return this.flow.reason;
  }
}

describe('the phases', () => {
  it('dialling: an incoming call dials the callee, with the flow id as correlation', () => {
    const pair = Pair.begun();
    expect(pair.flow).toMatchObject({ phase: 'dialling', direction: 'sip-to-pstn', deadlineAt: 45_000 });
    expect(pair.issued).toEqual([
      { type: 'dial', id: 'dial', at: 0, from: NUMBER, to: PSTN, callTimeout: 30, correlation: CALLER },
    ]);
  });

  it('answering: when the callee has answered, the caller is answered, and not before', () => {
    const pair = Pair.ringing();
    pair.commands();
    pair.hears(answerOf(CALLEE));
    expect([pair.flow.phase, pair.commands()]).toEqual(['answering', [`answer ${CALLER}`]]);
  });

  it('does not bridge on the 200 of active: the caller may be picking up still', () => {
    const pair = Pair.answering();
    pair.commands();
    pair.done('answer');
    expect([pair.flow.phase, pair.commands()]).toEqual(['answering', []]);
    expect(pair.flow.wakeAt).toBe(LIMITS.confirmMs);
  });

  it('bridging: bridges once when both legs have answered', () => {
    const pair = Pair.bridging();
    pair.hears(answerOf(CALLER)).hears(answerOf(CALLEE));
    expect(pair.flow.phase).toBe('bridging');
    expect(pair.issued.filter(({ type }) => type === 'bridge')).toEqual([
      expect.objectContaining({ callIds: [CALLER, CALLEE] }),
    ]);
  });

  it('bridging: a look that says active stands for an answer event that is missing', () => {
    const pair = Pair.answering().done('answer').wakes();
    expect(pair.commands()).toContain(`look ${CALLER}`);
    pair.done('look', { seen: [{ callId: CALLER, state: 'answered' }] });
    expect([pair.flow.phase, pair.commands()]).toEqual(['bridging', ['bridge']]);
  });

  it('answering: a look that says started is taken again a second later', () => {
    const pair = Pair.answering().done('answer').wakes();
    pair.done('look', { seen: [{ callId: CALLER, state: 'ringing' }] });
    expect([pair.flow.phase, pair.flow.wakeAt]).toEqual(['answering', pair.now + LIMITS.confirmMs]);
  });

  it('bridged: the bridge is made, nothing more is to be done', () => {
    const pair = Pair.bridging();
    pair.commands();
    pair.done('bridge', { bridgeId: 'brg-1' });
    expect([pair.flow.phase, pair.flow.bridgeId, pair.commands()]).toEqual(['bridged', 'brg-1', []]);
    expect(pair.flow.deadlineAt).toBe(pair.now + LIMITS.maxCallMs);
  });

  it.each([
    ['caller', CALLEE, CALLER],
    ['callee', CALLER, CALLEE],
  ])('ending: when one leg hangs up the %s is hung up', (_, gone, left) => {
    const pair = Pair.bridged();
    pair.commands();
    pair.hears(endOf(gone));
    expect([pair.flow.phase, pair.commands()]).toEqual(['ending', [`hang-up ${left}`]]);
    expect(pair.over()).toBe('completed');
  });

  it('ended: late and doubled events change nothing', () => {
    const pair = Pair.bridged().hears(endOf(CALLEE));
    pair.over();
    pair.hears(endOf(CALLER)).commands();
    for (const event of [offerOf(), answerOf(CALLER), answerOf(CALLEE), endOf(CALLER), speechOf(CALLEE, 'done')]) {
      pair.hears(event);
    }
    expect([pair.flow.phase, pair.flow.reason, pair.commands()]).toEqual(['ended', 'completed', []]);
    expect(pair.flow.wakeAt).toBe(Infinity);
  });

  it('leaves the flow that it was given as it was', () => {
    const { flow } = beginBridgeLegs(offerOf(), ROUTE, LIMITS, 0);
    const before = structuredClone(flow);
    bridgeLegsTransition(flow, { type: 'call-event', at: 5, event: endOf(CALLER) });
    expect(flow).toEqual(before);
  });
});

describe('why a pair ends', () => {
  it.each([
    ['busy', 'busy', 'busy'],
    ['rejected', 'rejected', 'rejected'],
    ['no-answer', 'no-answer', 'no-answer'],
    ['unallocated', 'unallocated', 'unallocated'],
    ['failed', 'callee-failed', 'failed'],
    ['normal', 'callee-failed', 'failed'],
  ] as const)('the callee ends with %s: %s, and the caller is rejected with %s', (cause, reason, told) => {
    const pair = Pair.ringing();
    pair.commands();
    pair.hears(endOf(CALLEE, cause));
    expect(pair.issued).toEqual([expect.objectContaining({ type: 'reject', callId: CALLER, cause: told })]);
    expect(pair.over()).toBe(reason);
  });

  it('a client of the API ends a call that rings: the caller is rejected as declined', () => {
    const pair = Pair.ringing().ends();
    expect(pair.issued).toContainEqual(expect.objectContaining({ type: 'reject', cause: 'rejected' }));
  });

  it('a timeout of the callee: no-answer, and the hangup after it changes nothing', () => {
    const pair = Pair.ringing().hears(endOf(CALLEE, 'no-answer', { correlation: CALLER }));
    pair.hears(endOf(CALLEE, 'no-answer'));
    expect(pair.commands().filter((name) => name.startsWith('reject'))).toHaveLength(1);
    expect(pair.over()).toBe('no-answer');
  });

  it('the caller gives up while the callee rings: the callee is hung up', () => {
    const pair = Pair.ringing();
    pair.commands();
    pair.hears(endOf(CALLER, 'cancelled'));
    expect(pair.commands()).toEqual([`hang-up ${CALLEE}`]);
    expect(pair.over()).toBe('caller-gave-up');
  });

  it('the caller gives up before the reply to dial: the callee is hung up when it is known', () => {
    const pair = Pair.begun().hears(endOf(CALLER, 'cancelled'));
    expect(pair.flow.phase).toBe('ending');
    pair.done('dial', { callId: CALLEE });
    expect(pair.commands()).toContain(`hang-up ${CALLEE}`);
    expect(pair.over()).toBe('caller-gave-up');
  });

  it('the callee leaves while the caller is being answered: the caller is hung up, not rejected', () => {
    const pair = Pair.answering();
    pair.commands();
    pair.hears(endOf(CALLEE));
    expect(pair.commands()).toEqual([`hang-up ${CALLER}`]);
    expect(pair.over()).toBe('callee-left');
  });

  it.each([REFUSED, UNSENT])('dial %j: dial-failed, the caller is rejected', (failure) => {
    const pair = Pair.begun().fails('dial', failure);
    expect(pair.commands()).toEqual(['dial', `reject ${CALLER}`]);
    expect(pair.over()).toBe('dial-failed');
  });

  it('dial lost: looked for three times, then the caller need not wait', () => {
    const pair = Pair.begun().fails('dial', LOST);
    for (let tries = 1; tries < 3; tries++) pair.done('find', { seen: [] }).wakes();
    expect(pair.flow.phase).toBe('dialling');
    pair.done('find', { seen: [] });
    expect([pair.flow.phase, pair.flow.reason]).toEqual(['ending', 'dial-failed']);
    expect(pair.issued.filter(({ type }) => type === 'dial')).toHaveLength(1);
  });

  it('answer refused: a look tells whether the caller is up; if not, answer-failed', () => {
    const pair = Pair.answering().fails('answer', REFUSED);
    expect(pair.commands()).toContain(`look ${CALLER}`);
    pair.done('look', { seen: [{ callId: CALLER, state: 'ringing' }] });
    expect(pair.commands()).toEqual([`hang-up ${CALLER}`, `hang-up ${CALLEE}`]);
    expect(pair.over()).toBe('answer-failed');
  });

  it('answer refused of a caller who is up already: goes on to the bridge', () => {
    const pair = Pair.answering().fails('answer', REFUSED);
    pair.done('look', { seen: [{ callId: CALLER, state: 'answered' }] });
    expect(pair.flow.phase).toBe('bridging');
  });

  it('bridge refused: bridge-failed, both legs are hung up', () => {
    const pair = Pair.bridging();
    pair.commands();
    pair.fails('bridge', REFUSED);
    expect(pair.commands()).toEqual([`hang-up ${CALLER}`, `hang-up ${CALLEE}`]);
    expect(pair.over()).toBe('bridge-failed');
  });

  it('bridge lost: a look finds the bridge', () => {
    const pair = Pair.bridging().fails('bridge', LOST);
    pair.done('look', { seen: [{ callId: CALLER, state: 'answered', bridgeId: 'brg-7' }] });
    expect([pair.flow.phase, pair.flow.bridgeId]).toEqual(['bridged', 'brg-7']);
  });

  it('bridge lost and not there: asked for once more, and no third time', () => {
    const pair = Pair.bridging().fails('bridge', LOST);
    const unbridged = { seen: [{ callId: CALLER, state: 'answered' as const }] };
    pair.done('look', unbridged).fails('bridge', LOST).done('look', unbridged);
    expect(pair.issued.filter(({ type }) => type === 'bridge')).toHaveLength(2);
    expect(pair.flow).toMatchObject({ phase: 'ending', reason: 'bridge-failed' });
  });

  it('bridge asked twice and refused because the calls are bridged: they are', () => {
    const pair = Pair.bridging().fails('bridge', LOST);
    pair.done('look', { seen: [{ callId: CALLER, state: 'answered' }] });
    pair.fails('bridge', { ...REFUSED, code: 'already-bridged' });
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
    ['the caller, as the provider says', CALLER, 'lost'],
    ['the callee, as the provider says', CALLEE, 'lost'],
    ['the caller, with a provider that says no more than that it failed', CALLER, 'failed'],
    ['the callee, with a provider that says no more than that it failed', CALLEE, 'failed'],
  ] as const)('a party of a bridged call vanishes: media-lost (%s)', (_, callId, cause) => {
    const pair = Pair.bridged();
    pair.commands();
    pair.hears(endOf(callId, cause));
    expect(pair.commands()).toEqual([`hang-up ${callId === CALLER ? CALLEE : CALLER}`]);
    expect(pair.over()).toBe('media-lost');
  });

  it('the callee vanishes while the caller is being answered: media-lost', () => {
    const pair = Pair.answering().hears(endOf(CALLEE, 'lost'));
    expect(pair.over()).toBe('media-lost');
  });

  it.each([
    ['bridged', () => Pair.bridged()],
    ['answering', () => Pair.answering()],
  ])('the platform stops while %s: the reason says so', (_, make) => {
    const pair = make().hears(endOf(CALLEE, 'stopped'));
    expect(pair.over()).toBe('server-stopped');
  });

  it('the server stops: both legs go, and the reason says so', () => {
    const pair = Pair.bridged().ends('server-stopped');
    expect(pair.flow.timeline.at(-1)?.what).toBe('server stops');
    expect(pair.over()).toBe('server-stopped');
  });

  it('the server stops while the callee rings: the caller hears a temporary failure', () => {
    const pair = Pair.ringing().ends('server-stopped');
    expect(pair.issued).toContainEqual(expect.objectContaining({ type: 'reject', cause: 'failed' }));
  });

  it('a caller who withholds its number withholds it from the callee', () => {
    const { commands } = beginBridgeLegs({ ...offerOf(), privacy: 'id' }, ROUTE, LIMITS, 0);
    expect(commands).toEqual([expect.objectContaining({ type: 'dial', from: NUMBER, privacy: 'id' })]);
  });

  it('there is no route: the caller is rejected, nobody is dialled', () => {
    const { flow, commands } = beginBridgeLegs(
      offerOf(),
      { refused: 'no such thing', cause: 'unallocated' },
      LIMITS,
      0,
    );
    expect(commands).toEqual([expect.objectContaining({ type: 'reject', cause: 'unallocated' })]);
    expect(new Pair(flow, commands).over()).toBe('unroutable');
    expect(flow.timeline[0]).toMatchObject({ what: 'begin', outcome: 'no such thing' });
  });

  it('the caller was gone before the call began: ended at once, without a command', () => {
    const { flow, commands } = goneBeforeStart(endOf(CALLER, 'cancelled', { from: ENDPOINT, to: PSTN }), LIMITS, 0);
    expect([flow.phase, flow.reason, commands]).toEqual(['ended', 'caller-gave-up', []]);
    expect(flow).toMatchObject({ direction: 'unknown', incoming: { from: ENDPOINT, to: PSTN } });
  });

  it('the first reason stays', () => {
    const pair = Pair.ringing().hears(endOf(CALLEE, 'busy')).hears(endOf(CALLER, 'rejected'));
    pair.ends();
    expect(pair.over()).toBe('busy');
  });
});

describe("the caller's number as caller id", () => {
  const foreign = { ...ROUTE, direction: 'pstn-to-sip', from: PSTN, fallbackFrom: NUMBER } as const;
  const begun = () => {
    const { flow, commands } = beginBridgeLegs(offerOf({ from: PSTN }), foreign, LIMITS, 0);
    return new Pair(flow, commands);
  };
  const DENIED: CommandFailure = { effect: 'none', code: 'caller-id-refused', status: 403 };
  const dialled = ({ issued }: Pair) => issued.flatMap((command) => (command.type === 'dial' ? command.from : []));

  it("that the platform refuses is replaced by the line's, once", () => {
    const pair = begun().fails('dial', DENIED);
    expect(dialled(pair)).toEqual([PSTN, NUMBER]);
    pair.fails('dial', DENIED);
    expect(dialled(pair)).toEqual([PSTN, NUMBER]);
    expect(pair.over()).toBe('dial-failed');
  });

  it('is not tried again where the call was refused for another reason', () => {
    const pair = begun().fails('dial', REFUSED);
    expect(dialled(pair)).toEqual([PSTN]);
    expect(pair.over()).toBe('dial-failed');
  });

  it("is the line's where the caller withholds its own", () => {
    const { commands } = beginBridgeLegs(offerOf({ from: PSTN, privacy: 'id' }), foreign, LIMITS, 0);
    expect(commands).toEqual([expect.objectContaining({ type: 'dial', from: NUMBER, privacy: 'id' })]);
  });

  it('is not replaced once the caller is gone', () => {
    const pair = begun().hears(endOf(CALLER, 'cancelled')).fails('dial', DENIED);
    expect(dialled(pair)).toEqual([PSTN]);
    expect(pair.over()).toBe('caller-gave-up');
  });
});

describe('an event that is delivered again', () => {
  const press = (key?: string): CallEvent => ({ type: 'digit', callId: CALLEE, digit: '5', key });
  const hear = (flow: BridgeLegsFlow, event: CallEvent) => transition(flow, { type: 'call-event', at: 5, event }).flow;

  it.each([
    ['the same key: one', 'k-1', 'k-1', true],
    ['keys of their own: two', 'k-1', 'k-2', false],
    ['no key: two', undefined, undefined, false],
  ])('%s', (_, first, second, isCopy) => {
    const once = hear(Pair.bridged().flow, press(first));
    expect(transition(once, { type: 'call-event', at: 6, event: press(second) }).flow === once).toBe(isCopy);
  });
});

describe('legs that must not be left', () => {
  it('a reject that is refused means that the caller is up: it is hung up', () => {
    const pair = Pair.ringing().hears(endOf(CALLEE, 'busy'));
    pair.commands();
    pair.fails('reject', REFUSED);
    expect(pair.commands()).toEqual([`hang-up ${CALLER}`]);
    expect(pair.over()).toBe('busy');
  });

  it('a hang-up that fails for good is marked', () => {
    const pair = Pair.bridged().hears(endOf(CALLEE)).fails('hang-up', REFUSED);
    expect(pair.flow).toMatchObject({ phase: 'ended', caller: { state: 'gone', givenUp: true } });
  });

  it('an answer of a second leg with our tag is hung up', () => {
    const pair = Pair.bridged();
    pair.commands();
    pair.hears(answerOf('c-stray', { correlation: CALLER }));
    expect([pair.flow.phase, pair.commands()]).toEqual(['bridged', ['hang-up c-stray']]);
  });

  it('a late answer of a leg that was hung up, and of which the platform never said that it is gone: hung up again', () => {
    const pair = Pair.ringing().ends().done('hang-up').done('reject');
    expect(pair.flow.phase).toBe('ended');
    pair.commands();
    pair.hears(answerOf(CALLEE, { correlation: CALLER }));
    expect([pair.flow.phase, pair.commands()]).toEqual(['ended', [`hang-up ${CALLEE}`]]);
  });

  it('a late answer of a leg whose hangup has come: nothing', () => {
    const pair = Pair.ringing().ends().done('hang-up').done('reject').hears(endOf(CALLEE));
    pair.commands();
    pair.hears(answerOf(CALLEE, { correlation: CALLER }));
    expect(pair.commands()).toEqual([]);
  });

  it('ending that lasts too long is ended all the same, its legs marked', () => {
    const pair = Pair.bridged().hears(endOf(CALLEE)).wakes();
    expect(pair.flow).toMatchObject({ phase: 'ended', caller: { givenUp: true } });
  });

  it('legs that nothing is heard of are looked at, and found gone', () => {
    const limits = { ...LIMITS, legCheckMs: 5_000 };
    const { flow, commands } = beginBridgeLegs(offerOf(), ROUTE, limits, 0);
    const pair = new Pair(flow, commands).done('dial', { callId: CALLEE }).wakes();
    expect(pair.now).toBe(5_000);
    expect(pair.commands()).toEqual(['dial', `look ${CALLER}`, `look ${CALLEE}`]);
    pair.done('look', { seen: [{ callId: CALLER, state: 'ended' }] });
    expect(pair.flow).toMatchObject({ phase: 'ending', reason: 'caller-gave-up' });
  });
});
