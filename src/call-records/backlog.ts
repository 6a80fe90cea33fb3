/** Records that wait to be written or delivered, oldest first; a fault is logged once for each outage. */
import type { Logger } from '../logger';
import type { CountRecord, RecordSink } from './records';

export interface Waiting {
  id: string;
  text: string;
  /** performance.now() */
  addedAt: number;
}

export interface Backlog {
  readonly size: number;
  add(id: string, text: string): void;
  first(): Waiting | undefined;
  /** Takes the first out, for a caller that works on several at once. */
  take(): Waiting | undefined;
  /** Behind all others. */
  putBack(waiting: Waiting): void;
  /** Written or delivered. */
  done(waiting: Waiting): void;
  /** Not now: tried again. */
  failed(why: string): void;
  /** Not ever. The record goes to the log, so that it is not lost. */
  giveUp(waiting: Waiting, why: string): void;
  /** Gives up all that is left. */
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
  }

  return {
    get size() {
      return waiting.size;
    },
    add(id, text) {
      waiting.add({ id, text, addedAt: performance.now() });
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
      for (const record of [...waiting]) giveUp(record, 'the server shut down');
    },
  };
}
