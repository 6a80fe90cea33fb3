/** Carries out commands beside the flows that want them, and brings back what came of each. */
import type { CallControl } from '../call-control/client';
import { NotWantedError, RefusedError, ReplyLostError, UnreachableError } from '../call-control/errors';
import { messageOf } from '../errors';
import type { Logger } from '../logger';
import type { Metrics } from '../metrics';
import type { Command, CommandFailure, CommandResult, Flow, FlowEvent } from './flow';
import { isWanted } from './index';

export type SettledEvent = Extract<FlowEvent, { type: 'command-done' | 'command-failed' }>;

export interface CommandRunnerDeps {
  client: CallControl;
  log: Logger;
  metrics: Metrics;
  /** epoch ms */
  now: () => number;
  /** Takes in what came of a command; what that leads to has begun when it resolves. */
  settled: (flowId: string, event: SettledEvent) => Promise<void>;
}

export interface CommandRunner {
  /** Carries out a command, retries included. Its end is told to `settled`, whatever it is. */
  run(flowId: string, command: Command): void;
  /** Wakes the commands of a flow that wait to be sent again, and that it no longer wants. */
  review(flow: Flow): void;
  /** Resolves when no command is under way. */
  idle(): Promise<void>;
  /** Begins nothing any more, and gives up what waits to be sent again. */
  close(): void;
}

/** Given as it is: by default each abort makes an error with a stack, which nobody reads. */
const NO_LONGER_WANTED = 'no longer wanted';

export function createCommandRunner({ client, log, metrics, now, settled }: CommandRunnerDeps): CommandRunner {
  const running = new Map<string, Set<{ command: Command; controller: AbortController }>>();
  const idlers: (() => void)[] = [];
  let closed = false;

  async function carryOut(flowId: string, command: Command, signal: AbortSignal): Promise<void> {
    const event = await attempt(flowId, command, signal);
    const outcome = event.type === 'command-failed' ? event.failure.code : 'done';
    metrics.commandSettled(command.type, outcome, (event.at - command.at) / 1_000);
    try {
      await settled(flowId, event);
    } catch (error) {
      const err = messageOf(error);
      log.error({ flowId, command: command.type, err }, 'the result of a command could not be stored');
    }
  }

  async function attempt(flowId: string, command: Command, signal: AbortSignal): Promise<SettledEvent> {
    try {
      const result = await perform(command, client, signal);
      return { type: 'command-done', at: now(), command, result };
    } catch (error) {
      const failure = failureOf(error);
      const callId = 'callId' in command ? command.callId : undefined;
      log.warn({ flowId, command: command.type, callId, ...failure, err: messageOf(error) }, 'command failed');
      return { type: 'command-failed', at: now(), command, failure };
    }
  }

  return {
    run(flowId, command) {
      if (closed) return;
      const controller = new AbortController();
      const task = { command, controller };
      const tasks = running.get(flowId) ?? new Set();
      running.set(flowId, tasks.add(task));
      void carryOut(flowId, command, controller.signal).then(() => {
        tasks.delete(task);
        if (tasks.size === 0) running.delete(flowId);
        if (running.size === 0) for (const wake of idlers.splice(0)) wake();
      });
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

/** A command that tells nothing beyond that it was done. */
const DONE: CommandResult = {};

/** @param signal aborted when the flow no longer wants it: then it is not sent (again), but its reply is still awaited */
async function perform(command: Command, client: CallControl, signal: AbortSignal): Promise<CommandResult> {
  switch (command.type) {
    case 'create-call':
      return { callId: await client.createCall(command, signal) };
    case 'find-call':
      return { seen: await client.findCalls(command, signal) };
    case 'look-at-call':
      return { seen: [await client.lookAtCall(command.callId, signal)] };
    case 'answer-call':
      return client.answerCall(command.callId, signal).then(() => DONE);
    case 'create-bridge':
      return { bridgeId: await client.createBridge(command.callIds, signal) };
    case 'speak':
      return client.speak(command.callId, { ...command.speech, tag: command.tag }, signal).then(() => DONE);
    case 'reject-call':
      return client.rejectCall(command.callId, signal).then(() => DONE);
    case 'hang-up':
      return client.hangUp(command.callId, signal).then(() => DONE);
  }
}

/** What an error tells of the command's fate. An error of no known kind leaves it open. */
function failureOf(error: unknown): CommandFailure {
  if (error instanceof RefusedError) return { fate: 'refused', code: error.code, status: error.status };
  if (error instanceof UnreachableError || error instanceof NotWantedError) return { fate: 'unsent', code: error.code };
  if (error instanceof ReplyLostError) return { fate: 'unknown', code: error.code, status: error.status };
  return { fate: 'unknown', code: 'unexpected' };
}
