/** The call record as it is written and posted: docs/call-records.md describes every field. */
import { createHash } from 'node:crypto';
import type { SessionSummary } from '../summary';

export const RECORD_VERSION = 1;

export interface CallRecord {
  /** The same whenever and by whichever instance the record of a session is written. */
  id: string;
  version: typeof RECORD_VERSION;
  sessionId: string;
  kind: string;
  direction: string;
  from: string;
  to: string;
  dialledFrom: string | null;
  dialledTo: string | null;
  endpoint: string | null;
  callerCallId: string | null;
  calleeCallId: string | null;
  callerCause: string | null;
  calleeCause: string | null;
  reason: string;
  hungUpBy: string;
  givenUp: boolean;
  /** ISO 8601, UTC */
  startedAt: string;
  answeredAt: string | null;
  talkingAt: string | null;
  endedAt: string;
  ringSeconds: number;
  talkSeconds: number;
}

/** @param wallTime what to show to people for a time of the summary */
export function recordOf(summary: SessionSummary, wallTime: (at: number) => number): CallRecord {
  const { sessionId, startedAt, endedAt } = summary;
  const iso = (at: number): string => new Date(wallTime(at)).toISOString();
  const key = createHash('sha256').update(`${sessionId}\n${startedAt}`).digest('hex');
  return {
    id: `r-${key.slice(0, 32)}`,
    version: RECORD_VERSION,
    sessionId,
    kind: summary.kind,
    direction: summary.direction,
    from: summary.from,
    to: summary.to,
    dialledFrom: summary.dialledFrom ?? null,
    dialledTo: summary.dialledTo ?? null,
    endpoint: summary.endpoint ?? null,
    callerCallId: summary.callerCallId ?? null,
    calleeCallId: summary.calleeCallId ?? null,
    callerCause: summary.callerCause ?? null,
    calleeCause: summary.calleeCause ?? null,
    reason: summary.reason ?? 'other',
    hungUpBy: summary.hungUpBy ?? 'tandem',
    givenUp: summary.givenUp,
    startedAt: iso(startedAt),
    answeredAt: summary.answeredAt === undefined ? null : iso(summary.answeredAt),
    talkingAt: summary.talkingAt === undefined ? null : iso(summary.talkingAt),
    endedAt: iso(endedAt ?? startedAt),
    ringSeconds: summary.ringSeconds,
    talkSeconds: summary.talkSeconds,
  };
}

/** One line of JSON, for readers too that end a line at the separators of Unicode. */
export function printRecord(record: CallRecord): string {
  return JSON.stringify(record).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
