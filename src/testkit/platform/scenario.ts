/** One played call: its script, its legs and its outcome. */
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
  /** How long the callee rings before its far end acts, ms. */
  farEndAfterMs: number;
  /** The caller gives up this long after dialling if it has not been answered, ms. */
  callerGivesUpAfterMs?: number;
  /** The party that hangs up first. In `speak`: `callee` during the sentence; `caller` stands for the server. */
  endsBy: 'caller' | 'callee';
  /** How long the parties talk after the bridge, or for `speak` after the callee's answer, ms. */
  talkMs: number;
  /** The party that hangs up between the caller's answer and the bridge. */
  leavesOnceAnswered?: 'caller' | 'callee';
  /** Whether the platform sends an event of an unknown type for each leg. */
  unknownEvent?: boolean;
  /** Whether the caller presses keys while both talk. */
  keys?: boolean;
  /** Whether the platform refuses to dial the callee with 400. */
  dialRefused?: boolean;
}

export interface Leg {
  id: string;
  scenario: Scenario;
  role: 'caller' | 'callee';
  from: string;
  to: string;
  /** The true state. Events and replies may report it late, twice or never. */
  state: 'ringing' | 'active' | 'ended';
  /** Whether `active` was accepted but has not taken effect yet. */
  pickingUp: boolean;
  startedAt: number;
  activeAt?: number;
  endedAt?: number;
  cause?: string;
  rejected: boolean;
  tag?: string;
  /** URL of its events; empty: none. */
  callbackUrl: string;
  fallbackUrl?: string;
  callbackMethod: 'GET' | 'POST';
  /** Timeout of an event, ms. */
  callbackTimeoutMs: number;
  callTimeout?: number;
  bridge?: Bridge;
  /** The bridge that it joins on answer. */
  joins?: Bridge;
  /** The caller that the app transferred to this leg. */
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
  /** The number or URI of the callee, if it is unique to this scenario. */
  dials?: string;
  /** Whether the server has acknowledged the `incomingcall`. Before that it is not responsible for the call. */
  known: boolean;
  /** The longest time of the server to acknowledge an event of this call, ms. */
  slowestAckMs: number;
  /** Commands whose effect the client cannot know. It may repeat them once. */
  unconfirmed: Set<string>;
  /** Whether the platform refuses `completed` for a caller that was never answered, and requires `rejected`. */
  strict: boolean;
  /** The earliest time of a retry for commands that were answered with 429, epoch ms. */
  notBefore: Map<string, number>;
  /** Number of commands for ended legs. */
  commandsTooLate: number;
  /** Whether the run is over and the kit has ended the legs, so that the report ignores later commands. */
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

/** Returns `caller`, `callee`, or `callee 2` after a second dial. */
export function nameOf(leg: Leg): string {
  if (leg.role === 'caller') return 'caller';
  const number = calleesOf(leg.scenario).indexOf(leg) + 1;
  return number > 1 ? `callee ${number}` : 'callee';
}

/** Returns the outcome for the caller, or for `speak` for the callee. */
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
