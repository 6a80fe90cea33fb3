import type { Decision, Flow, FlowKind, Phase } from '../flows/flow';

/** Which flows to list; newest first. */
export interface FlowFilter {
  phase?: Phase | undefined;
  kind?: FlowKind | undefined;
  limit: number;
}

/** How long an instance that is not heard of counts as alive, ms: a stall of that length must not cost it its commands. */
export const LEASE_MS = 10_000;

/**
 * The instances of Tandem that share a store. Each says again and again that it is there; what one of them left undone is
 * taken over by another. No instance is special.
 */
export interface Instances {
  /** This one's name; a new one for every process. */
  readonly instance: string;
  /** Epoch ms on the clock that all instances share, whatever their own clocks say. */
  now(): number;
  /** What to show to people for a time of `now()`: the clock of a machine may have been set since. */
  wallTime(at: number): number;
  /**
   * Whether an instance was heard of within `LEASE_MS`; this one always is. Everybody counts as alive until the store has
   * been within reach for as long: after an outage all need time to say that they are there.
   */
  isAlive(instance: string): boolean;
  /**
   * Whether the others are sure to take this instance for alive. What must not be done twice is not begun without: it may
   * have been taken over.
   */
  holdsLease(): boolean;
  /** Claims work that one instance is to do at a time, for so long (ms), or renews the own claim. False: another has it. */
  claim(work: string, ms: number): Promise<boolean>;
}

/**
 * Where flows are kept. A miss is `undefined`, never an error; what cannot be kept rejects with StoreUnavailableError.
 * Every store passes test/store/contract.ts.
 */
export interface FlowStore extends Instances {
  /** Keeps a new flow. False: there is one of this id already, and nothing was changed. */
  create(flow: Flow): Promise<boolean>;
  /**
   * Applies a transition in one atomic step: concurrent updates of one flow never interleave. The transition may be
   * called more than once, so it must be pure. A decision whose flow is the one it was given changes nothing.
   */
  update(id: string, transition: (flow: Flow) => Decision): Promise<Decision | undefined>;
  get(id: string): Promise<Flow | undefined>;
  /** The flow that a call is a leg of. */
  idOfCall(callId: string): Promise<string | undefined>;
  /**
   * Flows whose `wakeAt` has come (epoch ms), and those with commands under way that nothing was heard of for `LEASE_MS`:
   * whoever ran them may be gone. Each is given to one instance only, and given out again if nothing becomes of it.
   */
  due(now: number, limit: number): Promise<string[]>;
  /**
   * Ended flows that have had a `recordOwner` for `LEASE_MS` or more. Each is given to one instance only, and given out again
   * after a while. Only a store that outlives the process has this.
   */
  owedRecords?(now: number, limit: number): Promise<string[]>;
  list(filter: FlowFilter): Promise<Flow[]>;
  /** How many flows there are in each phase that is not `ended`. */
  countByPhase(): Promise<ReadonlyMap<Phase, number>>;
  /** Rejects where the store cannot be reached. */
  ping(): Promise<void>;
  /** Says that this instance is gone: others take over what it leaves. */
  close(): Promise<void>;
}
