/**
 * One step of a session: apply an event in one atomic step of the store, report what changed, and start the commands that
 * it wants. Results of commands come back as events into the same transition.
 */
import type { Decision, Flow, FlowEvent } from '../flows/flow';
import { isSameCommand } from '../flows/flow';
import { isWanted, transition } from '../flows/index';
import { createInternalErrors, type InternalErrors } from '../support/internal-errors';
import { TandemError } from '../support/errors';
import type { RecordOutbox } from './call-records/outbox';
import { createCommandRunner, type CommandRunner, type CommandRunnerDeps, type SettledEvent } from './command-runner';
import { endBroken } from './broken';
import type { Metrics } from './metrics';
import type { Reporter } from './reporter';
import type { FlowStore } from '../store/store';

export interface StepDeps extends Pick<CommandRunnerDeps, 'control' | 'log' | 'now'> {
  store: FlowStore;
  metrics: Metrics;
  reporter: Reporter;
  /** Those of the process; default: its own. */
  internalErrors?: InternalErrors | undefined;
  records?: Pick<RecordOutbox, 'owing'> | undefined;
}

/** How an event came in: identifies its log line, and times its commands. */
export interface Receipt {
  requestId?: string | undefined;
  /** performance.now() */
  receivedAt: number;
}

export class SessionSteps {
  readonly runner: CommandRunner;
  readonly #internalErrors: InternalErrors;

  constructor(private readonly deps: StepDeps) {
    const { store, log, internalErrors = createInternalErrors(log) } = deps;
    this.#internalErrors = internalErrors;
    this.runner = createCommandRunner({
      ...deps,
      internalErrors,
      settled: (id, event) => this.#settled(id, event),
      holdsLease: () => store.holdsLease(),
      async isStillWanted(flowId, command) {
        const flow = await store.get(flowId);
        if (!flow?.pending.some((pending) => isSameCommand(pending, command))) return false;
        return isWanted(flow, command);
      },
    });
  }

  /** Stores a new session and starts its commands. @returns false where the store has a session of this id already */
  async start(begun: Decision, receipt?: Receipt): Promise<boolean> {
    const decision = this.#owned(begun);
    const { flow } = decision;
    if (!(await this.deps.store.create(flow))) return false;
    this.deps.reporter.started(flow, receipt?.requestId);
    this.#carryOut(decision, receipt);
    return true;
  }

  dispatch(id: string, event: FlowEvent, receipt?: Receipt): Promise<Flow | undefined> {
    return this.update(id, (flow) => transition(flow, event), receipt);
  }

  /**
   * @returns undefined where the store has no session of this id
   * @throws what the step threw, or the store; then the event must not be acknowledged
   */
  async update(id: string, decide: (flow: Flow) => Decision, receipt?: Receipt): Promise<Flow | undefined> {
    try {
      return await this.#step(id, decide, receipt);
    } catch (error) {
      if (!(error instanceof TandemError)) await this.#breakUp(id, error);
      throw error;
    }
  }

  async #step(id: string, decide: (flow: Flow) => Decision, receipt?: Receipt): Promise<Flow | undefined> {
    let before: Flow | undefined;
    const decision = await this.deps.store.update(id, (flow) => this.#owned(decide((before = flow)), flow));
    if (!before || !decision) return undefined;
    if (decision.flow === before) return before;
    this.deps.reporter.stepped(before, decision.flow, receipt?.requestId);
    this.#carryOut(decision, receipt);
    return decision.flow;
  }

  /** A step of the session threw: the session ends, and so do its calls. */
  async #breakUp(id: string, error: unknown): Promise<void> {
    this.#internalErrors.report(error, { where: 'flow', flowId: id });
    const at = this.deps.now();
    await this.#step(id, (flow) => endBroken(flow, at)).catch((failure: unknown) =>
      this.#internalErrors.report(failure, { where: 'end of a broken flow', flowId: id }),
    );
  }

  /** Stores this instance as the owner of the step's commands, and of the call record of a session that the step ends. */
  #owned({ flow: after, commands }: Decision, before?: Flow): Decision {
    const { records, store } = this.deps;
    const flow = records?.owing(before, after) ?? after;
    if (commands.length === 0) return { flow, commands };
    const ours = new Map(commands.map((command) => [command, { ...command, owner: store.instance }]));
    return {
      flow: { ...flow, pending: flow.pending.map((command) => ours.get(command) ?? command) },
      commands: [...ours.values()],
    };
  }

  #carryOut({ flow, commands }: Decision, receipt: Receipt | undefined): void {
    this.runner.review(flow);
    for (const command of commands) {
      if (receipt) this.deps.metrics.commandSent(command.type, (performance.now() - receipt.receivedAt) / 1_000);
      this.runner.run(flow.id, command);
    }
  }

  async #settled(flowId: string, event: SettledEvent): Promise<void> {
    const flow = await this.dispatch(flowId, event);
    const { command } = event;
    if (flow || event.type === 'command-done' || command.type !== 'hang-up') return;
    this.deps.reporter.orphanGivenUp(command.callId, event.failure.code);
  }
}
