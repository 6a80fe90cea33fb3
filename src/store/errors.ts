import { TandemError } from '../support/errors';

/** The store cannot be reached, or did not answer in time. Whether a write took place is not known. */
export class StoreUnavailableError extends TandemError {
  readonly code = 'store-unavailable';
}

/** A stored state that this version cannot use, as an instance of a newer one wrote it. It is left as it is. */
export class UnreadableStateError extends TandemError {
  readonly code = 'state-unreadable';
}
