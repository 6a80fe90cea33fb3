/** Writes and reads the states of flows, with the indices that find them. */
import { PHASES, type Flow } from '../../flows/flow';
import { StoreUnavailableError } from '../errors';
import { LEASE_MS } from '../store';
import type { Deadline } from './command-sender';
import type { Connection } from './connection';
import { createVersions, decodeFlow, encodeFlow, type StoredFlow } from './encoding';
import { callIdsOf, type FlowCache } from './flow-cache';
import type { Keys } from './keys';
import { FORGET, WRITE, WRITE_REPLY } from './scripts';

export interface WriterOptions {
  connection: Connection;
  keys: Keys;
  cache: FlowCache;
  cluster: boolean;
  keepEndedMs: number;
  maxEnded: number;
  /** The shared clock, epoch ms. */
  now: () => number;
}

/** Beyond the longest life that its limits allow. */
const SPARE_LIFE_MS = 3_600_000;
/** How long an ended flow is kept for an instance that delivers its call record, ms: a day, and some time to take it over. */
const KEEP_OWED_MS = 25 * 3_600_000;
/** A clock that is not quite the shared one. */
const CLOCK_SLACK_MS = 250;

/** What a write came to. A stored flow: it has changed since, and nothing was written. */
export type Outcome = 'done' | 'exists' | 'missing' | StoredFlow;

export class StateWriter {
  readonly #nextVersion = createVersions();

  constructor(private readonly options: WriterOptions) {}

  #expiryOf(flow: Flow): number {
    if (flow.phase === 'ended') return this.options.keepEndedMs;
    return flow.limits.maxCallMs + flow.limits.endingMs + SPARE_LIFE_MS;
  }

  /** Its calls are forgotten earlier where only its record is left to do. */
  #lifeOf(flow: Flow): number {
    return flow.recordOwner === undefined ? this.#expiryOf(flow) : KEEP_OWED_MS;
  }

  /** When the flow is due for any instance; at the latest when it has expired, so that its index entries are removed. */
  #dueAt(flow: Flow): string {
    const { now } = this.options;
    if (flow.phase === 'ended') return '';
    const takeOver = flow.pending.length > 0 ? now() + LEASE_MS : Infinity;
    return String(Math.min(flow.wakeAt, takeOver, now() + this.#expiryOf(flow)));
  }

  /** The calls whose keys are missing, or are to expire with an ended flow. */
  async #keepCalls(flow: Flow, known: readonly string[], until: Deadline): Promise<void> {
    const { connection, keys } = this.options;
    const expiry = String(this.#expiryOf(flow));
    const missing = callIdsOf(flow).filter((callId) => flow.phase === 'ended' || !known.includes(callId));
    const keep = async (key: string) => connection.command(key, ['SET', key, flow.id, 'PX', expiry], until);
    await Promise.all(missing.map((callId) => keep(keys.call(callId))));
  }

  /**
   * @param base what the flow was made from; undefined for a new one
   * @param next undefined: only asks whether the base is still what is kept
   */
  async write(base: StoredFlow | undefined, next: Flow | undefined, until: Deadline): Promise<Outcome> {
    const { connection, keys, cache, now } = this.options;
    const flow = next ?? base?.flow;
    if (!flow) return 'missing';
    const version = this.#nextVersion();
    const created = base?.created ?? version;
    const shard = keys.shardOf(flow.id);
    const calls = next ? this.#keepCalls(next, base ? callIdsOf(base.flow) : [], until) : Promise.resolve();
    // On one connection they arrive in this order; the servers of a cluster know nothing of each other.
    if (this.options.cluster) await calls;
    const isOwed = flow.recordOwner !== undefined;
    const owed = isOwed || base?.flow.recordOwner !== undefined ? [keys.owed(shard)] : [];
    const send = async (latest: number) => {
      const [{ reply, resent }] = await Promise.all([
        connection.script(
          WRITE,
          [
            keys.flow(flow.id),
            keys.due(shard),
            keys.phase(shard, base?.flow.phase ?? flow.phase),
            keys.phase(shard, flow.phase),
            ...owed,
          ],
          [
            base?.version ?? '',
            version,
            String(latest),
            next ? encodeFlow(created, next) : '',
            String(this.#lifeOf(flow)),
            flow.id,
            this.#dueAt(flow),
            String(flow.createdAt),
            flow.phase === 'ended' ? String(this.options.maxEnded) : '0',
            isOwed ? String(now() + LEASE_MS) : '',
          ],
          until,
        ),
        calls,
      ]);
      return { reply, resent };
    };

    const before = performance.now();
    const latest = now() + Math.ceil(until - before) + CLOCK_SLACK_MS;
    let { reply, resent } = await send(latest);
    // In time by the own clock: then a server of the cluster has a clock of its own.
    if (reply === WRITE_REPLY.late && performance.now() < until) ({ reply, resent } = await send(0));

    if (reply === null) return 'missing';
    if (reply === WRITE_REPLY.exists) return 'exists';
    if (reply === WRITE_REPLY.done) {
      cache.set({ version: next ? version : (base?.version ?? version), created, flow });
      return 'done';
    }
    if (typeof reply !== 'string') throw new StoreUnavailableError('Redis took the update too late');
    if (resent) throw new StoreUnavailableError('The reply to the update was lost, and the flow has changed since');
    return decodeFlow(reply);
  }

  async read(id: string, until: Deadline): Promise<StoredFlow | undefined> {
    const { connection, keys } = this.options;
    const key = keys.flow(id);
    const { reply } = await connection.command(key, ['GET', key], until);
    return typeof reply === 'string' ? decodeFlow(reply) : undefined;
  }

  async forget(id: string, until?: Deadline): Promise<void> {
    const { connection, keys, cache } = this.options;
    cache.delete(id);
    const shard = keys.shardOf(id);
    const sets = [keys.due(shard), keys.owed(shard), ...PHASES.map((phase) => keys.phase(shard, phase))];
    await connection.script(FORGET, [keys.flow(id), ...sets], [id], until);
  }
}
