/**
 * What becomes of commands whose instance is gone: what does no harm twice is done again; of anything else it counts as
 * unknown whether it was done, and the flow finds out, as after a lost reply.
 */
import { isSameCommand, type Command, type CommandType, type Decision, type Flow } from './flow';
import { transition } from './index';

/** A command that nobody carries out any more. */
export interface LostCommand {
  command: Command;
  /** Whether it may have been sent: its instance is gone. False: it is certain that it was not. */
  mayBeSent: boolean;
}

const REPEATABLE: ReadonlySet<CommandType> = new Set<CommandType>([
  'find-call',
  'look-at-call',
  'answer-call',
  'reject-call',
  'hang-up',
]);

/** The flow's code for the failure of a command whose instance is gone. */
const INSTANCE_LOST = 'instance-lost';

/** Pure. @param at epoch ms; a result of the gone instance that comes after all is known by its command's older `at` */
export function takeOver(flow: Flow, lost: readonly LostCommand[], at: number): Decision {
  let decision: Decision = { flow, commands: [] };
  for (const { command, mayBeSent } of lost) {
    const next =
      mayBeSent && !REPEATABLE.has(command.type)
        ? transition(decision.flow, {
            type: 'command-failed',
            at,
            command,
            failure: { fate: 'unknown', code: INSTANCE_LOST },
          })
        : issueAgain(decision.flow, command, at);
    decision = { flow: next.flow, commands: [...decision.commands, ...next.commands] };
  }
  return decision;
}

function issueAgain(flow: Flow, command: Command, at: number): Decision {
  const again = { ...command, at };
  const pending = flow.pending.map((each) => (isSameCommand(each, command) ? again : each));
  return pending.includes(again) ? { flow: { ...flow, pending }, commands: [again] } : { flow, commands: [] };
}
