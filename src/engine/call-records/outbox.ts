/**
 * Makes call records at-least-once where the store outlives the process: the step that ends a session also stores which
 * instance owes its record, and that goes when the record was delivered. What a lost instance owes is taken over.
 */
import { messageOf } from '../../support/errors';
import type { Decision, Flow } from '../../flows/flow';
import { summaryOf } from '../summary';
import type { FlowStore } from '../../store/store';
import type { Logger } from '../../support/logger';
import type { CallRecords } from './records';

export interface RecordOutbox {
  /** The state to store for a step: one that ends a session owes its record. Pure. */
  owing(before: Flow | undefined, after: Flow): Flow;
  /** Hands over the record of a session that has ended, and returns at once. */
  write(flow: Flow): void;
  /** Takes over the records of lost instances, and settles what the store could not take before. */
  sweep(): Promise<void>;
  /** Delivers what waits, for at most `ms`, and settles it. */
  close(ms: number): Promise<void>;
}

export interface RecordOutboxDeps {
  store: Pick<FlowStore, 'instance' | 'now' | 'isAlive' | 'update' | 'owedRecords'>;
  records: Pick<CallRecords, 'write' | 'close' | 'waiting'>;
  log: Logger;
}

const SWEEP_LIMIT = 200;
/** Where so many records wait already, those of lost instances stay in the store. */
const ROOM = 1_000;

export function createRecordOutbox({ store, records, log }: RecordOutboxDeps): RecordOutbox {
  /** What this process has in hand. `delivered`: the store does not know yet. */
  const inHand = new Map<string, 'waiting' | 'delivered'>();
  const settling = new Set<Promise<void>>();

  function write(flow: Flow): void {
    const summary = summaryOf(flow);
    if (flow.recordOwner === undefined) return records.write(summary);
    inHand.set(flow.id, 'waiting');
    records.write(summary, () => {
      inHand.set(flow.id, 'delivered');
      // What fails is settled by a later sweep: the store reports its own outages.
      const settled: Promise<void> = settle(flow.id)
        .catch(() => undefined)
        .finally(() => settling.delete(settled));
      settling.add(settled);
    });
  }

  async function settle(id: string): Promise<void> {
    await store.update(id, withoutOwner);
    inHand.delete(id);
  }

  function isLost(id: string, owner: string): boolean {
    // This instance lives: what it does not have in hand it never had, as the store's reply to the end was lost.
    return owner === store.instance ? !inHand.has(id) : !store.isAlive(owner);
  }

  async function takeOver(id: string): Promise<void> {
    let lost: string | undefined;
    const decision = await store.update(id, (flow) => {
      const { recordOwner } = flow;
      lost = recordOwner !== undefined && isLost(id, recordOwner) ? recordOwner : undefined;
      const isTaken = lost !== undefined && lost !== store.instance;
      return { flow: isTaken ? { ...flow, recordOwner: store.instance } : flow, commands: [] };
    });
    if (!decision || lost === undefined) return;
    log.warn(
      { event: 'call-record-taken-over', sessionId: id, instance: lost },
      'took over the call record of a lost instance',
    );
    write(decision.flow);
  }

  return {
    owing(before, after) {
      if (!store.owedRecords || after.phase !== 'ended' || before?.phase === 'ended') return after;
      return { ...after, recordOwner: store.instance };
    },

    write,

    async sweep() {
      for (const [id, state] of inHand) if (state === 'delivered') await settle(id);
      if (!store.owedRecords || records.waiting >= ROOM) return;
      for (const id of await store.owedRecords(store.now(), SWEEP_LIMIT)) {
        // One that cannot be read must not keep the others.
        await takeOver(id).catch((error: unknown) => {
          log.error(
            { event: 'call-record-not-taken-over', sessionId: id, err: messageOf(error) },
            'A call record could not be taken over',
          );
        });
      }
    },

    async close(ms) {
      await records.close(ms);
      await Promise.all(settling);
    },
  };
}

function withoutOwner(flow: Flow): Decision {
  if (flow.recordOwner === undefined) return { flow, commands: [] };
  const settled = { ...flow };
  delete settled.recordOwner;
  return { flow: settled, commands: [] };
}
