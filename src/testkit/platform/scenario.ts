/** One call as the outside world plays it: who calls, what the far end does, and what came of it. */
import type { Prng } from './prng';
import type { Journal } from './journal';

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
  /** Who hangs up first. For `speak`, `callee` hangs up in the middle of the sentence, `caller` stands for Tandem. */
  endsBy: 'caller' | 'callee';
  /** How long they talk, from the bridge on; for `speak`, from the callee's answer on. */
  talkMs: number;
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
  callbackUrl: string;
  callTimeout?: number;
  bridge?: Bridge;
  speeches: { sentence: string; done: boolean }[];
}

export interface Bridge {
  id: string;
  legs: Leg[];
  createdAt: number;
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
  /** Whether Tandem has acknowledged the `incomingcall`; before that it owes this call nothing. */
  known: boolean;
  /** The longest that Tandem took to acknowledge one of this call's events. */
  slowestAckMs: number;
  /** Commands that took effect while the client cannot know it: repeating them once more is no fault of the client. */
  unconfirmed: Set<string>;
  /** `completed` does nothing to a caller that was never answered: it wants `rejected`. */
  strict: boolean;
  /** Commands that were answered with 429, and when they may come again (epoch ms). */
  notBefore: Map<string, number>;
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

/** What became of the call, in the caller's eyes; for `speak`, in the callee's. */
export function outcomeOf(scenario: Scenario): string {
  const [callee] = calleesOf(scenario);
  if (scenario.kind === 'speak') {
    if (!callee) return 'never dialled';
    if (callee.activeAt === undefined) return 'not answered';
    if (callee.speeches.some((speech) => speech.done)) return 'spoken';
    return callee.speeches.length > 0 ? 'cut off' : 'answered, not spoken';
  }
  if (!scenario.known) return 'unknown to tandem';
  if (scenario.bridges.length > 0) return 'bridged';
  const caller = callerOf(scenario);
  if (caller?.activeAt !== undefined) return 'answered, not bridged';
  if (caller?.cause === 'ORIGINATOR_CANCEL') return 'caller gave up';
  return caller?.rejected ? 'rejected' : 'hung up while ringing';
}
