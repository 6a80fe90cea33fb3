/** Whose number a dialled leg may show: not any caller's to anybody, which is what toll fraud and spoofed calls live on. */
import type { Call } from '../calls/call';
import { NumberAccessDeniedError } from '../errors';
import type { ApiContext } from './context';

/** `transferCallerId` of a transfer that shows no number. */
const PRIVATE = 'private';

type Deps = Pick<ApiContext, 'numbers' | 'domains' | 'calls'>;

/**
 * The account's numbers, to anybody; the number of a party that is calling at the moment, to the account's own phones.
 * @throws NumberAccessDeniedError
 */
export function checkShownNumber({ from, to }: { from: string; to: string }, { numbers, domains, calls }: Deps): void {
  if (numbers.find(from)) return;
  if (!calls.isCalling(from)) throw new NumberAccessDeniedError(`from: ${from} is not a number of the account`);
  if (!domains.endpointBySipUri(to))
    throw new NumberAccessDeniedError(
      `from: ${from} is not a number of the account, and ${to} is not an endpoint: only endpoints see a caller's number`,
    );
}

/**
 * The far end of the transferred call, which the new leg will talk to, unless `transferCallerId` says otherwise.
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
      `transferCallerId: ${callerId} is neither a number of the account nor a party of the call: give one, or ${PRIVATE}`,
    );
  return { from: callerId, privacy };
}
