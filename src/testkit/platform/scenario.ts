/** One call as the outside world plays it: who calls, what the far end does, and what came of it. */
import type { Journal } from './journal';
import type { Prng } from './prng';

export const PHONE = 'sip:jsmith_mobile@xyz-corp-testing.bwapp.bwsip.io';
export const LINE = '+1555444333';
export const PSTN_CALLER = '+12223334444';

export type FlowKind = 'sip-to-pstn' | 'pstn-to-sip' | 'speak';

export const FAR_ENDS = ['answer', 'busy', 'reject', 'no-answer', 'unallocated', 'answer-and-hang-up'] as const;
export type FarEnd = (typeof FAR_ENDS)[number];

export interface Script {
  farEnd: FarEnd;
  /** How long the callee rings before its far end does anything. */
  farEndAfterMs: number;
  /** The caller gives up this long after dialling, unless the call has been answered by then. */
  callerGivesUpAfterMs?: number;
  /** Who hangs up first. For `speak`, `callee` hangs up in the middle of the sentence, `caller` stands for the server. */
  endsBy: 'caller' | 'callee';
  /** How long they talk, from the bridge on; for `speak`, from the callee's answer on. */
  talkMs: number;
  /** Somebody hangs up the moment the caller is put through: between the caller's answer and the bridge, if there is any between. */
  leavesOnceAnswered?: 'caller' | 'callee';
  /** The platform sends an event of a type that nobody has heard of, to either leg. */
  unknownEvent?: boolean;
  /** The caller presses keys while both talk. */
  keys?: boolean;
  /** The platform refuses for good to dial the callee. */
  dialRefused?: boolean;
}

export interface Leg {
  id: string;
  scenario: Scenario;
  role: 'caller' | 'callee';
  from: string;
  to: string;
  /** The truth. Events and replies may tell it late, twice or never. */
  state: 'ringing' | 'active' | 'ended';
  /** `active` was accepted and has not taken effect yet. */
  pickingUp: boolean;
  startedAt: number;
  activeAt?: number;
  endedAt?: number;
  cause?: string;
  rejected: boolean;
  tag?: string;
  /** Where its events go; empty: nowhere. */
  callbackUrl: string;
  fallbackUrl?: string;
  callbackMethod: 'GET' | 'POST';
  /** ms until an event counts as not answered */
  callbackTimeoutMs: number;
  callTimeout?: number;
  bridge?: Bridge;
  /** The bridge that it joins when it is answered. */
  joins?: Bridge;
  /** The caller that was transferred to it. */
  transferOf?: Leg;
  speeches: { sentence: string; done: boolean }[];
}

export interface Bridge {
  id: string;
  legs: Leg[];
  createdAt: number;
  talking: boolean;
}

export interface Scenario {
  index: number;
  name: string;
  kind: FlowKind;
  script: Script;
  prng: Prng;
  journal: Journal;
  legs: Leg[];
  bridges: Bridge[];
  /** The number or URI that the callee is known by, where it is this scenario's alone. */
  dials?: string;
  /** Whether the server has acknowledged the `incomingcall`; before that it owes this call nothing. */
  known: boolean;
  /** The longest that the server took to acknowledge one of this call's events. */
  slowestAckMs: number;
  /** Commands that took effect while the client cannot know it: repeating them once more is no fault of the client. */
  unconfirmed: Set<string>;
  /** `completed` does nothing to a caller that was never answered: it wants `rejected`. */
  strict: boolean;
  /** Commands that were answered with 429, and when they may come again (epoch ms). */
  notBefore: Map<string, number>;
  /** How many commands came for legs that were over. */
  commandsTooLate: number;
  /** Its legs are ended by the platform itself, since the run is over: nothing of it counts any more. */
  closed: boolean;
}

export function callerOf(scenario: Scenario): Leg | undefined {
  return scenario.legs.find((leg) => leg.role === 'caller');
}

export function calleesOf(scenario: Scenario): Leg[] {
  return scenario.legs.filter((leg) => leg.role === 'callee');
}

export function isUp(leg: Leg): boolean {
  return leg.state !== 'ended';
}

/** `caller`, `callee`, and where somebody dialled twice `callee 2`. */
export function nameOf(leg: Leg): string {
  if (leg.role === 'caller') return 'caller';
  const number = calleesOf(leg.scenario).indexOf(leg) + 1;
  return number > 1 ? `callee ${number}` : 'callee';
}

/** What became of the call, in the caller's eyes; for `speak`, in the callee's. */
export function outcomeOf(scenario: Scenario): string {
  const [callee] = calleesOf(scenario);
  if (scenario.kind === 'speak') {
    if (!callee) return 'never dialled';
    if (callee.activeAt === undefined) return 'not answered';
    if (callee.speeches.some((speech) => speech.done)) return 'spoken';
    return callee.speeches.length > 0 ? 'cut off' : 'answered, not spoken';
  }
  if (!scenario.known) return 'unknown to the server';
  if (scenario.bridges.some((bridge) => bridge.talking)) return 'bridged';
  const caller = callerOf(scenario);
  if (caller?.activeAt !== undefined) return 'answered, not bridged';
  if (caller?.cause === 'ORIGINATOR_CANCEL') return 'caller gave up';
  return caller?.rejected ? 'rejected' : 'hung up while ringing';
}
