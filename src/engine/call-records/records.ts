/** Call records: one for each session that ended, to a file and to a URL. Writing one never delays a call. */
import type { SessionSummary } from '../summary';
import type { InternalErrors } from '../../support/internal-errors';
import type { Logger } from '../../support/logger';
import { createRecordFile } from './record-file';
import { createRecordPoster, type PosterOptions } from './record-poster';
import { printRecord, recordOf } from './record';
import type { CountRecord, Sink } from './sink';

export interface CallRecords {
  /**
   * Takes the record in and returns at once.
   * @param settled called once every sink has delivered it or given it up; given where a store keeps it until then
   */
  write(summary: SessionSummary, settled?: () => void): void;
  /** Opens the file anew: after it was renamed, records go to a new one under its name. */
  reopen(): Promise<void>;
  /** Resolves when every record is written and delivered, at the latest after `ms`; what no store keeps is logged then. */
  close(ms: number): Promise<void>;
  /** How many records the busiest sink has in memory. */
  readonly waiting: number;
}

export interface CallRecordsOptions {
  file: string | undefined;
  post: Omit<PosterOptions, 'log' | 'count' | 'internalErrors'> | undefined;
  log: Logger;
  count: CountRecord;
  internalErrors?: InternalErrors | undefined;
  /** What to show to people for a time of a summary. */
  wallTime: (at: number) => number;
}

/** @throws (rejects) where the file cannot be written to */
export async function openCallRecords(options: CallRecordsOptions): Promise<CallRecords> {
  const { file, post, log, count, internalErrors, wallTime } = options;
  const sinks: Sink[] = [
    ...(file === undefined ? [] : [await createRecordFile({ path: file, log, count, internalErrors })]),
    ...(post === undefined ? [] : [createRecordPoster({ ...post, log, count, internalErrors })]),
  ];
  return {
    write(summary, settled) {
      const record = recordOf(summary, wallTime);
      const text = printRecord(record);
      let open = sinks.length;
      const sinkSettled = settled && (() => void (--open === 0 && settled()));
      for (const sink of sinks) sink.write(record.id, text, sinkSettled);
    },
    async reopen() {
      for (const sink of sinks) await sink.reopen?.();
    },
    async close(ms) {
      await Promise.all(sinks.map((sink) => sink.close(ms)));
    },
    get waiting() {
      return Math.max(0, ...sinks.map((sink) => sink.waiting));
    },
  };
}
