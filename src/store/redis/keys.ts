import type { Phase } from '../../flows/flow';

/**
 * The names of all keys. What belongs to a flow is in the shard of the flow, which its hash tag (`{s07}`) keeps in one slot
 * of a Redis Cluster; what is asked for by other names has keys of its own.
 */
export interface Keys {
  /** Where a flow is: the tag that its keys share. */
  shardOf(flowId: string): string;
  readonly shards: readonly string[];
  flow(flowId: string): string;
  /** A sorted set: id of a live flow → when to look after it. */
  due: (shard: string) => string;
  /** A sorted set: id of an ended flow whose call record is not delivered → when to look after it. */
  owed: (shard: string) => string;
  /** A sorted set: id of a flow in this phase → its `createdAt`. */
  phase(shard: string, phase: Phase): string;
  /** A call's flow. */
  call(callId: string): string;
  claim(work: string): string;
  /** A sorted set: name of an instance → when it was heard of. */
  readonly instances: string;
}

export function createKeys(prefix: string, shardCount: number): Keys {
  const shards = Array.from({ length: shardCount }, (_, i) => `{s${String(i).padStart(2, '0')}}`);
  const shardOf = (flowId: string) => shards[hash(flowId) % shardCount] ?? '{s00}';
  return {
    shards,
    shardOf,
    flow: (flowId) => `${prefix}:${shardOf(flowId)}:flow:${flowId}`,
    due: (shard) => `${prefix}:${shard}:due`,
    owed: (shard) => `${prefix}:${shard}:owed`,
    phase: (shard, phase) => `${prefix}:${shard}:phase:${phase}`,
    call: (callId) => `${prefix}:call:${callId}`,
    claim: (work) => `${prefix}:claim:${work}`,
    instances: `${prefix}:instances`,
  };
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}
