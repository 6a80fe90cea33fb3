/** Tells what happens to sessions: log lines, metrics and call records. Nothing here changes a session. */
import type { RecordOutbox } from './call-records/outbox';
import type { FlowStore } from '../store/store';
import type { Logger } from '../support/logger';
import type { Metrics } from './metrics';
import type { CallEvent } from '../calls/events';
import type { Command, Flow } from '../flows/flow';
import { legsOf } from '../flows/flow';
import { summaryOf } from './summary';

export interface Reporter {
  started(flow: Flow, requestId?: string): void;
  /** One log line for each thing that came in, with the phase that it led to. */
  stepped(before: Flow, after: Flow, requestId?: string): void;
  eventRepeated(flowId: string, event: CallEvent, requestId?: string): void;
  eventStray(event: CallEvent): void;
  orphanGivenUp(callId: string, code: string): void;
  commandTakenOver(flowId: string, command: Command): void;
}

export interface ReporterDeps {
  log: Logger;
  metrics: Metrics;
  records?: Pick<RecordOutbox, 'write'> | undefined;
  store: Pick<FlowStore, 'wallTime'>;
}

export function createReporter({ log, metrics, records, store }: ReporterDeps): Reporter {
  const iso = (at: number | undefined) => (at === undefined ? undefined : new Date(store.wallTime(at)).toISOString());

  function ended(flow: Flow): void {
    const summary = summaryOf(flow);
    const { startedAt, answeredAt, talkingAt, endedAt, givenUp, ...told } = summary;
    metrics.sessionEnded(summary);
    const times = {
      startedAt: iso(startedAt),
      answeredAt: iso(answeredAt),
      talkingAt: iso(talkingAt),
      endedAt: iso(endedAt),
      ms: (endedAt ?? startedAt) - startedAt,
    };
    log.info({ event: 'session.ended', ...told, ...(givenUp && { givenUp }), ...times }, 'session ended');
    for (const leg of legsOf(flow)) {
      if (!leg.givenUp) continue;
      metrics.legGivenUp();
      log.error(
        { event: 'leg-given-up', sessionId: flow.id, callId: leg.callId, leg: leg.role },
        'A leg could not be hung up and may still be up: end it by hand',
      );
    }
    records?.write(flow);
  }

  return {
    started(flow, requestId) {
      metrics.flowStarted(flow.kind);
      const { sessionId, kind, direction, from, to, dialledFrom, dialledTo, endpoint, callerCallId } = summaryOf(flow);
      const parties = { sessionId, kind, direction, from, to, dialledFrom, dialledTo, endpoint, callerCallId };
      const note = flow.timeline[0]?.outcome;
      log.info({ event: 'session.started', ...parties, phase: flow.phase, note, requestId }, 'session started');
      if (flow.phase === 'ended') ended(flow);
    },

    stepped(before, after, requestId) {
      const entry = after.timeline.at(-1);
      if (entry && entry !== before.timeline.at(-1)) {
        const { what: step, leg, callId, outcome, tookMs } = entry;
        const phases = { phase: after.phase, before: before.phase };
        log.info(
          { event: 'session.step', sessionId: after.id, step, callId, leg, ...phases, outcome, tookMs, requestId },
          step,
        );
      }
      if (before.phase !== 'ended' && after.phase === 'ended') ended(after);
    },

    eventRepeated(sessionId, { type: eventType, callId }, requestId) {
      metrics.eventDoubled(eventType);
      log.info({ event: 'event-repeated', sessionId, eventType, callId, requestId }, 'redelivered event ignored');
    },

    eventStray({ type: eventType, callId, correlation }) {
      log.warn({ event: 'event-stray', eventType, callId, correlation }, 'event of an unknown call');
    },

    orphanGivenUp(callId, code) {
      metrics.legGivenUp();
      log.error({ event: 'orphan-given-up', callId, err: code }, 'An orphan could not be hung up: end it by hand');
    },

    commandTakenOver(sessionId, { type: command, owner: instance }) {
      metrics.commandTakenOver(command);
      log.warn({ event: 'command-taken-over', sessionId, command, instance }, 'took over a command of a lost instance');
    },
  };
}
