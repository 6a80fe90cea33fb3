import type { CallControl } from '../call-control/client';
import { NotWantedError, RefusedError, ReplyLostError, UnreachableError } from '../call-control/errors';
import type { Command, CommandFailure, CommandResult } from './flow';

/** A command that tells nothing beyond that it was done. */
const DONE: CommandResult = {};

/**
 * Carries out a command, retries included.
 * @param signal aborted when the flow no longer wants it: then it is not sent (again), but its reply is still awaited
 * @throws what `failureOf` explains
 */
export async function perform(command: Command, client: CallControl, signal: AbortSignal): Promise<CommandResult> {
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
export function failureOf(error: unknown): CommandFailure {
  if (error instanceof RefusedError) return { fate: 'refused', code: error.code, status: error.status };
  if (error instanceof UnreachableError || error instanceof NotWantedError) return { fate: 'unsent', code: error.code };
  if (error instanceof ReplyLostError) return { fate: 'unknown', code: error.code, status: error.status };
  return { fate: 'unknown', code: 'unexpected' };
}
