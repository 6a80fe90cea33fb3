/**
 * What becomes of commands whose instance is gone: what does no harm twice is done again; of anything else it counts as
 * unknown whether it was done, and the flow finds out, as after a lost reply.
 */
import type { CommandFailure } from '../calls/outcomes';
import type { CommandType } from '../calls/commands';
import { capabilitiesOf, isSameCommand, type Command, type Decision, type Flow } from '../flows/flow';
import { isWanted, transition } from '../flows/index';

/** A command that nobody carries out any more. */
export interface LostCommand {
  command: Command;
  /** Whether it may have been sent: its instance is gone. False: it is certain that it was not. */
  mayBeSent: boolean;
}

const REPEATABLE: ReadonlySet<CommandType> = new Set<CommandType>(['find', 'look', 'answer', 'reject', 'hang-up']);

/** The flow's code for the failure of a command whose instance is gone. */
const INSTANCE_LOST = 'instance-lost';
/** As where a command waited too long for its turn. */
const NOT_WANTED = 'not-wanted';

/** Pure. @param at epoch ms; a result of the gone instance that comes after all is known by its command's older `at` */
export function takeOver(flow: Flow, lost: readonly LostCommand[], at: number): Decision {
  let decision: Decision = { flow, commands: [] };
  for (const { command, mayBeSent } of lost) {
    const next = takeOverOne(decision.flow, command, mayBeSent, at);
    decision = { flow: next.flow, commands: [...decision.commands, ...next.commands] };
  }
  return decision;
}

/** What the flow has no use for any more is not sent, whether it was sent before or not. */
function takeOverOne(flow: Flow, command: Command, mayBeSent: boolean, at: number): Decision {
  const isWelcome = isWanted(flow, command);
  if (isWelcome && (isRepeatable(flow, command) || !mayBeSent)) return issueAgain(flow, command, at);
  const failure: CommandFailure = mayBeSent
    ? { effect: 'unknown', code: INSTANCE_LOST }
    : { effect: 'none', code: NOT_WANTED };
  return transition(flow, { type: 'command-failed', at, command, failure });
}

/** Whether the command has no effect that it did not have the first time. */
function isRepeatable(flow: Flow, { type }: Command): boolean {
  if (type === 'dial') return capabilitiesOf(flow).dialIdempotency === 'key';
  return REPEATABLE.has(type);
}

function issueAgain(flow: Flow, command: Command, at: number): Decision {
  const again = { ...command, at };
  const pending = flow.pending.map((each) => (isSameCommand(each, command) ? again : each));
  return pending.includes(again) ? { flow: { ...flow, pending }, commands: [again] } : { flow, commands: [] };
}
