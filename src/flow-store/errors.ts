import { TandemError } from '../errors';

/** The store cannot be reached, or did not answer in time. Whether a write took place is not known. */
export class StoreUnavailableError extends TandemError {
  readonly code = 'store-unavailable';
}
