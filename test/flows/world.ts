/**
 * A world in which a pair of legs lives: what is true on the platform, which events and replies are on their way, and
 * how many more things may go wrong. Every step that could happen next is an action; a test tries them all.
 */
import type { CallEvent } from '../../src/calls/events';
import { transition } from '../../src/flows';
import { beginBridgeLegs } from '../../src/flows/bridge-legs';
import type { CallCapabilities } from '../../src/calls/capabilities';
import type { EndCause } from '../../src/calls/causes';
import type { CallSnapshot, CommandFailure, CommandResult } from '../../src/calls/outcomes';
import type { Command, Flow, FlowEvent } from '../../src/flows/flow';
import { capabilitiesOf, legsOf, type Limits } from '../../src/flows/flow';
import { beginSpeak } from '../../src/flows/speak-and-hang-up';

const CALLER = 'c-caller';
export const SPEECH = 'f-speech';
const LIMITS = { stepMs: 15_000, maxCallMs: 60_000, legCheckMs: 20_000, confirmMs: 1_000, endingMs: 600_000 };

type TrueState = CallSnapshot['state'];

interface Reply {
  command: Command;
  result?: CommandResult;
  failure?: CommandFailure;
}

export interface Budget {
  /** events that are lost */
  drops: number;
  /** events that come twice */
  doubles: number;
  /** commands that fail, in whichever way */
  failures: number;
  /** timers that fire while something else is on its way */
  earlyWakes: number;
}

export interface World {
  now: number;
  flow: Flow;
  /** The truth of each leg on the platform. */
  legs: Record<string, TrueState>;
  /** Legs that were once up. */
  answered: string[];
  events: CallEvent[];
  commands: Command[];
  replies: Reply[];
  /** Commands whose reply is lost and whose effect is still to come. */
  late: Command[];
  /** A leg that came up after its reply was lost. */
  lateLeg?: string;
  budget: Budget;
  dropsAtFirst: number;
  dials: number;
  bridges: number;
  bridgeId?: string;
  spoke: boolean;
  /** What broke a rule, in words. */
  violations: string[];
}

export interface Action {
  name: string;
  next: World;
}

export function pairWorld(budget: Budget, capabilities?: CallCapabilities): World {
  const decision = beginBridgeLegs(
    { type: 'offered', callId: CALLER, from: 'sip:a@b.c', to: '+15552223333' },
    { direction: 'sip-to-pstn', from: '+1555444333', to: '+15552223333', callTimeout: 30 },
    limitsWith(capabilities),
    0,
  );
  return emptyWorld(decision, { [CALLER]: 'ringing' }, budget);
}

const limitsWith = (capabilities: CallCapabilities | undefined): Limits => ({
  ...LIMITS,
  ...(capabilities && { capabilities }),
});

export function speechWorld(budget: Budget, capabilities?: CallCapabilities): World {
  const request = { id: SPEECH, from: '+1555444333', to: 'sip:a@b.c', callTimeout: 30, speech: { sentence: 'Hello' } };
  return emptyWorld(beginSpeak(request, limitsWith(capabilities), 0), {}, budget);
}

function emptyWorld(
  { flow, commands }: { flow: Flow; commands: Command[] },
  legs: World['legs'],
  budget: Budget,
): World {
  return {
    now: 0,
    flow,
    legs,
    answered: [],
    events: [],
    commands,
    replies: [],
    late: [],
    budget,
    dropsAtFirst: budget.drops,
    dials: 0,
    bridges: 0,
    spoke: false,
    violations: [],
  };
}

/** Everything that could happen next. None: the world has come to rest. */
export function actions(world: World): Action[] {
  const list: Action[] = [];
  const add = (name: string, change: (w: World) => void) => {
    const next = copy(world);
    change(next);
    list.push({ name, next });
  };

  world.events.forEach((event, i) => {
    const name = `${event.type} ${event.callId}`;
    add(`deliver ${name}`, (w) => apply(w, { type: 'call-event', at: w.now, event: take(w.events, i) }));
    if (world.budget.doubles > 0) {
      add(`double ${name}`, (w) => {
        w.budget.doubles--;
        apply(w, { type: 'call-event', at: w.now, event });
      });
    }
    if (world.budget.drops > 0) {
      add(`lose ${name}`, (w) => {
        w.budget.drops--;
        take(w.events, i);
      });
    }
  });

  world.commands.forEach((command, i) => {
    add(`execute ${command.id}`, (w) => void w.replies.push(execute(w, take(w.commands, i))));
    if (world.budget.failures === 0) return;
    const fail = (how: string, change: (w: World, command: Command) => CommandFailure) =>
      add(`${how} ${command.id}`, (w) => {
        w.budget.failures--;
        const failure = change(w, take(w.commands, i));
        w.replies.push({ command, failure });
      });
    fail('refuse', () => ({ effect: 'none', code: 'http-400', status: 400 }));
    fail('never send', () => ({ effect: 'none', code: 'unreachable' }));
    fail('lose', () => ({ effect: 'unknown', code: 'reply-lost' }));
    // A leg that comes up so late and whose answer is lost too cannot be known to anybody.
    if (world.budget.drops === 0) {
      fail('delay', (w) => {
        w.late.push(command);
        return { effect: 'unknown', code: 'reply-lost' };
      });
    }
    fail('lose the reply of', (w) => {
      execute(w, command);
      return { effect: 'unknown', code: 'reply-lost' };
    });
  });

  world.late.forEach((command, i) => {
    add(`execute late ${command.id}`, (w) => {
      const { result } = execute(w, take(w.late, i));
      if (command.type === 'dial' && result?.callId !== undefined) w.lateLeg = result.callId;
    });
  });

  world.replies.forEach(({ command, result, failure }, i) => {
    add(`reply ${command.id} ${failure?.effect ?? 'done'}`, (w) => {
      take(w.replies, i);
      const at = w.now;
      apply(
        w,
        failure
          ? { type: 'command-failed', at, command, failure }
          : { type: 'command-done', at, command, result: result ?? {} },
      );
    });
  });

  for (const [callId, state] of Object.entries(world.legs)) {
    if (state === 'ended') continue;
    add(`${callId} hangs up`, (w) =>
      end(w, callId, state === 'answered' ? 'normal' : callId === CALLER ? 'cancelled' : 'busy'),
    );
    if (state === 'ringing' && callId !== CALLER) add(`${callId} answers`, (w) => answer(w, callId));
  }

  const quiet = world.events.length + world.commands.length + world.replies.length === 0;
  if (world.flow.wakeAt < Infinity && (quiet || world.budget.earlyWakes > 0)) {
    add('wake', (w) => {
      if (!quiet) w.budget.earlyWakes--;
      w.now = Math.max(w.now, w.flow.wakeAt);
      apply(w, { type: 'wake', at: w.now });
    });
  }
  return list;
}

const can = ({ flow }: World): CallCapabilities => capabilitiesOf(flow);

/** What the platform does on a command that reaches it. */
function execute(world: World, command: Command): Reply {
  const refused = (code: string): Reply => ({ command, failure: { effect: 'none', code, status: 400 } });
  switch (command.type) {
    case 'dial': {
      const [dialled] = Object.keys(world.legs).filter((id) => id !== CALLER);
      // Sent again, it makes no second call.
      if (dialled !== undefined && can(world).dialIdempotency === 'key')
        return { command, result: { callId: dialled } };
      world.dials++;
      const callId = `c-callee-${world.dials}`;
      world.legs[callId] = 'ringing';
      return { command, result: { callId } };
    }
    case 'find':
      return {
        command,
        result: {
          seen: Object.keys(world.legs)
            .filter((id) => id !== CALLER)
            .map((id) => seen(world, id)),
        },
      };
    case 'look':
      return { command, result: { seen: [seen(world, command.callId)] } };
    case 'answer':
      if (world.legs[command.callId] !== 'ringing') return refused('call-ended');
      answer(world, command.callId);
      return { command, result: {} };
    case 'bridge': {
      if (command.callIds.some((id) => world.legs[id] === 'ended')) return refused('call-ended');
      if (world.bridgeId !== undefined) return refused('already-bridged');
      world.bridges++;
      world.bridgeId = 'brg-1';
      if (!can(world).bridgedEvent) return { command, result: { bridgeId: 'brg-1' } };
      for (const callId of command.callIds)
        world.events.push({ type: 'bridged', callId, ...correlationOf(world, callId) });
      return { command, result: {} };
    }
    case 'say':
      if (world.legs[command.callId] !== 'answered') return refused('call-ended');
      world.spoke = true;
      world.events.push({ type: 'speech', callId: command.callId, state: 'started', correlation: command.correlation });
      world.events.push({ type: 'speech', callId: command.callId, state: 'done', correlation: command.correlation });
      return { command, result: {} };
    case 'reject':
      if (world.legs[command.callId] === 'answered') return refused('call-active');
      end(world, command.callId, 'rejected');
      return { command, result: {} };
    case 'hang-up':
      end(world, command.callId, 'normal');
      return { command, result: {} };
  }
}

function seen(world: World, callId: string): CallSnapshot {
  return { callId, state: world.legs[callId] ?? 'ended', bridgeId: world.bridgeId };
}

function answer(world: World, callId: string): void {
  world.legs[callId] = 'answered';
  world.answered.push(callId);
  if (callId === CALLER && !can(world).callerAnswerEvent) return;
  world.events.push({ type: 'answered', callId, ...correlationOf(world, callId) });
}

function end(world: World, callId: string, cause: EndCause): void {
  if (world.legs[callId] === 'ended') return;
  world.legs[callId] = 'ended';
  world.events.push({ type: 'ended', callId, cause, ...correlationOf(world, callId) });
}

function correlationOf(world: World, callId: string): { correlation?: string } {
  return callId === CALLER ? {} : { correlation: world.flow.id };
}

/** Hands an event to the flow, and holds what the flow does against the rules. */
function apply(world: World, event: FlowEvent): void {
  const before = world.flow;
  const { flow, commands } = transition(before, event);
  world.flow = flow;
  for (const command of commands) {
    world.commands.push(command);
    const fault = faultOf(world, command);
    if (fault) world.violations.push(fault);
  }
  if (before.phase === 'ended' && flow.phase !== 'ended') world.violations.push('an ended flow came back to life');
}

function faultOf(world: World, command: Command): string | undefined {
  const wasUp = (callId: string) => world.answered.includes(callId);
  switch (command.type) {
    case 'dial':
      return can(world).dialIdempotency === 'key' ? undefined : 'rule 2: a second dial';
    case 'find':
      return can(world).find === 'none' ? 'a command that the provider does not have: find' : undefined;
    case 'answer':
      return world.answered.some((id) => id !== CALLER)
        ? undefined
        : 'rule 3: the caller is answered before the callee';
    case 'bridge':
      if (!command.callIds.every(wasUp)) return 'rule 1: a bridge before both legs have answered';
      return undefined;
    default:
      return undefined;
  }
}

/** The rules that hold when nothing more can happen. */
export function faultsAtRest({
  flow,
  legs,
  bridges,
  dials,
  lateLeg,
  violations,
  budget,
  dropsAtFirst,
}: World): string[] {
  const { find } = capabilitiesOf(flow);
  const faults = [...violations];
  if (flow.phase !== 'ended') faults.push(`rule 5: the flow rests in ${flow.phase}`);
  if (flow.reason === undefined) faults.push('the flow ended without a reason');
  if (bridges > 1) faults.push('rule 1: two bridges');
  if (dials > 1) faults.push('rule 2: two dials');
  if (flow.pending.length > 0) faults.push(`commands left pending: ${flow.pending.map(({ id }) => id).join()}`);
  const givenUp = legsOf(flow).some((leg) => leg.givenUp);
  for (const [callId, state] of Object.entries(legs)) {
    // No event and no look has told of it; its callTimeout ends it.
    const isUnknown = callId === lateLeg || (find === 'none' && callId !== CALLER && callId !== flow.callee.callId);
    const ringsOut = state === 'ringing' && isUnknown;
    // Its only event was lost.
    const isBeyondReach = isUnknown && find === 'none' && budget.drops < dropsAtFirst;
    if (state !== 'ended' && !ringsOut && !isBeyondReach && !givenUp) faults.push(`rule 4: ${callId} is left ${state}`);
  }
  return faults;
}

/**
 * Two worlds with the same key have the same future: times count from now, history does not count, and what is on its
 * way may come in any order. (A replacer function would be shorter, and ten times as slow.)
 */
export function keyOf({ now, flow, events, commands, replies, late, answered, ...world }: World): string {
  const { timeline: _t, createdAt: _c, endedAt: _e, limits: _l, dial: _d, pending, callee, ...rest } = flow;
  const { search } = callee;
  const caller = rest.kind === 'bridge-legs' ? rest.caller : undefined;
  const times = [
    rest.deadlineAt,
    rest.checkAt,
    rest.wakeAt,
    search?.nextAt ?? NaN,
    (caller ? caller.confirmAt : rest.kind === 'speak-and-hang-up' ? rest.repeatAt : undefined) ?? NaN,
  ];
  return JSON.stringify([
    { ...rest, deadlineAt: 0, checkAt: 0, wakeAt: 0, repeatAt: 0, caller: { ...caller, confirmAt: 0 } },
    { ...callee, search: search?.tries },
    times.map((at) => at - now),
    pending.map(({ id }) => id).sort(),
    events
      .map(
        ({ type, callId }, i) => `${type} ${callId} ${'state' in (events[i] ?? {}) ? JSON.stringify(events[i]) : ''}`,
      )
      .sort(),
    commands.map(({ id }) => id).sort(),
    late.map(({ id }) => id),
    replies.map(({ command, failure, result }) => command.id + (failure?.effect ?? JSON.stringify(result))).sort(),
    [...answered].sort(),
    world,
  ]);
}

function copy(world: World): World {
  return {
    ...world,
    legs: { ...world.legs },
    answered: [...world.answered],
    events: [...world.events],
    commands: [...world.commands],
    replies: [...world.replies],
    late: [...world.late],
    budget: { ...world.budget },
    violations: [...world.violations],
  };
}

function take<T>(list: T[], index: number): T {
  const [item] = list.splice(index, 1);
  if (item === undefined) throw new Error('nothing there');
  return item;
}
