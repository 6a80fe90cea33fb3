import type { Decision, Flow, FlowKind, Phase } from '../flows/flow';

/** Which flows to list; newest first. */
export interface FlowFilter {
  phase?: Phase | undefined;
  kind?: FlowKind | undefined;
  limit: number;
}

/**
 * Where flows are kept. A miss is `undefined`, never an error; what cannot be kept rejects. Every store passes
 * test/flow-store/contract.ts.
 */
export interface FlowStore {
  /** Keeps a new flow. False: there is one of this id already, and nothing was changed. */
  create(flow: Flow): Promise<boolean>;
  /**
   * Applies a transition in one atomic step: concurrent updates of one flow never interleave. The transition may be
   * called more than once, so it must be pure.
   */
  update(id: string, transition: (flow: Flow) => Decision): Promise<Decision | undefined>;
  get(id: string): Promise<Flow | undefined>;
  /** The flow that a call is a leg of. */
  idOfCall(callId: string): Promise<string | undefined>;
  /** Flows whose `wakeAt` has come (epoch ms), each given to one instance only. */
  due(now: number, limit: number): Promise<string[]>;
  list(filter: FlowFilter): Promise<Flow[]>;
  /** How many flows there are in each phase that is not `ended`. */
  countByPhase(): Promise<ReadonlyMap<Phase, number>>;
  /** Rejects where the store cannot be reached. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
