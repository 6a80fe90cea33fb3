import { PHASES, type Flow, type Phase } from '../../flows/flow';
import { UnreadableStateError } from '../errors';
import type { FlowFilter } from '../store';
import type { Connection } from './connection';
import { decodeFlow } from './encoding';
import type { Keys } from './keys';

export interface ListingOptions {
  connection: Connection;
  keys: Keys;
  /** A flow is in a set and has expired. */
  forget: (id: string) => Promise<void>;
}

export interface Listing {
  list(filter: FlowFilter): Promise<Flow[]>;
  countByPhase(): Promise<Map<Phase, number>>;
}

/** How many flows are looked at first, and how many times as many where the filter left too few. */
const FIRST_LOOK = 50;
const LOOK_WIDER = 4;

interface Entry {
  id: string;
  createdAt: number;
}

export function createListing({ connection, keys, forget }: ListingOptions): Listing {
  /** The newest of one set, up to so many. */
  async function newest(key: string, count: number): Promise<Entry[]> {
    const { reply } = await connection.command(key, ['ZREVRANGE', key, '0', String(count - 1), 'WITHSCORES']);
    return Array.isArray(reply) ? reply.map(readEntry) : [];
  }

  async function read(id: string): Promise<Flow | undefined> {
    const key = keys.flow(id);
    const { reply } = await connection.command(key, ['GET', key]);
    if (typeof reply === 'string') return readable(reply);
    await forget(id);
    return undefined;
  }

  return {
    async list({ phase, kind, limit }) {
      if (limit <= 0) return [];
      const phases = phase ? [phase] : PHASES;
      const sets = keys.shards.flatMap((shard) => phases.map((name) => keys.phase(shard, name)));
      for (let count = Math.max(limit, FIRST_LOOK); ; count *= LOOK_WIDER) {
        const found = await Promise.all(sets.map((key) => newest(key, count)));
        const entries = found.flat().sort((a, b) => b.createdAt - a.createdAt);
        // A flow that changes its phase just now may be in two sets.
        const ids = [...new Set(entries.slice(0, count).map(({ id }) => id))];
        const flows = (await Promise.all(ids.map(read))).filter(
          (flow) => flow && (phase ?? flow.phase) === flow.phase && (kind ?? flow.kind) === flow.kind,
        );
        if (flows.length < limit && entries.length > count) continue;
        return flows.filter((flow) => flow !== undefined).slice(0, limit);
      }
    },

    async countByPhase() {
      const counts = new Map<Phase, number>();
      const live = PHASES.filter((phase) => phase !== 'ended');
      await Promise.all(
        keys.shards.flatMap((shard) =>
          live.map(async (phase) => {
            const key = keys.phase(shard, phase);
            const count = Number((await connection.command(key, ['ZCARD', key])).reply);
            if (count > 0) counts.set(phase, (counts.get(phase) ?? 0) + count);
          }),
        ),
      );
      return counts;
    },
  };
}

/** RESP3 gives pairs of member and score. */
function readEntry(pair: unknown): Entry {
  if (!Array.isArray(pair)) throw new TypeError('A sorted set gave no pairs');
  return { id: String(pair[0]), createdAt: Number(pair[1]) };
}

/** One state that only another version understands must not keep the others from being listed. */
function readable(stored: string): Flow | undefined {
  try {
    return decodeFlow(stored).flow;
  } catch (error) {
    if (error instanceof UnreadableStateError) return undefined;
    throw error;
  }
}
