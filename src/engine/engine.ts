/**
 * The way of an event: find its flow, apply it in one atomic step of the store, run the commands, and bring their
 * results back as events into the same transition.
 */
import type { RecordOutbox } from './call-records/outbox';
import type { CallControl } from '../providers/provider';
import { LEASE_MS, type FlowStore } from '../store/store';
import { messageOf, TandemError } from '../support/errors';
import { createInternalErrors, type InternalErrors } from '../support/internal-errors';
import type { Logger } from '../support/logger';
import type { Metrics } from './metrics';
import type { CallEvent, OfferedEvent } from '../calls/events';
import { endBroken } from './broken';
import { beginBridgeLegs, goneBeforeStart, reapOrphan, type Orphan } from '../flows/bridge-legs';
import { createCommandRunner, type SettledEvent } from './command-runner';
import { route, type DialPlan } from '../dial-plan/dial-plan';
import type { Command, Decision, Flow, FlowEvent, Limits } from '../flows/flow';
import { PHASES, isSameCommand, type Phase } from '../flows/flow';
import { isWanted, transition } from '../flows/index';
import { createReporter } from './reporter';
import { beginSpeak, type SpeakRequest } from '../flows/speak-and-hang-up';
import { takeOver, type LostCommand } from './take-over';

export interface EngineDeps {
  store: FlowStore;
  control: CallControl;
  log: Logger;
  /** Those of the process; default: its own. */
  internalErrors?: InternalErrors | undefined;
  metrics: Metrics;
  records?: Pick<RecordOutbox, 'owing' | 'write'> | undefined;
  plan: DialPlan;
  limits: Limits;
  /** An event told of a call of which nothing is known: flows may have been lost. */
  onStray?: () => void;
  /** epoch ms; by default the clock of the store, which all instances share */
  now?: () => number;
}

export interface Engine {
  /**
   * Takes in an event of the platform. When it resolves the event is in the store, and its commands are on their way.
   * Rejects where it could not be stored: then the event must not be acknowledged.
   */
  receive(event: CallEvent, requestId?: string): Promise<void>;
  /** Whether a new incoming call would be taken; one that is known already always is. */
  accepts(event: CallEvent): Promise<boolean>;
  /** Starts speak-and-hang-up, unless there is a session of this id already: then that one is the result. */
  speak(request: SpeakRequest): Promise<{ flow: Flow; started: boolean }>;
  /** Ends a flow and all its legs; undefined where there is none. */
  end(flowId: string): Promise<Flow | undefined>;
  /** Ends the live sessions of these phases as `server-stopped`; how many there were. */
  stopSessions(isIn: (phase: Phase) => boolean): Promise<number>;
  /** Wakes the flows whose time has come, and takes over the commands of instances that are gone. */
  wakeDue(): Promise<void>;
  /** Keeps a flow that was found on the platform; false where it is known already. */
  adopt(decision: Decision): Promise<boolean>;
  /** Hangs up a call that is in no flow, and keeps a record of it: a flow of its own. */
  reap(orphan: Orphan): Promise<void>;
  /** From now on no new flow is begun. */
  drain(): void;
  readonly draining: boolean;
  /** Resolves when no command is under way. */
  idle(): Promise<void>;
  /** Sends nothing any more. */
  close(): void;
}

/** How many flows one tick wakes: the rest is due in the next. */
const DUE_LIMIT = 500;
/** More live sessions than any instance has. */
const STOP_LIMIT = 1_000_000;

/** How an event came in: what its log line and its commands are told apart and measured by. */
interface Receipt {
  requestId?: string | undefined;
  /** performance.now() */
  receivedAt: number;
}

export function createEngine(deps: EngineDeps): Engine {
  const { store, control, log, metrics, plan, limits, now = () => store.now() } = deps;
  const reporter = createReporter(deps);
  const { internalErrors = createInternalErrors(log) } = deps;
  const runner = createCommandRunner({
    control,
    log,
    internalErrors,
    metrics,
    now,
    settled,
    holdsLease: () => store.holdsLease(),
    async isStillWanted(flowId, command) {
      const flow = await store.get(flowId);
      if (!flow?.pending.some((pending) => isSameCommand(pending, command))) return false;
      return isWanted(flow, command);
    },
  });
  let draining = false;

  async function dispatch(id: string, event: FlowEvent, receipt?: Receipt): Promise<Flow | undefined> {
    return update(id, (flow) => transition(flow, event), receipt);
  }

  /** @throws what the step threw, or the store; then the event must not be acknowledged */
  async function update(id: string, decide: (flow: Flow) => Decision, receipt?: Receipt): Promise<Flow | undefined> {
    try {
      return await step(id, decide, receipt);
    } catch (error) {
      if (!(error instanceof TandemError)) await breakUp(id, error);
      throw error;
    }
  }

  /** A step of the flow threw: the flow ends, and so do its calls. */
  async function breakUp(id: string, error: unknown): Promise<void> {
    internalErrors.report(error, { where: 'flow', flowId: id });
    const at = now();
    await step(id, (flow) => endBroken(flow, at)).catch((failure: unknown) =>
      internalErrors.report(failure, { where: 'end of a broken flow', flowId: id }),
    );
  }

  async function step(id: string, decide: (flow: Flow) => Decision, receipt?: Receipt): Promise<Flow | undefined> {
    let before: Flow | undefined;
    const decision = await store.update(id, (flow) => owned(decide((before = flow)), flow));
    if (!before || !decision) return undefined;
    if (decision.flow === before) return before;
    reporter.stepped(before, decision.flow, receipt?.requestId);
    carryOut(decision, receipt);
    return decision.flow;
  }

  /** What this step wants done is done by this instance, and is stored as such; so is the record of a session that it ends. */
  function owned({ flow: after, commands }: Decision, before?: Flow): Decision {
    const flow = deps.records?.owing(before, after) ?? after;
    if (commands.length === 0) return { flow, commands };
    const ours = new Map(commands.map((command) => [command, { ...command, owner: store.instance }]));
    return {
      flow: { ...flow, pending: flow.pending.map((command) => ours.get(command) ?? command) },
      commands: [...ours.values()],
    };
  }

  async function start(begun: Decision, receipt?: Receipt): Promise<boolean> {
    const decision = owned(begun);
    const { flow } = decision;
    if (!(await store.create(flow))) return false;
    reporter.started(flow, receipt?.requestId);
    carryOut(decision, receipt);
    return true;
  }

  function carryOut({ flow, commands }: Decision, receipt: Receipt | undefined): void {
    runner.review(flow);
    for (const command of commands) {
      if (receipt) metrics.commandSent(command.type, (performance.now() - receipt.receivedAt) / 1_000);
      runner.run(flow.id, command);
    }
  }

  async function settled(flowId: string, event: SettledEvent): Promise<void> {
    const flow = await dispatch(flowId, event);
    const { command } = event;
    if (flow || event.type === 'command-done' || command.type !== 'hang-up') return;
    reporter.orphanGivenUp(command.callId, event.failure.code);
  }

  async function flowIdOf(event: CallEvent): Promise<string | undefined> {
    const id = await store.idOfCall(event.callId);
    if (id !== undefined || event.correlation === undefined) return id;
    return (await store.get(event.correlation))?.id;
  }

  async function receiveIncoming(event: OfferedEvent, at: number, receipt: Receipt): Promise<void> {
    const begun = await start(beginBridgeLegs(event, route(event, plan), limits, at), receipt);
    if (!begun) await receiveKnown(event.callId, event, at, receipt);
  }

  /** An event of a call that is in no flow. */
  async function receiveStray(event: CallEvent, at: number): Promise<void> {
    const { callId, correlation } = event;
    deps.onStray?.();
    if (event.type === 'ended' && correlation === undefined) {
      // It may have overtaken its own offer: whoever calls there is gone already.
      await start(goneBeforeStart(event, limits, at));
      return;
    }
    reporter.eventStray(event);
    if (event.type !== 'answered' || correlation === undefined) return;
    // Only calls that Tandem dials have a correlation: no flow owns this one any more.
    const { from = 'unknown', to = 'unknown' } = event;
    await reap({ id: callId, direction: 'out', state: 'answered', from, to });
  }

  /** The flow is named after the call. That name may be taken by a flow that has ended and left the leg up. */
  async function reap(orphan: Orphan): Promise<void> {
    metrics.orphanReaped();
    const at = now();
    for (const id of [orphan.id, `${orphan.id}-orphan`]) if (await start(reapOrphan(id, orphan, limits, at))) return;
    runner.run(orphan.id, { type: 'hang-up', id: `hang-up ${orphan.id}`, at, callId: orphan.id });
  }

  /** @returns false where the flow is gone: it has expired, or was lost */
  async function receiveKnown(id: string, event: CallEvent, at: number, receipt: Receipt): Promise<boolean> {
    let isCopy = false;
    const flow = await update(
      id,
      (before) => {
        const decision = transition(before, { type: 'call-event', at, event });
        isCopy = decision.flow === before;
        return decision;
      },
      receipt,
    );
    if (flow && isCopy) reporter.eventRepeated(id, event, receipt.requestId);
    return flow !== undefined;
  }

  /** Commands that nobody carries out any more. */
  function lostOf(flow: Flow, at: number): LostCommand[] {
    return (
      flow.pending
        .filter((command) => at - command.at >= LEASE_MS && isLost(flow, command))
        // This instance lives: what it does not carry out it never began, as the store's reply to it was lost.
        .map((command) => ({ command, mayBeSent: command.owner !== store.instance }))
    );
  }

  function isLost({ id }: Flow, command: Command): boolean {
    if (command.owner === undefined) return false;
    return command.owner === store.instance ? !runner.runs(id, command) : !store.isAlive(command.owner);
  }

  /** One step for what is due and for what is lost, so that nobody comes in between: what is due may make the lost unwanted. */
  async function wake(id: string, at: number): Promise<void> {
    let lost: LostCommand[] = [];
    await update(id, (flow) => {
      lost = lostOf(flow, at);
      if (flow.wakeAt > at) return takeOver(flow, lost, at);
      const woken = transition(flow, { type: 'wake', at });
      const taken = takeOver(woken.flow, lost, at);
      return { flow: taken.flow, commands: [...woken.commands, ...taken.commands] };
    });
    for (const { command } of lost) reporter.commandTakenOver(id, command);
  }

  return {
    async receive(event, requestId) {
      const at = now();
      const receipt = { requestId, receivedAt: performance.now() };
      metrics.eventReceived(event.type);
      if (event.type === 'offered') return receiveIncoming(event, at, receipt);
      const id = await flowIdOf(event);
      if (id === undefined || !(await receiveKnown(id, event, at, receipt))) await receiveStray(event, at);
    },

    async accepts(event) {
      if (!draining || event.type !== 'offered') return true;
      return (await store.get(event.callId)) !== undefined;
    },

    async speak(request) {
      const decision = beginSpeak(request, limits, now());
      if (await start(decision)) return { flow: decision.flow, started: true };
      return { flow: (await store.get(request.id)) ?? decision.flow, started: false };
    },

    end: (flowId) => dispatch(flowId, { type: 'end-requested', at: now(), reason: 'ended-by-request' }),

    async stopSessions(isIn) {
      let count = 0;
      for (const phase of PHASES.filter(isIn)) {
        for (const { id } of await store.list({ phase, limit: STOP_LIMIT })) {
          const stopped = await dispatch(id, { type: 'end-requested', at: now(), reason: 'server-stopped' });
          if (stopped?.reason === 'server-stopped') count += 1;
        }
      }
      return count;
    },

    async wakeDue() {
      const at = now();
      for (const id of await store.due(at, DUE_LIMIT)) {
        // One flow that cannot be woken must not keep the others asleep.
        await wake(id, at).catch((error: unknown) => {
          log.error(
            { event: 'session-not-woken', sessionId: id, err: messageOf(error) },
            'A session could not be woken',
          );
        });
      }
    },

    adopt: (decision) => start(decision),
    reap,

    drain() {
      draining = true;
    },
    get draining() {
      return draining;
    },
    idle: () => runner.idle(),
    close: () => runner.close(),
  };
}
