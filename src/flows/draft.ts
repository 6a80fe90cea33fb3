/**
 * A draft is a copy of a flow that one transition may write on. From outside a transition is pure: the flow it was
 * given stays as it was.
 */
import { cutCode } from '../support/codes';
import type { CommandType } from '../calls/commands';
import type { Command, Decision, Flow, FlowEvent, Leg, Phase, Reason, TimelineEntry } from './flow';
import { isSameCommand, legsOf } from './flow';

export interface Draft<F extends Flow = Flow> {
  readonly flow: F;
  /** The time of the event that is being handled, epoch ms. */
  readonly at: number;
  readonly commands: Command[];
}

/** Omit over each member of a union, so that its members stay told apart by `type`. */
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
export type NewCommand = DistributiveOmit<Command, 'id' | 'at'>;

const TIMELINE_LIMIT = 200;

export function draftOf<F extends Flow>(flow: F, at: number): Draft<F> {
  const copy = {
    ...flow,
    callee: { ...flow.callee },
    pending: [...flow.pending],
    timeline: [...flow.timeline],
  };
  if (copy.kind === 'bridge-legs') copy.caller = { ...copy.caller };
  return { flow: copy, at, commands: [] };
}

/** Ends a transition: notes the event in the timeline and sets the flow's alarm. */
export function decide<F extends Flow>({ flow, commands }: Draft<F>, entry: TimelineEntry | undefined): Decision<F> {
  if (entry) {
    // The beginning and the end of a long call tell most; what is looked at in between may go.
    if (flow.timeline.length >= TIMELINE_LIMIT) flow.timeline.splice(TIMELINE_LIMIT / 2, 1);
    flow.timeline.push({ ...entry, phase: flow.phase });
  }
  flow.wakeAt = alarmOf(flow);
  return { flow, commands };
}

/** When the flow next wants to be woken. */
function alarmOf(flow: Flow): number {
  const searchAt = flow.callee.search?.nextAt ?? Infinity;
  if (flow.phase === 'ended') return Infinity;
  if (flow.phase === 'ending') return Math.min(flow.deadlineAt, searchAt);
  const doubtAt = flow.kind === 'bridge-legs' ? flow.caller.confirmAt : flow.repeatAt;
  return Math.min(flow.deadlineAt, flow.checkAt, searchAt, doubtAt ?? Infinity);
}

/** Issues a command, unless the same one is under way. */
export function issue(draft: Draft, command: NewCommand): void {
  const id = commandId(command);
  if (draft.flow.pending.some((pending) => pending.id === id)) return;
  const issued = { ...command, id, at: draft.at };
  draft.flow.pending.push(issued);
  draft.commands.push(issued);
}

export function isPending(flow: Flow, ...types: CommandType[]): boolean {
  return flow.pending.some((command) => types.includes(command.type));
}

/** Takes a command off the pending ones; false where its result has come before. */
export function settle(draft: Draft, command: Command): boolean {
  const index = draft.flow.pending.findIndex((pending) => isSameCommand(pending, command));
  if (index < 0) return false;
  draft.flow.pending.splice(index, 1);
  return true;
}

export function enter(draft: Draft, phase: Phase, lastsMs: number): void {
  const { flow, at } = draft;
  flow.phase = phase;
  flow.deadlineAt = at + lastsMs;
  flow.checkEvery = flow.limits.legCheckMs;
  flow.checkAt = flow.checkEvery > 0 ? at + flow.checkEvery : Infinity;
}

/** The first reason stays: what comes after it are its consequences. */
export function setReason(draft: Draft, reason: Reason): void {
  draft.flow.reason ??= reason;
}

export function legOfCall(flow: Flow, callId: string): Leg | undefined {
  return legsOf(flow).find((leg) => leg.callId === callId);
}

/** One line of the timeline for an event. */
export function timelineEntry(before: Flow, event: FlowEvent): TimelineEntry {
  const { at } = event;
  const phase = before.phase;
  switch (event.type) {
    case 'call-event': {
      const { type, callId } = event.event;
      const detail =
        type === 'ended'
          ? (event.event.raw ?? event.event.cause)
          : 'state' in event.event
            ? event.event.state
            : undefined;
      return {
        at,
        what: `event ${type}`,
        leg: roleOf(before, callId),
        callId,
        phase,
        outcome: detail && cutCode(detail),
      };
    }
    case 'command-done':
    case 'command-failed': {
      const { command } = event;
      const callId =
        'callId' in command ? command.callId : event.type === 'command-done' ? event.result.callId : undefined;
      return {
        at,
        what: `command ${command.type}`,
        leg: callId === undefined ? undefined : roleOf(before, callId),
        callId,
        phase,
        outcome:
          event.type === 'command-failed' ? event.failure.code : cutCode(event.result.seen?.[0]?.state ?? 'done'),
        tookMs: at - command.at,
      };
    }
    case 'wake':
      return { at, what: 'deadline', phase };
    case 'end-requested':
      return { at, what: event.reason === 'server-stopped' ? 'server stops' : 'end requested', phase };
  }
}

function roleOf(flow: Flow, callId: string): TimelineEntry['leg'] {
  const leg = legOfCall(flow, callId);
  if (leg) return leg.role;
  return flow.callee.callId === undefined ? 'callee' : 'stray';
}

function commandId(command: NewCommand): string {
  return 'callId' in command ? `${command.type} ${command.callId}` : command.type;
}
