/**
 * The way of an event: find its flow, apply it in one atomic step of the store, run the commands, and bring their
 * results back as events into the same transition.
 */
import type { CallControl } from '../call-control/client';
import { messageOf } from '../errors';
import type { FlowStore } from '../flow-store/store';
import type { Logger } from '../logger';
import type { Metrics } from '../metrics';
import type { IncomingCallEvent, VoiceEvent } from '../protocol/events';
import { beginBridgeLegs, goneBeforeStart } from './bridge-legs';
import { failureOf, perform } from './command-runner';
import { route, type DialPlan } from './dial-plan';
import type { Command, Decision, Flow, FlowEvent, Limits } from './flow';
import { legsOf } from './flow';
import { isWanted, transition } from './index';
import { beginSpeak, type SpeakRequest } from './speak-and-hang-up';

export interface EngineDeps {
  store: FlowStore;
  client: CallControl;
  log: Logger;
  metrics: Metrics;
  plan: DialPlan;
  limits: Limits;
  /** epoch ms */
  now?: () => number;
}

export interface Engine {
  /**
   * Takes in an event of the platform. When it resolves the event is in the store, and its commands are on their way.
   * Rejects where it could not be stored: then the event must not be acknowledged.
   */
  receive(event: VoiceEvent, requestId?: string): Promise<void>;
  /** Whether a new incoming call would be taken; one that is known already always is. */
  accepts(event: VoiceEvent): Promise<boolean>;
  /** Starts speak-and-hang-up. */
  speak(request: SpeakRequest): Promise<Flow>;
  /** Ends a flow and all its legs; undefined where there is none. */
  end(flowId: string): Promise<Flow | undefined>;
  /** Wakes the flows whose time has come. */
  wakeDue(): Promise<void>;
  /** From now on no new flow is begun. */
  drain(): void;
  readonly draining: boolean;
  /** Resolves when no command is under way. */
  idle(): Promise<void>;
  /** Sends nothing any more, and gives up every command that waits to be sent again. */
  close(): void;
}

/** How many flows one tick wakes: the rest is due in the next. */
const DUE_LIMIT = 500;

/** Given as it is: by default each abort makes an error with a stack, which nobody reads. */
const NO_LONGER_WANTED = 'no longer wanted';

export function createEngine({ store, client, log, metrics, plan, limits, now = Date.now }: EngineDeps): Engine {
  /** Commands that this process is carrying out. */
  const running = new Map<string, Set<{ command: Command; controller: AbortController }>>();
  const idlers: (() => void)[] = [];
  let draining = false;
  let closed = false;

  async function dispatch(id: string, event: FlowEvent, requestId?: string): Promise<Flow | undefined> {
    let before: Flow | undefined;
    const decision = await store.update(id, (flow) => transition((before = flow), event));
    if (!before || !decision) return undefined;
    report(before, decision.flow, requestId);
    carryOut(decision, event.type === 'webhook' ? event.at : undefined);
    return decision.flow;
  }

  async function start(decision: Decision, at: number, requestId?: string): Promise<boolean> {
    const { flow } = decision;
    if (!(await store.create(flow))) return false;
    metrics.flowStarted(flow.kind);
    const note = flow.timeline[0]?.outcome;
    log.info({ flowId: flow.id, kind: flow.kind, ...flow.dial, phase: flow.phase, note, requestId }, 'flow begun');
    if (flow.phase === 'ended') reportEnd(flow);
    carryOut(decision, at);
    return true;
  }

  function carryOut({ flow, commands }: Decision, receivedAt: number | undefined): void {
    for (const { command, controller } of running.get(flow.id) ?? []) {
      if (!isWanted(flow, command)) controller.abort(NO_LONGER_WANTED);
    }
    for (const command of closed ? [] : commands) {
      if (receivedAt !== undefined) metrics.commandSent(command.type, Math.max(0, now() - receivedAt) / 1_000);
      void run(flow.id, command);
    }
  }

  async function run(flowId: string, command: Command): Promise<void> {
    const controller = new AbortController();
    const task = { command, controller };
    const tasks = running.get(flowId) ?? new Set();
    running.set(flowId, tasks.add(task));
    let event: FlowEvent;
    let error: unknown;
    try {
      const result = await perform(command, client, controller.signal);
      event = { type: 'command-done', at: now(), command, result };
    } catch (thrown) {
      error = thrown;
      const failure = failureOf(thrown);
      event = { type: 'command-failed', at: now(), command, failure };
      log.warn({ flowId, command: command.type, ...failure, err: messageOf(thrown) }, 'command failed');
    }
    metrics.commandSettled(
      command.type,
      event.type === 'command-failed' ? event.failure.code : 'done',
      (event.at - command.at) / 1_000,
    );
    try {
      const flow = await dispatch(flowId, event);
      if (!flow && event.type === 'command-failed' && command.type === 'hang-up') {
        metrics.legGivenUp();
        log.error(
          { callId: command.callId, err: messageOf(error) },
          'an orphan leg could not be hung up: end it by hand',
        );
      }
    } catch (error) {
      log.error(
        { flowId, command: command.type, err: messageOf(error) },
        'the result of a command could not be stored',
      );
    }
    tasks.delete(task);
    if (tasks.size === 0) running.delete(flowId);
    if (running.size === 0) for (const wake of idlers.splice(0)) wake();
  }

  /** One log line for each thing that came in, with the way the flow took. */
  function report(before: Flow, after: Flow, requestId?: string): void {
    const entry = after.timeline.at(-1);
    if (entry && entry !== before.timeline.at(-1)) {
      const { what, leg, callId, outcome, tookMs } = entry;
      log.info(
        { flowId: after.id, callId, leg, from: before.phase, to: after.phase, outcome, tookMs, requestId },
        what,
      );
    }
    if (before.phase !== 'ended' && after.phase === 'ended') reportEnd(after);
  }

  function reportEnd(flow: Flow): void {
    metrics.flowEnded(flow.kind, flow.reason ?? 'completed');
    log.info({ flowId: flow.id, kind: flow.kind, reason: flow.reason, ms: now() - flow.createdAt }, 'flow ended');
    for (const { givenUp, callId, role } of legsOf(flow)) {
      if (!givenUp) continue;
      metrics.legGivenUp();
      log.error(
        { flowId: flow.id, callId, leg: role },
        'this leg could not be hung up and may still be up: end it by hand',
      );
    }
  }

  async function flowIdOf(event: VoiceEvent): Promise<string | undefined> {
    const id = await store.idOfCall(event.callId);
    if (id !== undefined || event.tag === undefined) return id;
    return (await store.get(event.tag))?.id;
  }

  async function receiveIncoming(event: IncomingCallEvent, at: number, requestId?: string): Promise<void> {
    const begun = await start(beginBridgeLegs(event, route(event, plan), limits, at), at, requestId);
    if (!begun) await dispatch(event.callId, { type: 'webhook', at, event }, requestId);
  }

  /** An event of a call that is in no flow. */
  async function receiveStray(event: VoiceEvent, at: number): Promise<void> {
    const { eventType, callId, tag } = event;
    if (eventType === 'hangup' && tag === undefined) {
      // It may have overtaken its own incomingcall: whoever calls there is gone already.
      await start(goneBeforeStart(callId, event.cause, limits, at), at);
      return;
    }
    log.warn({ eventType, callId, tag }, 'event of a call that is in no flow');
    if (eventType !== 'answer' || tag === undefined) return;
    // Only calls that Tandem dials are tagged: nobody owns this one any more.
    metrics.orphanReaped();
    void run(tag, { type: 'hang-up', id: `hang-up ${callId}`, at, callId });
  }

  return {
    async receive(event, requestId) {
      const at = now();
      metrics.eventReceived(event.eventType);
      if (event.eventType === 'incomingcall') return receiveIncoming(event, at, requestId);
      const id = await flowIdOf(event);
      if (id === undefined) return receiveStray(event, at);
      await dispatch(id, { type: 'webhook', at, event }, requestId);
    },

    async accepts(event) {
      if (!draining || event.eventType !== 'incomingcall') return true;
      return (await store.get(event.callId)) !== undefined;
    },

    async speak(request) {
      const decision = beginSpeak(request, limits, now());
      await start(decision, decision.flow.createdAt);
      return decision.flow;
    },

    end: (flowId) => dispatch(flowId, { type: 'end-requested', at: now() }),

    async wakeDue() {
      const at = now();
      for (const id of await store.due(at, DUE_LIMIT)) {
        // One flow that cannot be woken must not keep the others asleep.
        await dispatch(id, { type: 'wake', at }).catch((error: unknown) => {
          log.error({ flowId: id, err: messageOf(error) }, 'a flow could not be woken');
        });
      }
    },

    drain() {
      draining = true;
    },
    get draining() {
      return draining;
    },

    close() {
      closed = true;
      for (const tasks of running.values()) for (const { controller } of tasks) controller.abort(NO_LONGER_WANTED);
    },

    idle: () =>
      new Promise((resolve) => {
        if (running.size === 0) resolve();
        else idlers.push(resolve);
      }),
  };
}
