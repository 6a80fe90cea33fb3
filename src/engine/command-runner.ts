/** Carries out commands beside the flows that want them, and brings back what came of each. */
import type { Outcome } from '../calls/outcomes';
import type { BeforeSend, CallControl } from '../providers/provider';
import { NotWantedError } from '../providers/errors';
import { messageOf } from '../support/errors';
import { StoreUnavailableError } from '../store/errors';
import type { InternalErrors } from '../support/internal-errors';
import type { Logger } from '../support/logger';
import type { Metrics } from './metrics';
import type { Command, Flow, FlowEvent } from '../flows/flow';
import { isSameCommand } from '../flows/flow';
import { isWanted } from '../flows/index';

export type SettledEvent = Extract<FlowEvent, { type: 'command-done' | 'command-failed' }>;

export interface CommandRunnerDeps {
  control: Pick<CallControl, 'send'>;
  log: Logger;
  internalErrors: InternalErrors;
  metrics: Metrics;
  /** epoch ms */
  now: () => number;
  /** Takes in what came of a command; what that leads to has begun when it resolves. */
  settled: (flowId: string, event: SettledEvent) => Promise<void>;
  /** Whether the other instances take this one for alive. */
  holdsLease: () => boolean;
  /** Whether the flow still wants this command, and has not given it to another instance. */
  isStillWanted: (flowId: string, command: Command) => Promise<boolean>;
}

export interface CommandRunner {
  /** Carries out a command, retries included. Its end is told to `settled`, whatever it is. */
  run(flowId: string, command: Command): void;
  /** Whether it is being carried out here, or its result is yet to be stored. */
  runs(flowId: string, command: Command): boolean;
  /** Wakes the commands of a flow that wait to be sent again, and that it no longer wants. */
  review(flow: Flow): void;
  /** Resolves when no command is under way. */
  idle(): Promise<void>;
  /** Begins nothing any more. What waits to be sent again stays with its flow, for whoever takes it over. */
  close(): void;
}

/** Given as it is: by default each abort makes an error with a stack, which nobody reads. */
const NO_LONGER_WANTED = 'no longer wanted';

/** How long a result waits before it is tried to be stored again, ms. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
/** How often an instance that lost its lease looks whether it has it again, ms. */
const LEASE_CHECK_MS = 100;

export function createCommandRunner(deps: CommandRunnerDeps): CommandRunner {
  const { control, log, metrics, now, settled } = deps;
  const running = new Map<string, Set<{ command: Command; controller: AbortController }>>();
  /** Those whose result no store would take, by a fault of ours: they were sent, and must not be sent again. */
  const unstorable = new Set<string>();
  const idlers: (() => void)[] = [];
  let closed = false;

  async function carryOut(flowId: string, command: Command, signal: AbortSignal): Promise<void> {
    const event = await attempt(flowId, command, signal);
    // It was given up only because this instance goes down: somebody else may do it.
    if (closed && event.type === 'command-failed' && event.failure.unsent) return;
    const outcome = event.type === 'command-failed' ? event.failure.code : 'done';
    metrics.commandSettled(command.type, outcome, (event.at - command.at) / 1_000);
    await store(flowId, event);
  }

  /** As long as the store is away the result is kept here: what was done must not be done again. */
  async function store(flowId: string, event: SettledEvent): Promise<void> {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        return await settled(flowId, event);
      } catch (error) {
        const isPassing = error instanceof StoreUnavailableError && !closed;
        const command = event.command.type;
        // Once: an outage may be long, and the commands that wait for its end many.
        if (pause === FIRST_PAUSE_MS || !isPassing)
          log.error(
            { event: 'result-not-stored', sessionId: flowId, command, err: messageOf(error) },
            'The result of a command could not be stored',
          );
        if (!isPassing) return void unstorable.add(keyOf(flowId, event.command));
      }
      await passed(pause);
    }
  }

  async function attempt(flowId: string, command: Command, signal: AbortSignal): Promise<SettledEvent> {
    const beforeSend = beforeSendOf(deps, flowId, command, signal);
    const outcome = await control.send(command, { signal, beforeSend }).catch(unexpected);
    if (outcome.type === 'done') return { type: 'command-done', at: now(), command, result: outcome.result };
    const { message: err, ...failure } = outcome.failure;
    const callId = 'callId' in command ? command.callId : undefined;
    log.warn(
      { event: 'command-failed', sessionId: flowId, command: command.type, callId, ...failure, err },
      'command failed',
    );
    return { type: 'command-failed', at: now(), command, failure };
  }

  return {
    run(flowId, command) {
      if (closed) return;
      const controller = new AbortController();
      const task = { command, controller };
      const tasks = running.get(flowId) ?? new Set();
      running.set(flowId, tasks.add(task));
      const settle = (): void => {
        tasks.delete(task);
        if (tasks.size === 0) running.delete(flowId);
        if (running.size === 0) for (const wake of idlers.splice(0)) wake();
      };
      carryOut(flowId, command, controller.signal)
        .catch((error: unknown) => deps.internalErrors.report(error, { where: 'command', flowId }))
        .finally(settle);
    },

    runs(flowId, command) {
      if (unstorable.has(keyOf(flowId, command))) return true;
      return [...(running.get(flowId) ?? [])].some((task) => isSameCommand(task.command, command));
    },

    review(flow) {
      for (const { command, controller } of running.get(flow.id) ?? []) {
        if (!isWanted(flow, command)) controller.abort(NO_LONGER_WANTED);
      }
    },

    idle: () =>
      new Promise((resolve) => {
        if (running.size === 0) resolve();
        else idlers.push(resolve);
      }),

    close() {
      closed = true;
      for (const tasks of running.values()) for (const { controller } of tasks) controller.abort(NO_LONGER_WANTED);
    },
  };
}

const keyOf = (flowId: string, { id, at }: Command): string => `${flowId} ${at} ${id}`;

/**
 * Settles before a command is sent whose effect cannot be taken back, each time. What its flow wants is asked of the
 * store unless the flow has only just said it: another instance may have taken in that the caller is gone. And an
 * instance that stood still for a while, or lost its store, may have been taken for gone, and its commands with it.
 */
function beforeSendOf(
  { holdsLease, isStillWanted }: Pick<CommandRunnerDeps, 'holdsLease' | 'isStillWanted'>,
  flowId: string,
  command: Command,
  signal: AbortSignal,
): BeforeSend {
  let isNews = true;
  return async () => {
    const isCertain = isNews && holdsLease();
    isNews = false;
    if (isCertain) return;
    while (!holdsLease()) {
      if (signal.aborted) throw new NotWantedError();
      await passed(LEASE_CHECK_MS);
    }
    if (!(await isStillWanted(flowId, command).catch(() => true))) throw new NotWantedError();
  };
}

/** Keeps no process alive. */
function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

/** A fault of ours: it leaves open whether the command had an effect. */
function unexpected(error: unknown): Outcome {
  return { type: 'failed', failure: { effect: 'unknown', code: 'unexpected', message: messageOf(error) } };
}
