/** What a session came to, read off its state: for the log, the metrics and the call records. */
import { parseSipUri, normaliseSipUri } from '../addresses/sip-uri';
import type { Flow, FlowKind, Reason, Role, TimelineEntry } from '../flows/flow';
import { legsOf } from '../flows/flow';

/** `to-…`: Tandem dials without an incoming call. `unknown`: the session was not seen from its beginning. */
export const DIRECTIONS = [
  'sip-to-pstn',
  'pstn-to-sip',
  'sip-to-sip',
  'to-pstn',
  'to-sip',
  'unroutable',
  'unknown',
] as const;
export type SessionDirection = (typeof DIRECTIONS)[number];

export type HangUpSide = Role | 'tandem';

export interface SessionSummary {
  sessionId: string;
  kind: FlowKind;
  direction: SessionDirection;
  /** Who called, and what was dialled, as the platform said it. */
  from: string;
  to: string;
  /** What Tandem showed and dialled; undefined: nothing. */
  dialledFrom: string | undefined;
  dialledTo: string | undefined;
  /** The phone of the session: the one that was called, else the one that calls. */
  endpoint: string | undefined;
  callerCallId: string | undefined;
  calleeCallId: string | undefined;
  callerCause: string | undefined;
  calleeCause: string | undefined;
  /** A leg could not be hung up. */
  givenUp: boolean;
  reason: Reason | undefined;
  hungUpBy: HangUpSide | undefined;
  /** epoch ms */
  startedAt: number;
  /** When the callee answered, and when both could talk (speak-and-hang-up: when the sentence began); epoch ms. */
  answeredAt: number | undefined;
  talkingAt: number | undefined;
  endedAt: number | undefined;
  /** From the beginning to the callee's answer, or to the end where it did not answer. */
  ringSeconds: number;
  talkSeconds: number;
}

export function summaryOf(flow: Flow): SessionSummary {
  const { timeline, createdAt } = flow;
  const [caller, callee] = flow.kind === 'bridge-legs' ? [flow.caller, flow.callee] : [undefined, flow.callee];
  const { from, to } = flow.kind === 'bridge-legs' ? flow.incoming : (flow.dial ?? { from: 'unknown', to: 'unknown' });
  const ending = timeline.find(({ phase }) => phase === 'ending' || phase === 'ended');
  const endingAt = ending?.at ?? flow.endedAt;
  const answeredAt = timeline.find(({ phase }) => !['dialling', 'ending', 'ended'].includes(phase))?.at;
  const talkingAt = timeline.find(({ phase }) => phase === 'bridged' || phase === 'speaking')?.at;
  return {
    sessionId: flow.id,
    kind: flow.kind,
    direction: directionOf(flow),
    from,
    to,
    dialledFrom: flow.dial?.from,
    dialledTo: flow.dial?.to,
    endpoint: normaliseSipUri(flow.dial?.to ?? '') ?? normaliseSipUri(from),
    callerCallId: caller?.callId,
    calleeCallId: callee.callId,
    callerCause: caller?.cause,
    calleeCause: callee.cause,
    givenUp: legsOf(flow).some((leg) => leg.givenUp === true),
    reason: flow.reason,
    hungUpBy: endingAt === undefined ? undefined : hangUpSideOf(flow, ending),
    startedAt: createdAt,
    answeredAt,
    talkingAt,
    endedAt: flow.endedAt,
    ringSeconds: flow.dial ? seconds(createdAt, answeredAt ?? endingAt) : 0,
    talkSeconds: seconds(talkingAt, endingAt),
  };
}

function directionOf(flow: Flow): SessionDirection {
  if (flow.kind === 'speak-and-hang-up') return parseSipUri(flow.dial?.to ?? '') ? 'to-sip' : 'to-pstn';
  return flow.direction === 'unroutable' && flow.reason !== 'unroutable' ? 'unknown' : flow.direction;
}

/** @param ending the step that began the end: where a leg went on its own, it names that leg */
function hangUpSideOf(flow: Flow, ending: TimelineEntry | undefined): HangUpSide {
  switch (flow.reason) {
    case 'caller-gave-up':
      return 'caller';
    case 'busy':
    case 'rejected':
    case 'unallocated':
    case 'callee-failed':
    case 'callee-left':
      return 'callee';
    case 'completed': {
      const leg = flow.kind === 'bridge-legs' ? ending?.leg : undefined;
      return leg === 'caller' || leg === 'callee' ? leg : 'tandem';
    }
    default:
      return 'tandem';
  }
}

/** Rounded to tenths; 0 where one of the times is unknown. */
function seconds(from: number | undefined, to: number | undefined): number {
  if (from === undefined || to === undefined) return 0;
  return Math.round(Math.max(0, to - from) / 100) / 10;
}
