import { legsOf, type Flow } from '../../flows/flow';
import type { StoredFlow } from './encoding';

/**
 * What this process last saw of live flows, so that an update can be tried without reading first: Redis says where it is
 * out of date. The least recently used are forgotten.
 */
export interface FlowCache {
  get(id: string): StoredFlow | undefined;
  idOfCall(callId: string): string | undefined;
  /** Ended flows are kept only until their call record is delivered: little else comes for them. */
  set(stored: StoredFlow): void;
  delete(id: string): void;
}

export function createFlowCache(size: number): FlowCache {
  const flows = new Map<string, StoredFlow>();
  const idByCall = new Map<string, string>();

  function remove(id: string): void {
    const stored = flows.get(id);
    if (!stored) return;
    flows.delete(id);
    for (const callId of callIdsOf(stored.flow)) idByCall.delete(callId);
  }

  return {
    get(id) {
      const stored = flows.get(id);
      if (!stored) return undefined;
      flows.delete(id);
      flows.set(id, stored);
      return stored;
    },
    idOfCall: (callId) => idByCall.get(callId),
    set(stored) {
      const { id, phase, recordOwner } = stored.flow;
      remove(id);
      if (phase === 'ended' && recordOwner === undefined) return;
      flows.set(id, stored);
      for (const callId of callIdsOf(stored.flow)) idByCall.set(callId, id);
      if (flows.size <= size) return;
      const [oldest] = flows.keys();
      if (oldest !== undefined) remove(oldest);
    },
    delete: remove,
  };
}

export function callIdsOf(flow: Flow): string[] {
  return legsOf(flow).flatMap(({ callId }) => (callId === undefined ? [] : [callId]));
}
