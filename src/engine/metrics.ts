import type { RequestHandler } from 'express';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { CountRecord } from './call-records/sink';
import type { CommandType } from '../calls/commands';
import type { FlowKind } from '../flows/flow';
import { PHASES } from '../flows/flow';
import type { InternalErrors } from '../support/internal-errors';
import type { SessionSummary } from './summary';
import { failureLabel } from '../support/codes';
import { createInstruments } from '../support/instruments';
import type { FlowStore } from '../store/store';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const ROUTES = new Map([
  ['webhooks', 'webhooks'],
  ['calls', 'calls'],
  ['healthz', 'probe'],
  ['readyz', 'probe'],
  ['metrics', 'metrics'],
  ['openapi.json', 'openapi'],
]);

export interface Metrics {
  flowStarted(kind: FlowKind): void;
  sessionEnded(summary: SessionSummary): void;
  eventReceived(type: string): void;
  /** @param seconds from the receipt of an event to the sending of a command that it caused */
  commandSent(type: CommandType, seconds: number): void;
  /** @param outcome `done`, or the code of the failure */
  commandSettled(type: CommandType, outcome: string, seconds: number): void;
  /** A callback came again, and changed nothing. */
  eventDoubled(type: string): void;
  /** A command of an instance that is gone was taken over. */
  commandTakenOver(type: CommandType): void;
  /** A leg that nobody owned was hung up. */
  orphanReaped(): void;
  /** A leg could not be hung up, and may still be up. */
  legGivenUp(): void;
  callRecord: CountRecord;
  countReplies: RequestHandler;
  /** The metrics in Prometheus' text format. */
  render(): Promise<string>;
  readonly contentType: string;
}

/** Prometheus metrics of one Tandem. Every instance has a registry of its own. */
export function createMetrics(store: FlowStore, internalErrors?: Pick<InternalErrors, 'total'>): Metrics {
  const { registry, countReplies } = createInstruments('tandem', ROUTES);
  const registers = [registry];
  countInternalErrors(registers, internalErrors);
  observeStore(registers, store);
  return {
    ...sessionMetrics(registers),
    ...eventMetrics(registers),
    ...commandMetrics(registers),
    callRecord: recordCounter(registers),
    countReplies,
    render: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

type Registers = Registry[];

function sessionMetrics(
  registers: Registers,
): Pick<Metrics, 'flowStarted' | 'sessionEnded' | 'orphanReaped' | 'legGivenUp'> {
  const started = new Counter({
    name: 'tandem_flows_started_total',
    help: 'Sessions begun',
    labelNames: ['kind'],
    registers,
  });
  const ended = new Counter({
    name: 'tandem_flows_ended_total',
    help: 'Sessions ended, by outcome',
    labelNames: ['kind', 'direction', 'outcome', 'hung_up_by'],
    registers,
  });
  const ring = new Histogram({
    name: 'tandem_ring_seconds',
    help: 'From the start of a session to the answer of its callee, or to its end without one',
    labelNames: ['direction'],
    buckets: [1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 300],
    registers,
  });
  const talk = new Histogram({
    name: 'tandem_talk_seconds',
    help: 'How long both parties of an answered session could talk, or a sentence was spoken',
    labelNames: ['direction'],
    buckets: [1, 5, 10, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400],
    registers,
  });
  const orphans = new Counter({
    name: 'tandem_orphans_reaped_total',
    help: 'Orphaned legs that were hung up',
    registers,
  });
  const givenUp = new Counter({
    name: 'tandem_legs_given_up_total',
    help: 'Legs that could not be hung up',
    registers,
  });
  return {
    flowStarted: (kind) => started.inc({ kind }),
    sessionEnded({ kind, direction, reason, hungUpBy, talkingAt, ringSeconds, talkSeconds }) {
      ended.inc({ kind, direction, outcome: reason ?? 'other', hung_up_by: hungUpBy ?? 'other' });
      ring.observe({ direction }, ringSeconds);
      if (talkingAt !== undefined) talk.observe({ direction }, talkSeconds);
    },
    orphanReaped: () => orphans.inc(),
    legGivenUp: () => givenUp.inc(),
  };
}

function eventMetrics(registers: Registers): Pick<Metrics, 'eventReceived' | 'eventDoubled'> {
  const events = new Counter({
    name: 'tandem_events_total',
    help: 'Webhook events received',
    labelNames: ['type'],
    registers,
  });
  const doubled = new Counter({
    name: 'tandem_events_doubled_total',
    help: 'Redelivered webhook events, which changed nothing',
    labelNames: ['type'],
    registers,
  });
  return { eventReceived: (type) => events.inc({ type }), eventDoubled: (type) => doubled.inc({ type }) };
}

function commandMetrics(registers: Registers): Pick<Metrics, 'commandSent' | 'commandSettled' | 'commandTakenOver'> {
  const durations = new Histogram({
    name: 'tandem_command_duration_seconds',
    help: 'From sending a command to its result, retries included',
    labelNames: ['command'],
    buckets: SECONDS,
    registers,
  });
  const failures = new Counter({
    name: 'tandem_command_failures_total',
    help: 'Commands that failed for good, by code',
    labelNames: ['command', 'code'],
    registers,
  });
  const reaction = new Histogram({
    name: 'tandem_event_to_command_seconds',
    help: 'From the receipt of an event to sending a command that it caused',
    labelNames: ['command'],
    buckets: [0.0001, 0.00025, 0.0005, ...SECONDS],
    registers,
  });
  const takenOver = new Counter({
    name: 'tandem_commands_taken_over_total',
    help: 'Commands of lost instances that were taken over',
    labelNames: ['command'],
    registers,
  });
  return {
    commandSent: (command, seconds) => reaction.observe({ command }, seconds),
    commandSettled(command, outcome, seconds) {
      durations.observe({ command }, seconds);
      if (outcome !== 'done') failures.inc({ command, code: failureLabel(outcome) });
    },
    commandTakenOver: (command) => takenOver.inc({ command }),
  };
}

function recordCounter(registers: Registers): CountRecord {
  const records = new Counter({
    name: 'tandem_call_records_total',
    help: 'Call records written, tries that failed, and records that were lost',
    labelNames: ['sink', 'outcome'],
    registers,
  });
  // Series that begin at 0, so that the first of each is seen as an increase.
  for (const sink of ['file', 'url'] as const)
    for (const outcome of ['written', 'failed', 'lost'] as const) records.inc({ sink, outcome }, 0);
  return (sink, outcome) => records.inc({ sink, outcome });
}

function countInternalErrors(registers: Registers, internalErrors: Pick<InternalErrors, 'total'> | undefined): void {
  new Counter({
    name: 'tandem_internal_errors_total',
    help: 'Exceptions of callbacks and sessions; each ended one call at most',
    registers,
    collect() {
      this.reset();
      this.inc(internalErrors?.total ?? 0);
    },
  });
}

function observeStore(registers: Registers, store: Pick<FlowStore, 'countByPhase'>): void {
  const storeUp = new Gauge({ name: 'tandem_store_up', help: 'Whether the store answers: 1 or 0', registers });
  new Gauge({
    name: 'tandem_live_flows',
    help: 'Sessions that have not ended, by phase',
    labelNames: ['phase'],
    registers,
    async collect() {
      this.reset();
      // Without its store an instance has no number to tell, and all the others still matter.
      const counts = await store.countByPhase().catch(() => undefined);
      storeUp.set(counts ? 1 : 0);
      if (!counts) return;
      for (const phase of PHASES) if (phase !== 'ended') this.set({ phase }, counts.get(phase) ?? 0);
    },
  });
}
