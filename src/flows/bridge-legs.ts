/**
 * SIP → PSTN, PSTN → SIP and SIP → SIP: a call comes in, Tandem dials the other side, and when that has answered,
 * answers the caller and bridges both (the tutorial's steps 5 and 6).
 *
 * dialling ──callee answered──▶ answering ──caller answered──▶ bridging ──bridge made──▶ bridged
 *    └──────────────┴──────────────────────┴── any end, failure or deadline ──▶ ending ──both gone──▶ ended
 */
import type { BridgeEvent, EndedEvent, OfferedEvent } from '../calls/events';
import { FAILURE_CODES } from '../calls/outcomes';
import { normaliseSipUri } from '../addresses/sip-uri';
import { enter, issue, type Draft } from './draft';
import type { Direction, Route } from '../calls/route';
import { blankFlow, capabilitiesOf, type BridgeLegsFlow, type Decision, type FlowEvent, type Limits } from './flow';
import { markGone, observeAnswer } from './legs';
import { begin, dialCallee, transitionWith, type FlowSteps, type Step } from './steps';

const BRIDGE_TRIES = 2;
/** Stands for the id of a bridge that is known to be there, though its name was lost with the reply. */
const UNNAMED_BRIDGE = 'unnamed';

type ResultEvent = Extract<FlowEvent, { type: 'command-done' | 'command-failed' }>;

const steps: FlowSteps<BridgeLegsFlow> = {
  onEntry: {
    dialling: dialCallee,
    answering: (draft) => {
      enter(draft, 'answering', draft.flow.limits.stepMs);
      draft.flow.caller.answerSent = true;
      issue(draft, { type: 'answer', callId: draft.flow.id });
    },
    bridging: (draft) => {
      enter(draft, 'bridging', draft.flow.limits.stepMs);
      bridgeLegs(draft);
    },
    bridged: (draft) => {
      enter(draft, 'bridged', draft.flow.limits.maxCallMs);
      delete draft.flow.caller.confirmAt;
    },
  },

  next({ phase, caller, callee, bridgeId, fault }): Step {
    if (caller.state === 'gone') return { end: phase === 'bridged' ? 'completed' : 'caller-gave-up' };
    if (callee.state === 'gone') return { end: phase === 'bridged' ? 'completed' : 'callee-left' };
    if (fault) return { end: fault };
    if (callee.state !== 'answered') return { to: 'dialling' };
    if (caller.state !== 'answered') return { to: 'answering' };
    return { to: bridgeId === undefined ? 'bridging' : 'bridged' };
  },

  observe(draft, event) {
    if (event.type === 'call-event' && event.event.type === 'bridged') return observeBridged(draft, event.event);
    if (event.type === 'wake') return confirmCaller(draft);
    if (event.type !== 'command-done' && event.type !== 'command-failed') return;
    switch (event.command.type) {
      case 'answer':
        return observeAnswerResult(draft, event.type === 'command-done');
      case 'bridge':
        return observeBridge(draft, event);
      case 'look':
        return observeLook(draft, event);
      default: // about the callee alone: the frame has taken it in
    }
  },
};

/** The transition of a pair of legs. */
export function bridgeLegsTransition(flow: BridgeLegsFlow, event: FlowEvent): Decision<BridgeLegsFlow> {
  return transitionWith(steps, flow, event);
}

/** A new pair for a call that came in: dials the callee, or rejects a caller for whom there is no route. */
export function beginBridgeLegs(
  event: OfferedEvent,
  route: Route,
  limits: Limits,
  at: number,
): Decision<BridgeLegsFlow> {
  const flow = newPair(event.callId, { from: event.from, to: event.to }, limits, at);
  if (event.key !== undefined) flow.seen.push(event.key);
  if ('refused' in route) {
    flow.direction = 'unroutable';
    flow.refusal = route.cause;
    markGone(flow.callee);
    return begin(steps, flow, { end: 'unroutable' }, route.refused);
  }
  flow.direction = route.direction;
  const { direction: _, ...dial } = route;
  flow.dial = dial;
  // A caller who withholds its number withholds it from the callee; an outgoing call shows the number of its line.
  if (event.privacy === 'id') {
    const { fallbackFrom, ...shown } = dial;
    flow.dial = { ...shown, from: fallbackFrom ?? shown.from, privacy: 'id' };
  }
  return begin(steps, flow, { to: 'dialling' });
}

/**
 * A pair whose caller was gone before its offer came (the events overtook each other). It is kept as ended, so
 * that the late offer dials no callee.
 */
export function goneBeforeStart(
  { callId, cause, raw, from, to }: EndedEvent,
  limits: Limits,
  at: number,
): Decision<BridgeLegsFlow> {
  const flow = newPair(callId, { from: from ?? 'unknown', to: to ?? 'unknown' }, limits, at);
  markGone(flow.callee);
  markGone(flow.caller, cause, raw);
  return begin(steps, flow, { end: 'caller-gave-up' });
}

/** Both legs of a bridged pair, as the platform shows them. */
export interface BridgedPair {
  caller: { id: string; from: string; to: string };
  callee: { id: string; to: string };
  bridgeId: string;
}

/** A pair that was found bridged, and of which nothing is known: it lasts as long as a new one may. */
export function adoptBridged(
  { caller, callee, bridgeId }: BridgedPair,
  limits: Limits,
  at: number,
): Decision<BridgeLegsFlow> {
  const flow = newPair(caller.id, { from: caller.from, to: caller.to }, limits, at);
  flow.direction = directionOf(caller.from, callee.to);
  flow.caller = { role: 'caller', callId: caller.id, state: 'answered', answerSent: true };
  flow.callee = { role: 'callee', callId: callee.id, state: 'answered' };
  flow.bridgeId = bridgeId;
  return begin(steps, flow, { to: 'bridged' }, 'found on the platform');
}

/** A leg that belongs to no flow. */
export interface Orphan {
  id: string;
  direction: 'in' | 'out';
  state: 'ringing' | 'answered';
  from: string;
  to: string;
}

/** A flow of its own for an orphan: it does nothing but hang up the leg, and says whose it was. */
export function reapOrphan(id: string, orphan: Orphan, limits: Limits, at: number): Decision<BridgeLegsFlow> {
  const flow = newPair(id, { from: orphan.from, to: orphan.to }, limits, at);
  const role = orphan.direction === 'in' ? 'caller' : 'callee';
  flow.caller = { role: 'caller', state: 'gone' };
  flow.callee = { role: 'callee', state: 'gone' };
  flow[role] = { role, callId: orphan.id, state: orphan.state };
  return begin(steps, flow, { end: 'orphan-reaped' }, 'found on the platform');
}

function directionOf(from: string, to: string): Direction {
  const isSip = (party: string) => normaliseSipUri(party) !== undefined;
  if (!isSip(from)) return 'pstn-to-sip';
  return isSip(to) ? 'sip-to-sip' : 'sip-to-pstn';
}

function newPair(callId: string, incoming: BridgeLegsFlow['incoming'], limits: Limits, at: number): BridgeLegsFlow {
  return {
    ...blankFlow(callId, limits, at),
    kind: 'bridge-legs',
    direction: 'unknown',
    incoming,
    caller: { role: 'caller', callId, state: 'ringing' },
    bridgeTries: 0,
  };
}

function bridgeLegs(draft: Draft<BridgeLegsFlow>): void {
  const { caller, callee } = draft.flow;
  if (caller.callId === undefined || callee.callId === undefined) return;
  draft.flow.bridgeTries += 1;
  issue(draft, { type: 'bridge', callIds: [caller.callId, callee.callId] });
}

/**
 * `active` was accepted: the caller is up when its own `answer` comes, or when the platform says so. `active` failed:
 * perhaps because the caller is up already, or gone; a look tells.
 */
function observeAnswerResult(draft: Draft<BridgeLegsFlow>, accepted: boolean): void {
  const { flow, at } = draft;
  if (flow.phase !== 'answering') return;
  if (!accepted) lookBecauseOf(draft, 'answer');
  else if (!capabilitiesOf(flow).callerAnswerEvent) observeAnswer(draft, flow.caller, flow.id);
  else flow.caller.confirmAt = at + flow.limits.confirmMs;
}

/** The bridge is there when the provider says so of either leg. */
function observeBridged({ flow }: Draft<BridgeLegsFlow>, { callId, bridgeId }: BridgeEvent): void {
  if (callId !== flow.caller.callId && callId !== flow.callee.callId) return;
  if (flow.phase === 'bridging') flow.bridgeId ??= bridgeId ?? UNNAMED_BRIDGE;
}

/** The event that is to confirm an accepted command has not come: the provider is asked. */
function confirmCaller(draft: Draft<BridgeLegsFlow>): void {
  const { flow, at } = draft;
  const { confirmAt } = flow.caller;
  if ((flow.phase !== 'answering' && flow.phase !== 'bridging') || confirmAt === undefined || confirmAt > at) return;
  flow.caller.confirmAt = at + flow.limits.confirmMs;
  issue(draft, { type: 'look', callId: flow.id });
}

function observeBridge(draft: Draft<BridgeLegsFlow>, event: ResultEvent): void {
  const { flow } = draft;
  if (event.type === 'command-done') {
    if (!capabilitiesOf(flow).bridgedEvent) flow.bridgeId ??= event.result.bridgeId ?? UNNAMED_BRIDGE;
    else if (flow.phase === 'bridging') flow.caller.confirmAt = draft.at + flow.limits.confirmMs;
  } else if (flow.phase === 'bridging') {
    const { effect, code } = event.failure;
    if (effect === 'unknown') lookBecauseOf(draft, 'bridge');
    // We asked twice, so the bridge that is already there is the one whose reply was lost.
    else if (code === FAILURE_CODES.alreadyBridged && flow.bridgeTries > 1) flow.bridgeId = UNNAMED_BRIDGE;
    else flow.fault = 'bridge-failed';
  }
}

function lookBecauseOf(draft: Draft<BridgeLegsFlow>, doubt: 'answer' | 'bridge'): void {
  draft.flow.doubt = doubt;
  issue(draft, { type: 'look', callId: draft.flow.id });
}

/** A look at the caller settles what a failed answer or a lost bridge left open. */
function observeLook(draft: Draft<BridgeLegsFlow>, event: ResultEvent): void {
  const { flow } = draft;
  if (!('callId' in event.command) || event.command.callId !== flow.id) return;
  const { doubt } = flow;
  delete flow.doubt;
  if (doubt === 'answer' && flow.caller.state === 'ringing') flow.fault = 'answer-failed';
  if (flow.phase !== 'bridging') return;
  const seen = event.type === 'command-done' ? event.result.seen?.[0] : undefined;
  if (seen?.bridgeId !== undefined) flow.bridgeId = seen.bridgeId;
  else if (doubt !== 'bridge') {
    // Accepted, and not there yet: the next look may tell.
    if (capabilitiesOf(flow).bridgedEvent) flow.caller.confirmAt = draft.at + flow.limits.confirmMs;
    // There is no bridge, and the platform refuses a second one for the same call: asking again is harmless.
  } else if (seen?.state === 'answered' && flow.bridgeTries < BRIDGE_TRIES) bridgeLegs(draft);
  else flow.fault = 'bridge-failed';
}
