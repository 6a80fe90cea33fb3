import type { Flow, Phase } from '../flows/flow';
import { legsOf } from '../flows/flow';
import { createSteadyClock, wallTime } from '../support/steady-clock';
import type { FlowStore } from './store';

export interface MemoryStoreOptions {
  /** How many ended flows are kept for late events and for `GET /calls`. */
  maxEnded?: number;
  /** How long an ended flow is kept, ms. */
  keepEndedMs?: number;
}

/**
 * Flows in a Map of this process: every step is synchronous, so no two interleave. A restart forgets them.
 */
export function createMemoryStore({ maxEnded = 2_000, keepEndedMs = 600_000 }: MemoryStoreOptions = {}): FlowStore {
  const now = createSteadyClock();
  const live = new Map<string, Flow>();
  /** In the order in which they ended. */
  const ended = new Map<string, Flow>();
  const idByCall = new Map<string, string>();

  function keep(flow: Flow): void {
    for (const { callId } of legsOf(flow)) if (callId !== undefined) idByCall.set(callId, flow.id);
    if (flow.phase !== 'ended') {
      live.set(flow.id, flow);
      return;
    }
    live.delete(flow.id);
    ended.set(flow.id, flow);
    forgetOld(flow.endedAt ?? 0);
  }

  function forgetOld(now: number): void {
    for (const flow of ended.values()) {
      if (ended.size <= maxEnded && (flow.endedAt ?? 0) + keepEndedMs > now) return;
      ended.delete(flow.id);
      for (const { callId } of legsOf(flow)) if (callId !== undefined) idByCall.delete(callId);
    }
  }

  const find = (id: string) => live.get(id) ?? ended.get(id);

  return {
    instance: 'the only one',
    now,
    wallTime: (at) => wallTime(at, now()),
    isAlive: () => true,
    holdsLease: () => true,
    claim: () => Promise.resolve(true),

    create(flow) {
      if (find(flow.id)) return Promise.resolve(false);
      keep(flow);
      return Promise.resolve(true);
    },

    update(id, transition) {
      const flow = find(id);
      if (!flow) return Promise.resolve(undefined);
      const decision = transition(flow);
      if (decision.flow !== flow) keep(decision.flow);
      return Promise.resolve(decision);
    },

    get: (id) => Promise.resolve(find(id)),

    idOfCall: (callId) => Promise.resolve(idByCall.get(callId)),

    due(now, limit) {
      const ids: string[] = [];
      for (const flow of live.values()) {
        if (ids.length === limit) break;
        if (flow.wakeAt <= now) ids.push(flow.id);
      }
      return Promise.resolve(ids);
    },

    list({ phase, kind, limit }) {
      const flows = [...ended.values(), ...live.values()]
        .filter((flow) => (phase ?? flow.phase) === flow.phase && (kind ?? flow.kind) === flow.kind)
        .sort((a, b) => b.createdAt - a.createdAt);
      return Promise.resolve(flows.slice(0, limit));
    },

    countByPhase() {
      const counts = new Map<Phase, number>();
      for (const { phase } of live.values()) counts.set(phase, (counts.get(phase) ?? 0) + 1);
      return Promise.resolve(counts);
    },

    ping: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}
