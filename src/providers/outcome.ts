/** Turns what a provider's client throws into the outcome of a command. */
import type { CommandFailure, CommandResult, Outcome } from '../calls/outcomes';
import { cutCode } from '../support/codes';
import { TandemError } from '../support/errors';
import { NotWantedError, RefusedError, ReplyLostError, UnreachableError } from './errors';

/**
 * Waits for the result of a command. Rejects only where the error is of no known kind: a fault of ours.
 *
 * @param codes the failure codes of `calls/outcomes` for the provider's own
 */
export async function outcomeOf(result: Promise<CommandResult>, codes: ReadonlyMap<string, string>): Promise<Outcome> {
  try {
    return { type: 'done', result: await result };
  } catch (error) {
    const failure = failureOf(error, codes);
    if (!failure) throw error;
    return { type: 'failed', failure };
  }
}

function failureOf(error: unknown, codes: ReadonlyMap<string, string>): CommandFailure | undefined {
  if (!(error instanceof TandemError)) return undefined;
  const { message } = error;
  if (error instanceof RefusedError)
    return { effect: 'none', code: codes.get(error.code) ?? cutCode(error.code), status: error.status, message };
  if (error instanceof UnreachableError || error instanceof NotWantedError)
    return { effect: 'none', code: error.code, unsent: true, message };
  if (error instanceof ReplyLostError)
    return { effect: 'unknown', code: cutCode(error.code), status: error.status, message };
  return undefined;
}
