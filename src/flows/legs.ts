/**
 * What an event says about the legs of a flow, whichever flow it is. Nothing here decides what to do next, except for
 * a leg that nobody owns (rule 4): it is hung up.
 */
import type { EndCause } from '../calls/causes';
import type { DialCommand } from '../calls/commands';
import type { CallEvent } from '../calls/events';
import { FAILURE_CODES, type CallSnapshot, type CommandFailure, type CommandResult } from '../calls/outcomes';
import type { Command, Flow, Leg } from './flow';
import { capabilitiesOf, legsOf } from './flow';
import { issue, isPending, legOfCall, setReason, type Draft } from './draft';
import { rejectCauseOf } from './reasons';

/** When a call whose `dial` reply was lost is looked for, in ms after the try before. */
const SEARCH_DELAYS = [0, 1_000, 3_000, 10_000];
/** After so many looks in vain the caller need not wait any longer; the search goes on behind the scenes. */
export const SEARCHES_BEFORE_GIVING_UP = 3;

const RANK = { new: 0, ringing: 1, answered: 2, gone: 3 } as const;

/** A leg only ever moves forward: what comes late or twice changes nothing. */
function advanceLeg(leg: Leg, state: Leg['state']): void {
  if (RANK[state] > RANK[leg.state]) leg.state = state;
}

/** @param raw the provider's own word for the cause */
export function markGone(leg: Leg, cause?: EndCause, raw?: string): void {
  advanceLeg(leg, 'gone');
  if (cause !== undefined && leg.endCause === undefined) {
    leg.endCause = cause;
    leg.cause = raw ?? cause;
  }
  delete leg.confirmAt;
}

/** Takes in what the provider tells about a call. */
export function observeCallEvent(draft: Draft, event: CallEvent): void {
  const leg = legOfCall(draft.flow, event.callId) ?? adopt(draft, event.callId);
  switch (event.type) {
    case 'answered':
      if (!leg) issue(draft, { type: 'hang-up', callId: event.callId });
      else observeAnswer(draft, leg, event.callId);
      return;
    case 'ended':
      if (!leg) return;
      if (event.cause === 'stopped') setReason(draft, 'server-stopped');
      else if (isLost(leg, event.cause)) leg.lost = true;
      markGone(leg, event.cause, event.raw);
      return;
    default: // speech, digit, …: the leg must be up, or it could not have sent them
      if (leg && leg.role === 'callee') advanceLeg(leg, 'answered');
  }
}

/** Whether a leg that was up ended because its party had vanished. Some providers say no more than that it failed. */
function isLost(leg: Leg, cause: EndCause): boolean {
  if (leg.state === 'gone') return false;
  return cause === 'lost' || (cause === 'failed' && leg.state === 'answered');
}

export function observeAnswer(draft: Draft, leg: Leg, callId: string): void {
  if (leg.state !== 'gone') {
    advanceLeg(leg, 'answered');
    delete leg.confirmAt;
  } else if (leg.endCause === undefined) {
    // We took it for gone without the platform having said so: here it is, so it must be hung up.
    issue(draft, { type: 'hang-up', callId });
  }
}

/**
 * The callee's id came in an event, by our correlation, before the reply to `dial` (or instead of it). Not once we have
 * heard that there is no such call: then whatever turns up is a leg that nobody owns.
 */
function adopt(draft: Draft, callId: string): Leg | undefined {
  const { callee } = draft.flow;
  if (callee.callId !== undefined || callee.state === 'gone') return undefined;
  callee.callId = callId;
  delete callee.search;
  advanceLeg(callee, 'ringing');
  return callee;
}

/** Takes in what a look at a call showed. */
export function observeSeen(draft: Draft, seen: CallSnapshot): void {
  const leg = legOfCall(draft.flow, seen.callId) ?? adopt(draft, seen.callId);
  if (!leg) {
    if (seen.state !== 'ended') issue(draft, { type: 'hang-up', callId: seen.callId });
  } else if (seen.state === 'ended') {
    markGone(leg);
  } else if (seen.state === 'answered') {
    observeAnswer(draft, leg, seen.callId);
  } else if (leg.confirmAt !== undefined) {
    leg.confirmAt = draft.at + draft.flow.limits.confirmMs;
  }
}

/** The reply to `dial` came: this is the callee, unless an event has named another one before. */
export function observeDialled(draft: Draft, result: CommandResult): void {
  if (result.callId !== undefined) observeSeen(draft, { callId: result.callId, state: 'ringing' });
}

/** The dial failed. Where its effect is unknown the call is looked for; it is sent again only where that makes no second call. */
export function observeDialFailed(draft: Draft, failure: CommandFailure): void {
  const { callee } = draft.flow;
  if (callee.callId !== undefined) return; // an event has told us more than the lost reply would have
  if (failure.code === FAILURE_CODES.callerIdRefused && redialAsLine(draft)) return;
  // A repeated dial that fails: an earlier one may have made the call.
  if (callee.search) observeSearch(draft, undefined);
  else if (failure.effect === 'unknown') callee.search = { tries: 0, nextAt: draft.at };
  else markGone(callee);
}

/** The platform does not show foreign numbers: the call is dialled once more with the line's own. */
function redialAsLine(draft: Draft): boolean {
  const { flow } = draft;
  if (flow.phase !== 'dialling' || flow.dial?.fallbackFrom === undefined) return false;
  const { fallbackFrom: from, ...dial } = flow.dial;
  flow.dial = { ...dial, from };
  issue(draft, dialCommand(flow.dial, flow.id));
  return true;
}

/** Looks for the lost call where it is time to; after the last look in vain the leg counts as never dialled. */
export function searchIfDue(draft: Draft): void {
  const { flow, at } = draft;
  const { callee, dial } = flow;
  if (!callee.search || !dial || callee.search.nextAt > at || isPending(flow, 'find', 'dial')) return;
  const { id: correlation, createdAt: since } = flow;
  const { dialIdempotency, find } = capabilitiesOf(flow);
  // Once the caller has been let go a dial that never arrived must not arrive now.
  if (dialIdempotency === 'key' && flow.phase === 'dialling') issue(draft, dialCommand(dial, correlation));
  else if (find !== 'none') issue(draft, { type: 'find', from: dial.from, to: dial.to, correlation, since });
  // Only an event of the call can tell of it now.
  else observeSearch(draft, undefined);
}

/** The flow's id is its correlation, so that its events are understood before the reply. */
export function dialCommand(
  { from, to, callTimeout, privacy }: NonNullable<Flow['dial']>,
  correlation: string,
): DialCommand {
  return { type: 'dial', from, to, callTimeout, correlation, ...(privacy && { privacy }) };
}

/** The result of a search; undefined where the search itself failed. */
export function observeSearch(draft: Draft, seen: CallSnapshot[] | undefined): void {
  const { flow, at } = draft;
  for (const call of seen ?? []) observeSeen(draft, call);
  const { search } = flow.callee;
  if (!search) return;
  const tries = search.tries + 1;
  const delay = SEARCH_DELAYS[tries];
  if (delay !== undefined) flow.callee.search = { tries, nextAt: at + delay };
  else if (tries === SEARCH_DELAYS.length && flow.dial) {
    // The last look is taken when even a call that rang all the time would be over.
    flow.callee.search = { tries, nextAt: at + flow.dial.callTimeout * 1_000 + flow.limits.stepMs };
  } else {
    delete flow.callee.search;
    markGone(flow.callee);
  }
}

/** Asks the platform about every leg that is not known to be gone. */
export function lookAtLegs(draft: Draft): void {
  for (const leg of legsOf(draft.flow)) {
    if (leg.callId !== undefined && leg.state !== 'gone') issue(draft, { type: 'look', callId: leg.callId });
  }
}

/** Ends every leg that is not gone, each once: rejects a caller who was never answered, hangs up the others. */
export function endLegs(draft: Draft): void {
  for (const leg of legsOf(draft.flow)) {
    if (leg.callId === undefined || leg.state === 'gone') continue;
    const { callId } = leg;
    const underWay = draft.flow.pending.some(
      (command) => (command.type === 'hang-up' || command.type === 'reject') && command.callId === callId,
    );
    if (underWay) continue;
    const neverAnswered = leg.role === 'caller' && leg.state === 'ringing' && !leg.answerSent;
    if (neverAnswered) issue(draft, { type: 'reject', callId, cause: rejectCauseOf(draft.flow) });
    else issue(draft, { type: 'hang-up', callId });
  }
}

/** The result of ending a leg. A refused reject means that the caller is up after all: then it is hung up. */
export function observeEnded(draft: Draft, command: Command, failure?: CommandFailure): void {
  if (command.type !== 'hang-up' && command.type !== 'reject') return;
  const leg = legOfCall(draft.flow, command.callId);
  if (!leg) return;
  if (failure && command.type === 'reject') {
    leg.answerSent = true;
    return;
  }
  if (failure) leg.givenUp = true;
  markGone(leg);
}

/** Whether every leg's effect is settled: none is up, and none can turn up any more. */
export function allGone(draft: Draft): boolean {
  const { flow } = draft;
  return legsOf(flow).every((leg) => leg.state === 'gone') && !isPending(flow, 'dial', 'hang-up', 'reject');
}
