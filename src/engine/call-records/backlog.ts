/** Records that wait to be written or delivered, oldest first; a fault is logged once for each outage. */
import type { Logger } from '../../support/logger';
import type { CountRecord, RecordSink } from './sink';

export interface Waiting {
  id: string;
  text: string;
  /** performance.now() */
  addedAt: number;
  /** Called when it was delivered or given up; undefined: no store keeps it. */
  settled: (() => void) | undefined;
}

export interface Backlog {
  readonly size: number;
  add(id: string, text: string, settled?: () => void): void;
  first(): Waiting | undefined;
  /** Takes the first out, for a caller that works on several at once. */
  take(): Waiting | undefined;
  /** Behind all others. */
  putBack(waiting: Waiting): void;
  /** Written or delivered. */
  done(waiting: Waiting): void;
  /** Not now: tried again. */
  failed(why: string): void;
  /** Not ever. The record goes to the log, in full. */
  giveUp(waiting: Waiting, why: string): void;
  /** Gives up what is left, but for records that a store keeps for another instance. */
  abandon(): void;
}

const LIMIT = 10_000;

export function createBacklog(options: {
  sink: RecordSink;
  log: Logger;
  count: CountRecord;
  limit?: number | undefined;
}): Backlog {
  const { sink, log, count, limit = LIMIT } = options;
  const waiting = new Set<Waiting>();
  let failing = false;

  function giveUp(record: Waiting, why: string): void {
    waiting.delete(record);
    count(sink, 'lost');
    const fields = { event: 'call-record-lost', sink, recordId: record.id, reason: why };
    log.error({ ...fields, record: JSON.parse(record.text) as unknown }, 'A call record was not delivered');
    record.settled?.();
  }

  return {
    get size() {
      return waiting.size;
    },
    add(id, text, settled) {
      waiting.add({ id, text, addedAt: performance.now(), settled });
      const [oldest] = waiting;
      if (waiting.size > limit && oldest) giveUp(oldest, `more than ${limit} records wait`);
    },
    first: () => waiting.values().next().value,
    take() {
      const [record] = waiting;
      if (record) waiting.delete(record);
      return record;
    },
    putBack: (record) => void waiting.add(record),
    done(record) {
      waiting.delete(record);
      count(sink, 'written');
      if (failing) log.info({ event: 'call-records-recovered', sink }, 'Call records can be written again');
      failing = false;
      record.settled?.();
    },
    failed(why) {
      count(sink, 'failed');
      if (!failing)
        log.error(
          { event: 'call-records-failing', sink, err: why, waiting: waiting.size },
          'Call records cannot be written; retrying',
        );
      failing = true;
    },
    giveUp,
    abandon() {
      const left = [...waiting];
      for (const record of left.filter(({ settled }) => !settled)) giveUp(record, 'the server shut down');
      if (waiting.size > 0)
        log.warn(
          { event: 'call-records-left', sink, waiting: waiting.size },
          'Call records were not delivered in time: Redis keeps them for another instance, or for the next start',
        );
    },
  };
}
