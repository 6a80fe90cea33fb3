/**
 * The frame of every flow: take in what an event says, then move from phase to phase as far as the facts allow. A flow
 * adds to it what it takes in beyond its legs, and its phases.
 */
import { causeReason } from './reasons';
import { decide, draftOf, enter, issue, setReason, settle, timelineEntry, type Draft } from './draft';
import type { CommandFailure, CommandResult } from '../calls/outcomes';
import type { Command, Decision, Flow, FlowEvent, LivePhase, Reason, TimelineEntry } from './flow';
import { isLive, legsOf } from './flow';
import {
  SEARCHES_BEFORE_GIVING_UP,
  allGone,
  dialCommand,
  endLegs,
  lookAtLegs,
  observeDialFailed,
  observeDialled,
  observeEnded,
  observeSearch,
  observeSeen,
  observeCallEvent,
  searchIfDue,
} from './legs';

/** Where a live flow goes from here: on to another live phase, or to its end; undefined: it stays. */
export type Step = { to: LivePhase } | { end: Reason } | undefined;

export interface FlowSteps<F extends Flow> {
  /** Facts of this flow alone, beyond what its legs tell. */
  observe(draft: Draft<F>, event: FlowEvent): void;
  /** Why a flow ends whose present phase has lasted too long; `deadline` where that is all there is to say. */
  overdue?(flow: F): Reason;
  /** Reads the facts: what is the next step? */
  next(flow: F): Step;
  /** What is done, and how long it may take, on entering each live phase. */
  onEntry: Partial<Record<LivePhase, (draft: Draft<F>) => void>>;
}

/** The flow's one transition: pure, and harmless for every event in every phase. */
export function transitionWith<F extends Flow>(steps: FlowSteps<F>, flow: F, event: FlowEvent): Decision<F> {
  const draft = draftOf(flow, event.at);
  const isLate = (event.type === 'command-done' || event.type === 'command-failed') && !settle(draft, event.command);
  if (!isLate) {
    observeLegs(draft, event, steps.overdue?.(draft.flow) ?? 'deadline');
    steps.observe(draft, event);
  } else if (event.type === 'command-done' && event.command.type === 'dial') {
    // Taken for lost, and taken over: whoever was dialled is the callee, or a leg that nobody owns.
    observeDialled(draft, event.result);
  }
  proceed(steps, draft);
  return decide(draft, isLate ? undefined : timelineOf(flow, draft.flow, event));
}

/** A flow's first step, with the commands of its first phase. */
export function begin<F extends Flow>(steps: FlowSteps<F>, flow: F, first: Step, note?: string): Decision<F> {
  const draft = draftOf(flow, flow.createdAt);
  take(steps, draft, first);
  return decide(draft, { at: flow.createdAt, what: 'begin', phase: flow.phase, outcome: note });
}

function observeLegs(draft: Draft, event: FlowEvent, overdue: Reason): void {
  switch (event.type) {
    case 'call-event':
      return observeCallEvent(draft, event.event);
    case 'command-done':
      return observeDone(draft, event.command, event.result);
    case 'command-failed':
      return observeFailed(draft, event.command, event.failure);
    case 'wake':
      return observeTime(draft, overdue);
    case 'end-requested':
      if (isLive(draft.flow.phase)) startEnding(draft, event.reason);
  }
}

function observeDone(draft: Draft, command: Command, result: CommandResult): void {
  switch (command.type) {
    case 'dial':
      restartRingTime(draft);
      return observeDialled(draft, result);
    case 'find':
      return observeSearch(draft, result.seen ?? []);
    case 'look':
      return result.seen?.forEach((seen) => observeSeen(draft, seen));
    case 'hang-up':
    case 'reject':
      return observeEnded(draft, command);
    case 'answer':
    case 'bridge':
    case 'say':
      return; // facts of one flow alone
  }
}

function observeFailed(draft: Draft, command: Command, failure: CommandFailure): void {
  switch (command.type) {
    case 'dial':
      return observeDialFailed(draft, failure);
    case 'find':
      return observeSearch(draft, undefined);
    case 'hang-up':
    case 'reject':
      return observeEnded(draft, command, failure);
    case 'look': // the next look may tell more
    case 'answer':
    case 'bridge':
    case 'say':
      return;
  }
}

function observeTime(draft: Draft, overdue: Reason): void {
  const { flow, at } = draft;
  if (isLive(flow.phase) && at >= flow.deadlineAt) startEnding(draft, overdue);
  if (isLive(flow.phase) && at >= flow.checkAt) {
    lookAtLegs(draft);
    flow.checkEvery = Math.min(flow.checkEvery * 2, flow.phase === 'bridged' ? 60_000 : 15_000);
    flow.checkAt = at + flow.checkEvery;
  }
}

/** Moves on until the facts lead no further; each phase is entered once. */
function proceed<F extends Flow>(steps: FlowSteps<F>, draft: Draft<F>): void {
  while (isLive(draft.flow.phase)) {
    const step = endOfLost(draft.flow) ?? endOfCallee(draft.flow) ?? steps.next(draft.flow);
    if (!step || ('to' in step && step.to === draft.flow.phase)) break;
    take(steps, draft, step);
  }
  searchIfDue(draft);
  if (draft.flow.phase === 'ending') finish(draft);
}

function take<F extends Flow>(steps: FlowSteps<F>, draft: Draft<F>, step: Step): void {
  if (!step) return;
  if ('end' in step) {
    startEnding(draft, step.end);
    finish(draft);
  } else {
    draft.flow.phase = step.to;
    steps.onEntry[step.to]?.(draft);
  }
}

/** A party that was up vanished without hanging up. */
function endOfLost(flow: Flow): Step {
  return legsOf(flow).some(({ lost }) => lost) ? { end: 'media-lost' } : undefined;
}

/** The callee is gone before it has answered, or cannot be found: no flow goes on from there. */
function endOfCallee({ phase, callee }: Flow): Step {
  if (phase !== 'dialling') return undefined;
  if (callee.state === 'gone') return { end: causeReason(callee) };
  if (callee.search && callee.search.tries >= SEARCHES_BEFORE_GIVING_UP) return { end: 'dial-failed' };
  return undefined;
}

function startEnding(draft: Draft, reason: Reason): void {
  setReason(draft, reason);
  enter(draft, 'ending', draft.flow.limits.endingMs);
}

function finish(draft: Draft): void {
  const { flow, at } = draft;
  endLegs(draft);
  const overdue = at >= flow.deadlineAt;
  if (!allGone(draft) && !overdue) return;
  for (const leg of legsOf(flow)) if (leg.state !== 'gone') leg.givenUp = true;
  flow.phase = 'ended';
  flow.endedAt = at;
}

/** The callee rings from now on, however long its `dial` had to wait its turn. */
function restartRingTime({ flow, at }: Draft): void {
  if (flow.phase === 'dialling' && flow.dial) flow.deadlineAt = at + flow.dial.callTimeout * 1_000 + flow.limits.stepMs;
}

/** The event's line in the timeline. A timer or a look that changed nothing is not worth one. */
function timelineOf(before: Flow, after: Flow, event: FlowEvent): TimelineEntry | undefined {
  const changed =
    before.phase !== after.phase || legsOf(before).some((leg, i) => leg.state !== legsOf(after)[i]?.state);
  const isLook = event.type === 'command-done' && event.command.type === 'look';
  return (isLook || event.type === 'wake') && !changed ? undefined : timelineEntry(before, event);
}

/** Dials the flow's callee; the flow's id is its correlation, so that its events are understood before the reply. */
export function dialCallee(draft: Draft): void {
  const { flow } = draft;
  if (!flow.dial) return;
  enter(draft, 'dialling', flow.dial.callTimeout * 1_000 + flow.limits.stepMs);
  issue(draft, dialCommand(flow.dial, flow.id));
}
