/** What a pair does with providers that differ from v1. */
import { DEFAULT_CAPABILITIES, type CallCapabilities } from '../../src/calls/capabilities';
import type { CallCommand, CommandType } from '../../src/calls/commands';
import type { CallEvent } from '../../src/calls/events';
import type { CommandFailure, CommandResult } from '../../src/calls/outcomes';
import { takeOver } from '../../src/engine/take-over';
import { beginBridgeLegs, bridgeLegsTransition } from '../../src/flows/bridge-legs';
import type { BridgeLegsFlow, Command, FlowEvent } from '../../src/flows/flow';
import { CALLEE, CALLER, LIMITS, NUMBER, PSTN, answerOf, endOf, offerOf } from '../helpers/builders';

const ROUTE = { direction: 'sip-to-pstn', from: NUMBER, to: PSTN, callTimeout: 30 } as const;
const LOST: CommandFailure = { effect: 'unknown', code: 'reply-lost' };
const REFUSED: CommandFailure = { effect: 'none', code: 'http-400', status: 400 };

class Pair {
  now = 0;
  readonly issued: CallCommand[] = [];
  flow: BridgeLegsFlow;
  constructor(capabilities: Partial<CallCapabilities>) {
    const limits = { ...LIMITS, capabilities: { ...DEFAULT_CAPABILITIES, ...capabilities } };
    const { flow, commands } = beginBridgeLegs(offerOf(), ROUTE, limits, 0);
    this.flow = flow;
    this.issued.push(...commands);
  }
  apply(event: FlowEvent): this {
    const { flow, commands } = bridgeLegsTransition(this.flow, event);
    this.flow = flow;
    this.issued.push(...commands);
    return this;
  }
  pending(type: CommandType): Command {
    const command = this.flow.pending.find((one) => one.type === type);
    if (!command) throw new Error(`no ${type} is pending, only ${this.flow.pending.map(({ id }) => id).join()}`);
    return command;
  }
  hears = (event: CallEvent): this => this.apply({ type: 'call-event', at: this.now, event });
  done = (type: CommandType, result: CommandResult = {}): this =>
    this.apply({ type: 'command-done', at: this.now, command: this.pending(type), result });
  fails = (type: CommandType, failure: CommandFailure): this =>
    this.apply({ type: 'command-failed', at: this.now, command: this.pending(type), failure });
  wakes(): this {
    this.now = this.flow.wakeAt;
    return this.apply({ type: 'wake', at: this.now });
  }
  types = (): CommandType[] => this.issued.map(({ type }) => type);
}

const answering = (capabilities: Partial<CallCapabilities>): Pair =>
  new Pair(capabilities).done('dial', { callId: CALLEE }).hears(answerOf(CALLEE, { correlation: CALLER }));

describe('a provider that deduplicates dials by their correlation', () => {
  const key = { dialIdempotency: 'key', find: 'none' } as const;

  it('gets a dial whose reply was lost again, with the same correlation', () => {
    const pair = new Pair(key).fails('dial', LOST);
    expect(pair.types()).toEqual(['dial', 'dial']);
    expect(pair.issued[1]).toMatchObject({ to: PSTN, correlation: CALLER });
    pair.done('dial', { callId: CALLEE });
    expect(pair.flow.callee).toMatchObject({ callId: CALLEE, state: 'ringing' });
    expect(pair.flow.callee.search).toBeUndefined();
  });

  it('gets no more dials once the caller has been let go', () => {
    const pair = new Pair(key).fails('dial', LOST).fails('dial', LOST);
    for (let i = 0; i < 10 && pair.flow.phase === 'dialling'; i++) {
      pair.wakes();
      if (pair.flow.pending.some(({ type }) => type === 'dial')) pair.fails('dial', LOST);
    }
    expect(pair.flow).toMatchObject({ phase: 'ending', reason: 'dial-failed' });
    const dials = pair.types().filter((type) => type === 'dial').length;
    for (let i = 0; i < 10 && pair.flow.phase !== 'ended'; i++) pair.wakes();
    expect(pair.types().filter((type) => type === 'dial')).toHaveLength(dials);
  });

  it('may refuse the second dial though the first one made a call: its event is still understood', () => {
    const pair = new Pair(key).fails('dial', LOST).fails('dial', REFUSED);
    pair.hears(answerOf(CALLEE, { correlation: CALLER }));
    expect(pair.flow).toMatchObject({ phase: 'answering', callee: { callId: CALLEE } });
  });

  it('gets the dial of a lost instance again', () => {
    const { flow } = new Pair(key);
    const [command] = flow.pending;
    const { commands } = takeOver(flow, [{ command: command!, mayBeSent: true }], 60_000);
    expect(commands).toEqual([{ ...command, at: 60_000 }]);
  });
});

describe('a provider that can find no call', () => {
  it('is not asked for one; an event tells of the call, or nothing does', () => {
    const pair = new Pair({ find: 'none' }).fails('dial', LOST);
    expect(pair.types()).toEqual(['dial']);
    pair.hears(answerOf(CALLEE, { correlation: CALLER }));
    expect(pair.flow.phase).toBe('answering');
  });

  it('lets the caller go when no event has come', () => {
    const pair = new Pair({ find: 'none' }).fails('dial', LOST);
    for (let i = 0; i < 10 && pair.flow.phase === 'dialling'; i++) pair.wakes();
    expect(pair.flow).toMatchObject({ phase: 'ending', reason: 'dial-failed' });
    expect(pair.types()).toEqual(['dial', 'reject']);
  });
});

it('a provider without an answer event of the caller: its acceptance of the answer stands for it', () => {
  const pair = answering({ callerAnswerEvent: false });
  expect(pair.flow.phase).toBe('answering');
  expect(pair.done('answer').flow.phase).toBe('bridging');
});

describe('a provider that confirms a bridge by an event', () => {
  const bridging = () => answering({ bridgedEvent: true }).done('answer').hears(answerOf(CALLER));

  it('has made it when the event comes, not when it accepts the command', () => {
    const pair = bridging().done('bridge');
    expect(pair.flow.phase).toBe('bridging');
    pair.hears({ type: 'bridged', callId: CALLEE, correlation: CALLER });
    expect(pair.flow.phase).toBe('bridged');
  });

  it('may confirm it before the reply', () => {
    const pair = bridging().hears({ type: 'bridged', callId: CALLER, bridgeId: 'b-1' });
    expect(pair.flow).toMatchObject({ phase: 'bridged', bridgeId: 'b-1' });
    expect(pair.done('bridge').flow.phase).toBe('bridged');
    expect(pair.flow.wakeAt).toBe(LIMITS.maxCallMs);
  });

  it('is not asked any more once it has confirmed', () => {
    const pair = bridging().done('bridge').hears({ type: 'bridged', callId: CALLEE, correlation: CALLER });
    expect(pair.flow.wakeAt).toBe(LIMITS.maxCallMs);
  });

  it('is asked when the event does not come, again and again', () => {
    const pair = bridging().done('bridge').wakes();
    pair.done('look', { seen: [{ callId: CALLER, state: 'answered' }] });
    expect([pair.flow.phase, pair.now]).toEqual(['bridging', LIMITS.confirmMs]);
    pair.wakes().done('look', { seen: [{ callId: CALLER, state: 'answered', bridgeId: 'b-1' }] });
    expect(pair.flow).toMatchObject({ phase: 'bridged', bridgeId: 'b-1' });
    expect(pair.types().filter((type) => type === 'bridge')).toHaveLength(1);
  });

  it('says nothing of a bridge of other calls', () => {
    const pair = bridging().done('bridge').hears({ type: 'bridged', callId: 'c-other' });
    expect(pair.flow.phase).toBe('bridging');
    expect(pair.hears(endOf(CALLEE)).flow).toMatchObject({ phase: 'ending', reason: 'callee-left' });
  });
});
