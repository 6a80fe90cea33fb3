/** Restricts the numbers that a dialled leg may show, against toll fraud and spoofed callers. */
import type { Call } from '../calls/call';
import { NumberAccessDeniedError } from '../errors';
import type { ApiContext } from './context';

/** The `transferCallerId` that shows no number. */
const PRIVATE = 'private';

type Deps = Pick<ApiContext, 'numbers' | 'domains' | 'calls'>;

/**
 * Allows numbers of the account for every callee, and the number of a current caller for the account's own phones.
 * @throws NumberAccessDeniedError
 */
export function checkShownNumber({ from, to }: { from: string; to: string }, { numbers, domains, calls }: Deps): void {
  if (numbers.find(from)) return;
  if (!calls.isCalling(from)) throw new NumberAccessDeniedError(`from: ${from} is not a number of the account`);
  if (!domains.endpointBySipUri(to))
    throw new NumberAccessDeniedError(
      `from: ${from} is not a number of the account, and only endpoints may see a caller's number (${to} is not an endpoint)`,
    );
}

/**
 * Returns the number that a transfer shows: `transferCallerId`, else the far end of the transferred call.
 * @throws NumberAccessDeniedError
 */
export function transferredNumber(
  { settings: { direction, from, to, privacy } }: Call,
  callerId: string | undefined,
  { numbers }: Pick<Deps, 'numbers'>,
): { from: string; privacy: boolean | undefined } {
  if (callerId === undefined) return { from: direction === 'in' ? from : to, privacy };
  if (callerId.toLowerCase() === PRIVATE) return { from: callerId, privacy: true };
  if (callerId !== from && callerId !== to && !numbers.find(callerId))
    throw new NumberAccessDeniedError(
      `transferCallerId: must be a number of the account, a party of the call or ${PRIVATE} (got ${callerId})`,
    );
  return { from: callerId, privacy };
}
