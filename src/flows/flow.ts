/** What a flow is: plain data, so that any store can keep it and any test can write it down. */
import { DEFAULT_CAPABILITIES, type CallCapabilities } from '../calls/capabilities';
import type { EndCause, RejectCause } from '../calls/causes';
import type { CallCommand, Speech } from '../calls/commands';
import type { CallEvent } from '../calls/events';
import type { CommandFailure, CommandResult } from '../calls/outcomes';
import type { Direction } from '../calls/route';

/** `caller` is the leg that came in, `callee` the one that Tandem dials. */
export type Role = 'caller' | 'callee';

export interface Leg {
  role: Role;
  /** Unknown for the callee until the provider has said it: in the reply to `dial`, or in an event with our correlation. */
  callId?: string;
  /**
   * `gone` is final for what Tandem wants of a leg: it has hung up, was never dialled, or was given up.
   * A caller starts as `ringing`, a callee as `new`.
   */
  state: 'new' | 'ringing' | 'answered' | 'gone';
  /** Why it ended, where the provider said so: then the leg is gone for certain. */
  endCause?: EndCause;
  /** The provider's own word for it. */
  cause?: string;
  /** Set while the reply to this leg's `dial` is lost: how often it was looked for, and when next (epoch ms). */
  search?: { tries: number; nextAt: number };
  /** Once an `answer` command went out, the leg may be up whatever its state says. */
  answerSent?: boolean;
  /** When to ask the platform whether the answered caller is up, if its own event has not come (epoch ms). */
  confirmAt?: number;
  /** The platform ended the leg while it was up, because its party had vanished. */
  lost?: boolean;
  /** A hang-up failed for good: the leg may still be up, and somebody should know. */
  givenUp?: boolean;
}

export type LivePhase = 'dialling' | 'answering' | 'bridging' | 'bridged' | 'speaking';
export type Phase = LivePhase | 'ending' | 'ended';
export const PHASES: readonly Phase[] = ['dialling', 'answering', 'bridging', 'bridged', 'speaking', 'ending', 'ended'];

/**
 * Why a flow ended; the metric's `outcome`. `completed`: everything happened as planned, and a party hung up.
 * `media-lost`: a party that was up vanished. `orphan-reaped`: a leg without a flow was found and hung up.
 * `server-stopped`: cut by a shutdown.
 */
export const REASONS = [
  'completed',
  'busy',
  'rejected',
  'no-answer',
  'unallocated',
  'callee-failed',
  'callee-left',
  'caller-gave-up',
  'dial-failed',
  'answer-failed',
  'bridge-failed',
  'speak-failed',
  'media-lost',
  'deadline',
  'unroutable',
  'ended-by-request',
  'orphan-reaped',
  'server-stopped',
  'internal-error',
] as const;
export type Reason = (typeof REASONS)[number];

interface CommandBase {
  /** Unique among the commands of its flow that are under way, so that none is issued twice. */
  id: string;
  /** When it was issued, epoch ms. */
  at: number;
  /** The instance that carries it out; nobody else does while that one is alive. */
  owner?: string;
}
export type Command = CommandBase & CallCommand;

/** Whether both are one issue of a command: issued again, it is another. */
export function isSameCommand(one: Command, other: Command): boolean {
  return one.id === other.id && one.at === other.at;
}

export type FlowEvent = { at: number } & (
  | { type: 'call-event'; event: CallEvent }
  | { type: 'command-done'; command: Command; result: CommandResult }
  | { type: 'command-failed'; command: Command; failure: CommandFailure }
  | { type: 'wake' }
  | { type: 'end-requested'; reason: 'ended-by-request' | 'server-stopped' | 'internal-error' }
);

export interface TimelineEntry {
  at: number;
  /** What came in: an event, a command's result, a timer, a request. */
  what: string;
  leg?: Role | 'stray' | undefined;
  callId?: string | undefined;
  /** The phase it led to. */
  phase: Phase;
  outcome?: string | undefined;
  /** Milliseconds from the command to its result. */
  tookMs?: number | undefined;
}

/** How long things may take, in ms; part of the flow, so that a flow is judged by the settings it began with. */
export interface Limits {
  /** From dialling to the callee's answer, beyond callTimeout; also for each of the steps after it. */
  stepMs: number;
  /** How long a bridged call may last. */
  maxCallMs: number;
  /** First look at legs that nothing was heard of; doubles up to a minute. 0: never. */
  legCheckMs: number;
  /** How long a caller's own `answer` event may take before the platform is asked. */
  confirmMs: number;
  /** How long ending may take before a flow is given up. */
  endingMs: number;
  /** Of the provider; undefined: `DEFAULT_CAPABILITIES`. */
  capabilities?: CallCapabilities | undefined;
}

interface FlowBase {
  /** The caller's call id, or an id made for a flow that Tandem starts; the correlation of every call it dials. */
  id: string;
  phase: Phase;
  reason?: Reason;
  createdAt: number;
  endedAt?: number;
  /** Where the flow's callee is dialled, `callTimeout` in seconds; none for a caller who could not be routed. */
  dial?: { from: string; fallbackFrom?: string; to: string; callTimeout: number; privacy?: 'id' };
  callee: Leg;
  limits: Limits;
  /** When the present phase has lasted too long (epoch ms). */
  deadlineAt: number;
  /** When to look at the legs next, and the pause after that (ms). */
  checkAt: number;
  checkEvery: number;
  /** When the flow wants to be woken: the earliest of its timers; Infinity never. */
  wakeAt: number;
  /** Commands that were issued and have no result yet. */
  pending: Command[];
  /** Keys of the callbacks that were taken in, oldest first: one that comes again changes nothing. */
  seen: string[];
  timeline: TimelineEntry[];
  /** Ended, and the call record is not delivered yet: the instance that does it. */
  recordOwner?: string;
}

export interface BridgeLegsFlow extends FlowBase {
  kind: 'bridge-legs';
  direction: Direction;
  /** What the caller dialled and who is calling, as the platform said it. */
  incoming: { from: string; to: string };
  /** Why there is no route, as the caller is to hear it; only where `direction` is `unroutable`. */
  refusal?: RejectCause;
  caller: Leg;
  bridgeId?: string;
  bridgeTries: number;
  /** A step whose outcome only a look at the caller can tell. */
  doubt?: 'answer' | 'bridge';
  /** A step that failed for good. */
  fault?: Reason;
}

export interface SpeakFlow extends FlowBase {
  kind: 'speak-and-hang-up';
  speech: Speech;
  /** Of the request that started it with an Idempotency-Key. */
  fingerprint?: string;
  spoken: boolean;
  /** An event said that the sentence is being spoken. */
  started?: boolean;
  /** Set while the reply to `speak` is lost: when to say it again, unless an event shows that it is being said. */
  repeatAt?: number;
  repeated?: boolean;
  /** A step that failed for good. */
  fault?: Reason;
}

export type Flow = BridgeLegsFlow | SpeakFlow;
export type FlowKind = Flow['kind'];

/** A flow's next state, and the commands that it wants run now. */
export interface Decision<F extends Flow = Flow> {
  flow: F;
  commands: Command[];
}

/** What every flow has at its beginning, before its first phase is entered. */
export function blankFlow(id: string, limits: Limits, at: number): FlowBase {
  return {
    id,
    phase: 'dialling',
    callee: { role: 'callee', state: 'new' },
    createdAt: at,
    limits,
    deadlineAt: Infinity,
    checkAt: Infinity,
    checkEvery: 0,
    wakeAt: Infinity,
    pending: [],
    seen: [],
    timeline: [],
  };
}

export function legsOf(flow: Flow): Leg[] {
  return flow.kind === 'bridge-legs' ? [flow.caller, flow.callee] : [flow.callee];
}

export function isLive(phase: Phase): phase is LivePhase {
  return phase !== 'ending' && phase !== 'ended';
}

export function capabilitiesOf({ limits }: Pick<Flow, 'limits'>): CallCapabilities {
  return limits.capabilities ?? DEFAULT_CAPABILITIES;
}
